"""Time ranges and probed media as the JSON columns of rows, and back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

from clipper_core.domain.media import AudioTrack, MediaInfo
from clipper_core.domain.time_range import TimeRange

Json = dict[str, Any]


def media_to_row(media: MediaInfo) -> Json:
    """All that probing found, for storage; ``media_from_row`` reads it back."""
    return {
        "v": 1,
        "duration_ms": media.duration_ms,
        "container": media.container,
        "audio": [
            {
                "number": a.number,
                "codec": a.codec,
                "sample_rate": a.sample_rate,
                "channels": a.channels,
                "language": a.language,
                "title": a.title,
            }
            for a in media.audio
        ],
        "video_codec": media.video_codec,
        "width": media.width,
        "height": media.height,
        "frame_rate": str(media.frame_rate) if media.frame_rate else None,
        "pixel_format": media.pixel_format,
        "rotation": media.rotation,
        "title": media.title,
    }


def media_from_row(value: Json) -> MediaInfo:
    rest = {k: v for k, v in value.items() if k not in ("v", "audio", "frame_rate")}
    rate = Fraction(value["frame_rate"]) if value["frame_rate"] else None
    return MediaInfo(**rest, audio=tuple(AudioTrack(**a) for a in value["audio"]), frame_rate=rate)


def ranges_to_row(ranges: Iterable[TimeRange]) -> list[list[int]]:
    return [[r.start_ms, r.end_ms] for r in ranges]


def ranges_from_row(value: Iterable[Sequence[int]]) -> tuple[TimeRange, ...]:
    return tuple(TimeRange(a, b) for a, b in value)
