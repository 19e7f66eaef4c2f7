"""Presets: the ways to render a version as a file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Preset:
    """A named way to render: the original picture or the sound alone."""

    name: str
    label: str
    picture: bool
    quality: int = 20  # x264's constant rate factor: lower is better and larger


PRESETS: dict[str, Preset] = {
    p.name: p
    for p in (
        Preset("original", "Original picture and sound", picture=True),
        Preset("audio", "Sound only", picture=False),
    )
}
DEFAULT_PRESET = "original"
