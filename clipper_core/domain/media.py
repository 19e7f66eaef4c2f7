"""The properties of a recording, as probing finds them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class AudioTrack:
    """One sound stream: its place among the sound streams (0 = first), and what it is."""

    number: int
    codec: str
    sample_rate: int
    channels: int
    language: str | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """A recording as probed: lengths in ms, ``frame_rate`` exact, None where a stream does not exist.

    ``duration_ms`` is the container's until the sound has been decoded; from then on it is measured.
    """

    duration_ms: int
    container: str
    audio: tuple[AudioTrack, ...]
    video_codec: str | None = None
    width: int | None = None
    height: int | None = None
    frame_rate: Fraction | None = None
    pixel_format: str | None = None
    rotation: int = 0
    title: str | None = None

    @property
    def has_video(self) -> bool:
        return self.video_codec is not None

    @property
    def has_audio(self) -> bool:
        return bool(self.audio)


BROWSER_VIDEO = {"h264", "vp8", "vp9", "av1"}
BROWSER_AUDIO = {"aac", "mp3", "opus", "vorbis", "flac", "pcm_s16le", "pcm_u8", "pcm_f32le", "pcm_s24le"}
BROWSER_CONTAINERS = {"mov", "mp4", "webm", "mp3", "wav", "flac", "ogg", "aac"}
# Every browser decodes eight-bit 4:2:0; ten-bit and 4:2:2 H.264 stay black in most.
BROWSER_PIXELS = {"yuv420p", "yuvj420p", None}


def plays_in_browser(media: MediaInfo, track: int = 0) -> bool:
    """Tell whether common browsers play this file as it is, with sound from ``track``.

    A browser always plays the first sound track, so any other needs a preview of its own.
    """
    if media.container not in BROWSER_CONTAINERS or track != 0:
        return False
    if media.has_video and (media.video_codec not in BROWSER_VIDEO or media.pixel_format not in BROWSER_PIXELS):
        return False
    if media.container in {"mov", "mp4"} and media.audio and media.audio[0].codec.startswith("pcm_"):
        return False
    return bool(media.audio) and media.audio[0].codec in BROWSER_AUDIO and media.audio[0].channels <= 8


def nearest_frame(at_ms: int, frame_rate: Fraction) -> int:
    """The number of the frame whose start lies nearest to ``at_ms``."""
    return round(Fraction(at_ms, 1000) * frame_rate)
