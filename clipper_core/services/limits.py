"""What recordings are accepted here."""

from __future__ import annotations

from dataclasses import dataclass

from clipper_core.stages.media.probe import ProbeLimits


@dataclass(frozen=True, slots=True)
class Accepted:
    """The longest recording, and the most tracks it may hold."""

    max_hours: float = 13
    max_streams: int = 64

    def for_probe(self) -> ProbeLimits:
        return ProbeLimits(max_hours=self.max_hours, max_streams=self.max_streams)
