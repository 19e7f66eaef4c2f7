"""Other places for an edge of a clip: the good ones near it, best first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from clipper_core.domain.cut import Cut, Side
from clipper_core.domain.silence import Silence, SilenceMap
from clipper_core.domain.transcript import Transcript
from clipper_core.stages.cuts.snap import ALTERNATIVE_REACH_MS, EDGE_MS, RANK, certify, cut_points

MIN_LENGTH_MS = 300  # what is left of a clip between its edges
MIN_SHARE = 3  # and at least this part of what it is now: a good place far inside the clip is no edge of this clip
FAR_REACH_MS = 4 * ALTERNATIVE_REACH_MS  # how far to look where there is too little nearby
BOUNDARY = {True: 0, None: 1, False: 2}


@dataclass(frozen=True, slots=True)
class Edge:
    """One edge of a clip: when, of which side, and where the opposite edge is (None: not known)."""

    at_ms: int
    side: Side
    opposite_ms: int | None = None


def places_near(
    edge: Edge, silences: SilenceMap, transcript: Transcript | None, max_places: int = 4
) -> tuple[Cut, ...]:
    """Other cuts for an edge, each in a silence of its own or at the recording's edge, best first.

    They are ranked by grade, then by whether a sentence begins or ends there, then by nearness. Where there are places
    both earlier and later, both are among them (from two on). Where the opposite edge is known, each leaves at least
    ``MIN_LENGTH_MS`` up to it, and a third of the clip. Those within 15 s come into question; within a minute, where
    these are not enough.

    Args:
        edge: The edge that could be moved.
        silences: The silences of the recording.
        transcript: Its words, where there are some.
        max_places: How many cuts are wanted.

    Returns:
        At most ``max_places`` certified cuts.
    """
    for reach_ms in (ALTERNATIVE_REACH_MS, FAR_REACH_MS):
        ranked = _ranked(edge, silences, transcript, reach_ms)
        if len(ranked) >= max_places:
            break
    chosen = ranked[:max_places]
    for earlier in (True, False):
        if max_places >= 2 and not any((c.at_ms < edge.at_ms) is earlier for c in chosen):
            missing = [c for c in ranked[max_places:] if (c.at_ms < edge.at_ms) is earlier][:1]
            chosen = [*chosen[: max_places - len(missing)], *missing]
    return tuple(chosen)


def _ranked(edge: Edge, silences: SilenceMap, transcript: Transcript | None, reach_ms: int) -> list[Cut]:
    def rank(cut: Cut) -> tuple[int, int, int, int]:
        evidence = cut.certificate
        return RANK[evidence.grade], BOUNDARY[evidence.sentence_boundary], abs(cut.at_ms - edge.at_ms), cut.at_ms

    best: dict[Silence | None, Cut] = {}
    for place in _places(edge, silences, reach_ms):
        if EDGE_MS <= abs(place - edge.at_ms) <= reach_ms and _leaves_enough(place, edge):
            cut = certify(place, edge.side, silences, transcript)
            known = best.get(cut.certificate.silence)
            if known is None or rank(cut) < rank(known):
                best[cut.certificate.silence] = cut
    return sorted(best.values(), key=rank)


def _places(edge: Edge, silences: SilenceMap, reach_ms: int) -> Iterator[int]:
    """The moment in each silence in reach at which the edge would lie, and the recording's own start or end."""
    for silence in silences.around(edge.at_ms, reach_ms):
        yield cut_points(silence)[edge.side is Side.IN]
    yield 0 if edge.side is Side.IN else silences.duration_ms


def _leaves_enough(place: int, edge: Edge) -> bool:
    if edge.opposite_ms is None:
        return True
    way = 1 if edge.side is Side.IN else -1
    return way * (edge.opposite_ms - place) >= max(MIN_LENGTH_MS, way * (edge.opposite_ms - edge.at_ms) // MIN_SHARE)
