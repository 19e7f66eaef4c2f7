"""Loudness, compared with FFmpeg's filter for EBU R 128."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from clipper_core.adapters.media.ffmpeg import Ffmpeg
from clipper_core.stages.silence.map_silence import map_silence
from clipper_core.stages.sound.decode import PcmFormat, SoundTrack
from clipper_core.stages.sound.levels import HEAD, Planes
from clipper_core.stages.sound.loudness import LoudnessMeter
from tests.unit.conftest import Sound, noise, talk, write_wav


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
def test_inaudible_or_very_short_sound_has_no_loudness(sound: Sound):
    pcm = PcmFormat(48_000, 1)
    meter, planes = LoudnessMeter(pcm), Planes(pcm)
    for start in range(0, len(sound), 48_000):
        block = planes.of(np.ascontiguousarray(sound[start : start + 48_000]))
        meter.add(block, np.square(block[:, HEAD:]).reshape(100, -1).mean(axis=1)[:, None] / 32_768**2)

    said = meter.loudness()

    assert (said.integrated_lufs, said.range_lu, said.momentary_lufs, said.short_term_lufs) == (None,) * 4
