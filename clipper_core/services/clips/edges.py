"""One edge of a clip as the desk asks about it: how clean it is, and where it could be instead."""

from __future__ import annotations

from dataclasses import dataclass

from clipper_core.domain.cut import Cut, Side
from clipper_core.errors import BadRange
from clipper_core.services.assets.measured import MeasuredArtifacts
from clipper_core.stages.cuts.rank import Edge, places_near
from clipper_core.stages.cuts.snap import certify


@dataclass(frozen=True, slots=True)
class EdgeView:
    """A cut, and others near it, best first."""

    cut: Cut
    others: tuple[Cut, ...]


class Edges:
    """Milliseconds of work: map and words are in memory after the first time."""

    def __init__(self, measured: MeasuredArtifacts) -> None:
        self._measured = measured

    def around(self, project_id: str, side: Side, at_ms: int, other_ms: int | None = None) -> EdgeView:
        """An edge by the map and words in use. ``other_ms`` is where the opposite edge is.

        Raises ProjectNotFound, NotReady before the recording is mapped, BadRange outside of it.
        """
        silences, words = self._measured.measured(project_id)
        if not 0 <= at_ms <= silences.duration_ms:
            raise BadRange
        others = places_near(Edge(at_ms, side, other_ms), silences, words)
        return EdgeView(certify(at_ms, side, silences, words), others)
