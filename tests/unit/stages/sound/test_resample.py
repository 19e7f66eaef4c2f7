"""The speech sound keeps time and tones, and lets no others in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from clipper_core.adapters.media.ffmpeg import Ffmpeg
from clipper_core.stages.silence.map_silence import MapRequest, map_silence
from clipper_core.stages.sound.decode import SoundTrack
from tests.unit.conftest import write_wav


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
def test_tones_above_8_khz_do_not_alias(ffmpeg: Ffmpeg, tmp_path: Path, hertz: int):
    tone = np.rint(20_000 * np.sin(2 * np.pi * hertz * np.arange(96_000) / 48_000)).astype(np.int16)[:, None]

    map_silence(ffmpeg, SoundTrack(write_wav(tmp_path / "a.wav", tone)), MapRequest(tmp_path / "s"))

    heard = np.fromfile(tmp_path / "s", "<i2")[400:-400]
    assert np.abs(heard).max() < 20_000 * 10 ** (-60 / 20)
