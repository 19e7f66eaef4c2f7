"""Moments of a recording as people write them."""

from __future__ import annotations


def clock(at_ms: int) -> str:
    """A moment to the second, such as 1:03, or 2:00:07 where there are hours."""
    minutes, seconds = divmod(at_ms // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
