import errno
import os
import warnings
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.adapters.media.ffmpeg import Ffmpeg, Progress, quiet
from clipper_core.domain.envelope import Envelope
from clipper_core.domain.silence import SilenceSettings
from clipper_core.errors import Cancelled, DiskFull, MediaToolMissing, TooLong, TooShort, Truncated
from clipper_core.stages.silence.find import find_silences
from clipper_core.stages.silence.map_silence import MapRequest, SoundMap, map_silence
from clipper_core.stages.sound.decode import SoundTrack
from tests.unit.conftest import Sound, noise, talk, write_video, write_wav

SPEECH_DB = -18.0
# Speech, a second of pause, speech, a short pause, speech.
TALK = ((3_000, SPEECH_DB), (1_000, -90.0), (4_000, SPEECH_DB), (300, -90.0), (3_700, SPEECH_DB))
PAUSES = [(3_000, 4_000), (8_000, 8_300)]


def mapped(
    ffmpeg: Ffmpeg,
    folder: Path,
    sound: Sound,
    rate: int = 48_000,
    *,
    track: int = 0,
    progress: Progress = quiet,
    **more: object,
) -> SoundMap:
    path = write_wav(folder / "sound.wav", sound, rate)
    request = MapRequest(**more)  # type: ignore[arg-type]
    return map_silence(ffmpeg, SoundTrack(path, track, len(sound) * 1_000 // rate), request, progress)


def close(found: list[tuple[int, int]], meant: list[tuple[int, int]], slack_ms: int = 30) -> bool:
    pairs = list(zip(found, meant, strict=False))
    return len(found) == len(meant) and all(
        abs(f - m) <= slack_ms for fs, ms in pairs for f, m in zip(fs, ms, strict=True)
    )


def spans(result: SoundMap, least_ms: int = 200) -> list[tuple[int, int]]:
    return [(s.start_ms, s.end_ms) for s in result.silence_map.silences if s.length_ms >= least_ms]


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 44_100, 48_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_pauses_are_found_at_every_rate(ffmpeg: Ffmpeg, tmp_path: Path, rate: int, channels: int):
    result = mapped(ffmpeg, tmp_path, talk(*TALK, rate=rate, channels=channels), rate)

    assert close(spans(result), PAUSES)
    assert (result.envelope.sample_rate, result.envelope.channels) == (rate, channels)
    assert result.silence_map.duration_ms == 12_000


@pytest.mark.parametrize("floor_db", [-120, -70, -60, -45, -35])
def test_pauses_are_found_whatever_the_room_sounds_like(ffmpeg: Ffmpeg, tmp_path: Path, floor_db: float):
    result = mapped(ffmpeg, tmp_path, talk(*TALK, floor_db=floor_db))

    assert close(spans(result), PAUSES)
    levels = [s.level_db for s in result.silence_map.of_at_least(200).silences]
    assert all(level < -85 if floor_db < -90 else abs(level - floor_db) < 1 for level in levels)


def test_pauses_are_found_over_music(ffmpeg: Ffmpeg, tmp_path: Path):
    t = np.arange(12 * 48_000) / 48_000
    music = sum(np.sin(2 * np.pi * hz * t) for hz in (110, 165, 220)) / 3**0.5 * 32_768 * 10 ** (-35 / 20)

    result = mapped(ffmpeg, tmp_path, (talk(*TALK) + music[:, None]).astype(np.int16))

    assert close(spans(result), PAUSES, slack_ms=60)


def test_a_second_quieter_speaker_is_not_silence(ffmpeg: Ffmpeg, tmp_path: Path):
    loud, quiet, pause = (20_000, -14.0), (20_000, -32.0), (1_000, -90.0)

    result = mapped(ffmpeg, tmp_path, talk(loud, pause, quiet, pause, loud))

    assert close(spans(result, 500), [(20_000, 21_000), (41_000, 42_000)])


@pytest.mark.parametrize("sound", [np.zeros((48_000 * 5, 1), np.int16), noise(5_000, -50), noise(5_000, -20)])
def test_where_nobody_speaks_all_is_one_silence(ffmpeg: Ffmpeg, tmp_path: Path, sound: Sound):
    result = mapped(ffmpeg, tmp_path, sound)

    assert spans(result) == [(0, 5_000)]


def test_a_fixed_threshold_is_kept(ffmpeg: Ffmpeg, tmp_path: Path):
    fixed = SilenceSettings(threshold_db=-30.0, min_silence_ms=500)

    result = mapped(ffmpeg, tmp_path, talk(*TALK, floor_db=-35), settings=fixed)

    assert close(spans(result, 1), [(3_000, 4_000)])
    assert result.silence_map.threshold_db == -30


LEVELS = st.lists(st.integers(-12_000, 0), min_size=1, max_size=500)


@given(LEVELS, st.one_of(st.none(), st.floats(-90, 0)), st.integers(1, 300))
def test_silences_are_in_order_long_enough_and_inside(levels: list[int], threshold_db: float | None, least: int):
    row = np.zeros(len(levels), dtype=np.int8)
    envelope = Envelope(np.array(levels, dtype=np.int16), row, row, len(levels) * 10 - 4, 48_000, 1)

    found = find_silences(envelope, SilenceSettings(threshold_db, least)).silences

    assert all(s.length_ms >= least and s.end_ms <= envelope.duration_ms for s in found)
    assert all(a.end_ms < b.start_ms for a, b in pairwise(found))
    assert all(-120 <= s.level_db <= 0 for s in found)


def test_opposite_channels_keep_their_peaks_and_power(ffmpeg: Ffmpeg, tmp_path: Path):
    tone = (16_384 * np.sin(np.arange(48_000) / 48_000 * 2 * np.pi * 1_000)).astype(np.int16)

    envelope = mapped(ffmpeg, tmp_path, np.stack([tone, -tone], axis=1)).envelope

    assert set(envelope.level_cdb.tolist()) <= {-903, -904, -902}
    assert (envelope.low.min(), envelope.high.max()) == (-64, 64) or (envelope.low.min(), envelope.high.max()) == (
        -63,
        63,
    )


def test_speech_sound_is_16_khz_mono_of_the_same_length(ffmpeg: Ffmpeg, tmp_path: Path):
    speech = tmp_path / "speech.pcm"

    mapped(ffmpeg, tmp_path, talk(*TALK, rate=44_100, channels=2), 44_100, speech_path=speech)

    assert abs(speech.stat().st_size - 12 * 32_000) <= 4
    assert not (tmp_path / "speech.pcm.part").exists()


def test_cancelling_channels_are_warned_of(ffmpeg: Ffmpeg, tmp_path: Path):
    one = talk(*TALK)
    speech = tmp_path / "speech.pcm"

    result = mapped(ffmpeg, tmp_path, np.concatenate([one, -one], axis=1), speech_path=speech)

    heard = np.fromfile(speech, dtype="<i2")[:48_000].astype(float)
    assert [w.code for w in result.warnings] == ["channels_cancel"]
    assert np.sqrt(np.mean(heard**2)) > 1_000


def test_speech_on_one_channel_gives_no_warning(ffmpeg: Ffmpeg, tmp_path: Path):
    one = talk(*TALK)

    result = mapped(ffmpeg, tmp_path, np.concatenate([one, np.zeros_like(one)], axis=1))

    assert result.warnings == ()


def test_sixteen_channels_are_heard(ffmpeg: Ffmpeg, tmp_path: Path):
    speech = tmp_path / "speech.pcm"

    result = mapped(ffmpeg, tmp_path, talk(*TALK, channels=16, rate=8_000), 8_000, speech_path=speech)

    assert close(spans(result), PAUSES)
    assert abs(speech.stat().st_size - 12 * 32_000) <= 4


def test_sound_that_starts_late_is_silent_until_then(ffmpeg: Ffmpeg, tmp_path: Path):
    path = write_video(tmp_path / "late.mp4", 75, noise(2_000, -20), sound_start_ms=1_000)

    result = map_silence(ffmpeg, SoundTrack(path, 0, 3_000))

    assert close(spans(result), [(0, 1_000)], slack_ms=50)


def test_a_wrong_declared_length_gives_a_warning(ffmpeg: Ffmpeg, tmp_path: Path):
    path = write_wav(tmp_path / "a.wav", noise(4_000, -20))

    short = map_silence(ffmpeg, SoundTrack(path, 0, 600_000))
    long = map_silence(ffmpeg, SoundTrack(path, 0, 2_000))
    unknown = map_silence(ffmpeg, SoundTrack(path, 0, 0))

    assert [w.code for w in short.warnings] == ["truncated"]
    assert short.warnings[0].message.startswith("The file says 10:00 but only 4.0 s")
    assert [w.code for w in long.warnings] == ["duration_mismatch"]
    assert unknown.warnings == ()


def test_too_much_sound_is_refused_while_decoding(ffmpeg: Ffmpeg, tmp_path: Path):
    with pytest.raises(TooLong):
        mapped(ffmpeg, tmp_path, noise(5_000, -20), max_hours=3 / 3_600, speech_path=tmp_path / "speech")

    assert [p.name for p in tmp_path.iterdir()] == ["sound.wav"]


def test_a_full_disk_is_said_and_leaves_nothing(ffmpeg: Ffmpeg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(DiskFull):
        mapped(ffmpeg, tmp_path, noise(3_000, -20), speech_path=tmp_path / "speech")

    assert [p.name for p in tmp_path.iterdir()] == ["sound.wav"]


def test_a_short_write_loses_nothing_of_the_speech(ffmpeg: Ffmpeg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    mapped(ffmpeg, tmp_path, noise(3_000, -20), speech_path=tmp_path / "whole")
    write = os.pwrite

    monkeypatch.setattr(os, "pwrite", lambda number, data, at: write(number, data[:1_001], at))
    mapped(ffmpeg, tmp_path, noise(3_000, -20), speech_path=tmp_path / "piecewise")

    assert (tmp_path / "piecewise").read_bytes() == (tmp_path / "whole").read_bytes()


@pytest.mark.parametrize("rate", [1_000, 1_100, 1_999, 2_000])
def test_very_low_rates_are_mapped(ffmpeg: Ffmpeg, tmp_path: Path, rate: int):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = mapped(ffmpeg, tmp_path, noise(4_000, -20, rate=rate), rate)

    assert (result.envelope.loudness.integrated_lufs is None) == (rate < 2_000)


@pytest.mark.parametrize("program", ["no-such-program", "/bin/false"])
def test_a_broken_program_is_not_the_recordings_fault(tmp_path: Path, program: str):
    with pytest.raises(MediaToolMissing):
        mapped(Ffmpeg(Path(program)), tmp_path, noise(1_000, -20))


def test_too_little_sound_is_refused(ffmpeg: Ffmpeg, tmp_path: Path):
    with pytest.raises(TooShort):
        mapped(ffmpeg, tmp_path, noise(90, -20))


def test_a_file_without_that_track_breaks_off(ffmpeg: Ffmpeg, tmp_path: Path):
    with pytest.raises(Truncated):
        mapped(ffmpeg, tmp_path, noise(500, -20), track=3)


def test_a_cancelled_map_leaves_nothing_behind(ffmpeg: Ffmpeg, tmp_path: Path):
    def cancel(_: float) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        mapped(ffmpeg, tmp_path, noise(5_000, -20), speech_path=tmp_path / "speech", progress=cancel)

    assert [p.name for p in tmp_path.iterdir()] == ["sound.wav"]
