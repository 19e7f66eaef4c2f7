import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clipper_core.adapters.media.ffmpeg import Ffmpeg, Input
from clipper_core.stages.silence.map_silence import MapRequest, map_silence
from clipper_core.stages.sound import halves
from clipper_core.stages.sound.decode import PcmFormat, SoundTrack
from clipper_core.stages.sound.levels import HEAD, Meter, Planes
from clipper_core.stages.sound.loudness import LoudnessMeter
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
def test_every_begun_10_ms_has_the_power_and_the_peaks_of_its_samples(rate: int, channels: int, ms: int, seed: int):
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


def test_each_channels_level_is_kept_to_half_a_decibel(ffmpeg: Ffmpeg, tmp_path: Path):
    quiet, loud = noise(2_000, -50, seed=1), noise(2_000, -14, seed=2)
    path = write_wav(tmp_path / "a.wav", np.concatenate([loud, quiet, np.zeros_like(loud)], axis=1))

    envelope = map_silence(ffmpeg, SoundTrack(path)).envelope

    means = [envelope.channel_cdb(c).mean() / 100 for c in range(3)]
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


# -- loudness


def told_by_ffmpeg(ffmpeg: Ffmpeg, path: Path) -> tuple[float, float]:
    arguments = ["-hide_banner", "-nostats", "-i", str(path), "-af", "ebur128=framelog=quiet", "-f", "null", "-"]
    log = subprocess.run([str(ffmpeg.exe), *arguments], capture_output=True, text=True, check=True).stderr
    told = (re.findall(pattern, log)[-1] for pattern in (r"I:\s+(-?[\d.]+) LUFS", r"LRA:\s+(-?[\d.]+) LU"))
    integrated, spread = (float(x) for x in told)
    return integrated, spread


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_loudness_is_that_of_the_standard(ffmpeg: Ffmpeg, tmp_path: Path, rate: int, channels: int):
    sound = talk((12_000, -20.0), (2_000, -60.0), (9_000, -26.0), (9_000, -34.0), rate=rate, channels=channels)
    path = write_wav(tmp_path / "a.wav", sound, rate)

    loudness = map_silence(ffmpeg, SoundTrack(path)).envelope.loudness

    integrated, spread = told_by_ffmpeg(ffmpeg, path)
    assert loudness.integrated_lufs == pytest.approx(integrated, abs=0.15)  # FFmpeg tells one decimal
    assert loudness.range_lu == pytest.approx(spread, abs=0.4)


@pytest.mark.parametrize("hertz", [40, 60, 100, 400, 1_000, 2_000, 4_000, 10_000])
@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_every_tone_is_as_loud_as_the_standard_says(ffmpeg: Ffmpeg, tmp_path: Path, hertz: int, rate: int):
    t = np.arange(rate * 6) / rate
    tone = np.rint(9_000 * np.sin(2 * np.pi * hertz * t)).astype(np.int16)[:, None]
    path = write_wav(tmp_path / "a.wav", tone, rate)

    loudness = map_silence(ffmpeg, SoundTrack(path)).envelope.loudness

    assert loudness.integrated_lufs == pytest.approx(told_by_ffmpeg(ffmpeg, path)[0], abs=0.2)


@pytest.mark.parametrize("sound", [np.zeros((48_000 * 5, 1), np.int16), noise(300, -20)])
def test_what_nobody_hears_or_is_over_at_once_has_no_loudness(sound: Sound):
    pcm = PcmFormat(48_000, 1)
    meter, planes = LoudnessMeter(pcm), Planes(pcm)
    for start in range(0, len(sound), 48_000):
        block = planes.of(np.ascontiguousarray(sound[start : start + 48_000]))
        meter.add(block, np.square(block[:, HEAD:]).reshape(100, -1).mean(axis=1)[:, None] / 32_768**2)

    said = meter.loudness()

    assert (said.integrated_lufs, said.range_lu, said.momentary_lufs, said.short_term_lufs) == (None,) * 4


# -- speech sound


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 96_000, 192_000, 7_999])
def test_speech_keeps_its_time_and_its_tones(ffmpeg: Ffmpeg, tmp_path: Path, rate: int):
    t = np.arange(rate * 12 // 5) / rate
    tone = np.rint(9_000 * np.sin(2 * np.pi * 1_000 * t)).astype(np.int16)[:, None]

    map_silence(ffmpeg, SoundTrack(write_wav(tmp_path / "a.wav", tone, rate)), MapRequest(tmp_path / "s"))

    heard = np.fromfile(tmp_path / "s", "<i2")
    meant = 9_000 * np.sin(2 * np.pi * 1_000 * np.arange(len(heard)) / 16_000)
    assert abs(len(heard) - 38_400) <= 2
    assert np.abs(heard[400:-400] - meant[400:-400]).max() < (12 if rate != 7_999 else 60)


@pytest.mark.parametrize("hertz", [9_000, 12_000, 15_000, 20_000])
def test_tones_that_16_khz_cannot_hold_do_not_come_back_as_others(ffmpeg: Ffmpeg, tmp_path: Path, hertz: int):
    tone = np.rint(20_000 * np.sin(2 * np.pi * hertz * np.arange(96_000) / 48_000)).astype(np.int16)[:, None]

    map_silence(ffmpeg, SoundTrack(write_wav(tmp_path / "a.wav", tone)), MapRequest(tmp_path / "s"))

    heard = np.fromfile(tmp_path / "s", "<i2")[400:-400]
    assert np.abs(heard).max() < 20_000 * 10 ** (-60 / 20)
