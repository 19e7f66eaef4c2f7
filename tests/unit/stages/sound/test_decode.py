"""Sound comes as samples in its own rate and channels, on the recording's clock."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from clipper_core.adapters.media.ffmpeg import Ffmpeg, quiet
from clipper_core.errors import Truncated
from clipper_core.stages.sound.decode import AS_IT_COMES, SoundTrack, blocks, decoded, on_clock
from tests.unit.conftest import noise, write_video, write_wav


@pytest.mark.parametrize(("rate", "channels"), [(8_000, 1), (44_100, 2)])
def test_samples_come_a_second_at_a_time(ffmpeg: Ffmpeg, tmp_path: Path, rate: int, channels: int):
    sound = noise(2_500, -20, rate=rate, channels=channels)
    path = write_wav(tmp_path / "a.wav", sound, rate)

    with decoded(ffmpeg, SoundTrack(path), quiet) as (running, pcm):
        seconds = [block.copy() for block in blocks(running, pcm)]

    assert (pcm.sample_rate, pcm.channels) == (rate, channels)
    assert [len(s) for s in seconds] == [rate, rate, rate // 2]
    assert np.array_equal(np.concatenate(seconds), sound)


def test_a_track_that_is_not_there_breaks_off(ffmpeg: Ffmpeg, tmp_path: Path):
    path = write_wav(tmp_path / "a.wav", noise(500, -20))

    with pytest.raises(Truncated), decoded(ffmpeg, SoundTrack(path, 1), quiet):
        pass


def test_late_sound_of_a_transport_stream_is_moved(tmp_path: Path):
    late = write_video(tmp_path / "late.ts", 50, noise(1_000, -20), sound_start_ms=500)
    prompt = write_wav(tmp_path / "a.wav", noise(500, -20))

    assert on_clock(prompt, 0) == AS_IT_COMES
    assert on_clock(late, 0).endswith(f"/TB,{AS_IT_COMES}")
    assert on_clock(late, 0, seek_ms=2_000) == AS_IT_COMES  # the seek is past the gap
