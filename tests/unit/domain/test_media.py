"""Recordings know their frames, and which of them a browser plays."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.domain.media import AudioTrack, MediaInfo, nearest_frame, plays_in_browser

RATES = [Fraction(24), Fraction(25), Fraction(30), Fraction(30000, 1001), Fraction(24000, 1001), Fraction(60)]


@given(st.integers(0, 40_000_000), st.sampled_from(RATES))
def test_a_cut_falls_on_the_nearest_frame(at_ms: int, rate: Fraction) -> None:
    number = nearest_frame(at_ms, rate)

    assert abs(number / rate - Fraction(at_ms, 1000)) <= 1 / (2 * rate)


def media(container: str, video: str | None, audio: str, pixels: str | None = "yuv420p") -> MediaInfo:
    track = AudioTrack(0, audio, 48_000, 2)
    return MediaInfo(1000, container, (track,), video_codec=video, pixel_format=pixels if video else None)


@pytest.mark.parametrize(
    ("recording", "plays"),
    [
        (media("mp4", "h264", "aac"), True),
        (media("mp3", None, "mp3"), True),
        (media("webm", "vp9", "opus"), True),
        (media("mp4", "h264", "aac", "yuv422p10le"), False),
        (media("mp4", "hevc", "aac"), False),
        (media("matroska", "h264", "aac"), False),
        (media("mp4", "h264", "pcm_s16le"), False),
        (media("avi", "mpeg4", "mp3"), False),
    ],
)
def test_what_a_browser_plays_needs_no_preview(recording: MediaInfo, plays: bool) -> None:
    assert plays_in_browser(recording) is plays


def test_another_sound_track_than_the_first_needs_a_preview() -> None:
    assert not plays_in_browser(media("mp4", "h264", "aac"), track=1)
