"""The certificate of one edge of a clip, and other places for it."""

from __future__ import annotations

from dataclasses import dataclass

from clipper_core.domain.cut import Cut, Side
from clipper_core.errors import BadRange
from clipper_core.services.assets import MeasuredArtifacts
from clipper_core.stages.cuts.rank import Edge, places_near
from clipper_core.stages.cuts.snap import certify


@dataclass(frozen=True, slots=True)
class EdgeView:
    """A cut, and others near it, best first."""

    cut: Cut
    others: tuple[Cut, ...]


class Edges:
    """Certifies edges within milliseconds: map and words stay in memory after the first time."""

    def __init__(self, measured: MeasuredArtifacts) -> None:
        self._measured = measured

    def around(self, project_id: str, side: Side, at_ms: int, other_ms: int | None = None) -> EdgeView:
        """An edge, certified by the map and words in use.

        Args:
            project_id: The recording.
            side: The side of the clip that the edge makes.
            at_ms: Its place in the recording, in ms.
            other_ms: The place of the opposite edge, in ms; None if it does not matter.

        Raises:
            ProjectNotFound, NotReady before the recording is mapped, BadRange outside of it.
        """
        silences, words = self._measured.measured(project_id)
        if not 0 <= at_ms <= silences.duration_ms:
            raise BadRange
        others = places_near(Edge(at_ms, side, other_ms), silences, words)
        return EdgeView(certify(at_ms, side, silences, words), others)
