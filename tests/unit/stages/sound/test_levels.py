from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clipper_core.adapters.media.ffmpeg import Ffmpeg, Input
from clipper_core.domain.envelope import CHANNEL_STEP_CDB, Envelope
from clipper_core.stages.silence.map_silence import MapRequest, map_silence
from clipper_core.stages.sound import halves
from clipper_core.stages.sound.decode import PcmFormat, SoundTrack
from clipper_core.stages.sound.levels import Meter, Planes
from tests.unit.conftest import Sound, noise, talk, write_wav


def metered(sound: Sound, rate: int) -> Meter:
    pcm = PcmFormat(rate, sound.shape[1])
    meter, planes = Meter(pcm), Planes(pcm)
    for start in range(0, len(sound), rate):
        block = np.ascontiguousarray(sound[start : start + rate])
        meter.add(block, planes.of(block))
    return meter


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([1_000, 7_999, 8_000, 11_025, 44_100, 48_000]),
    st.integers(1, 4),
    st.integers(200, 5_000),
    st.integers(0, 99),
)
def test_every_10_ms_has_its_power_and_peaks(rate: int, channels: int, ms: int, seed: int):
    rng = np.random.default_rng(seed)
    sound = (rng.normal(0, 6_000, (rate * ms // 1000, channels)) * rng.random(channels)).clip(-32_768, 32_767)
    sound = sound.astype(np.int16)

    rows = metered(sound, rate).rows()

    edges = np.concatenate([s * rate + np.arange(100) * rate // 100 for s in range(-(-len(sound) // rate))])
    edges = edges[edges < len(sound)]
    parts = np.split(sound.astype(float), edges[1:])
    assert len(rows.level_cdb) == len(rows.low) == len(parts)
    meant = [max(-12_000, 1_000 * np.log10(max(1e-30, np.mean(p**2) / 32_768**2))) for p in parts]
    assert np.abs(rows.level_cdb - np.array(meant)).max() <= 1
    assert rows.low.tolist() == [int(p.min() / 256) for p in parts]
    assert rows.high.tolist() == [int(p.max() / 256) for p in parts]


def channel_cdb(envelope: Envelope, channel: int) -> np.ndarray:
    assert envelope.apart is not None
    return envelope.level_cdb + envelope.apart[:, channel].astype(np.int32) * CHANNEL_STEP_CDB


def test_each_channels_level_is_kept_to_half_a_decibel(ffmpeg: Ffmpeg, tmp_path: Path):
    quiet, loud = noise(2_000, -50, seed=1), noise(2_000, -14, seed=2)
    path = write_wav(tmp_path / "a.wav", np.concatenate([loud, quiet, np.zeros_like(loud)], axis=1))

    envelope = map_silence(ffmpeg, SoundTrack(path)).envelope

    means = [channel_cdb(envelope, c).mean() / 100 for c in range(3)]
    assert means[0] == pytest.approx(-14, abs=0.4)
    assert means[1] == pytest.approx(-50, abs=0.4)
    assert means[2] < -75
    assert envelope.level_cdb.mean() / 100 == pytest.approx(-14 - 4.77, abs=0.2)


@pytest.mark.parametrize("name", ["m4a", "mp3"])
def test_nothing_that_is_measured_knows_of_the_halves(
    ffmpeg: Ffmpeg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
):
    parts = [(1_700 + 90 * k % 1_300, -18.0 - k % 7) if k % 2 else (310 + 70 * k % 900, -90.0) for k in range(30)]
    wav = write_wav(tmp_path / "a.wav", talk(*parts, channels=2, rate=44_100), 44_100)
    path = tmp_path / f"a.{name}"
    ffmpeg.run([Input(wav)], [*(["-aac_pns", "0"] if name == "m4a" else []), f"file:{path}"], work_ms=0)

    one = map_silence(ffmpeg, SoundTrack(path), MapRequest(tmp_path / "one"))
    monkeypatch.setattr(halves, "MIN_TO_SPLIT_S", 10)
    two = map_silence(ffmpeg, SoundTrack(path), MapRequest(tmp_path / "two"))

    a, b = one.envelope, two.envelope
    assert all((getattr(a, row) == getattr(b, row)).all() for row in ("level_cdb", "apart", "low", "high"))
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert a.loudness.integrated_lufs == pytest.approx(b.loudness.integrated_lufs, abs=0.011)
    assert one.silence_map == two.silence_map
