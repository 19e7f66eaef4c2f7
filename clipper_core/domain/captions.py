"""Captions: text with the time for which it is shown."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Caption:
    """One cue: ``text`` (no markup; a line break only where the writer wants one), shown from start to end."""

    start_ms: int
    end_ms: int
    text: str

    def __post_init__(self) -> None:
        if not 0 <= self.start_ms <= self.end_ms:
            raise ValueError(f"not a caption's time: {self.start_ms}-{self.end_ms}")
