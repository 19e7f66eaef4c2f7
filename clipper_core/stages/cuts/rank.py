"""Where else an edge of a clip could be: the good places near it, best first."""

from __future__ import annotations

from collections.abc import Iterator

from clipper_core.domain.cut import Cut, Side
from clipper_core.domain.silence import Silence, SilenceMap
from clipper_core.domain.transcript import Transcript
from clipper_core.stages.cuts.snap import ALTERNATIVE_REACH_MS, EDGE_MS, RANK, certify, cut_points

SHORTEST_MS = 300  # what is left of a clip between its edges
LEAST_SHARE = 3  # and at least this part of what it is now: a good place far inside the clip is no edge of this clip
FAR_REACH_MS = 4 * ALTERNATIVE_REACH_MS  # how far to look where there is too little nearby
BOUNDARY = {True: 0, None: 1, False: 2}


def places_near(
    at_ms: int, side: Side, other_ms: int | None, silences: SilenceMap, transcript: Transcript | None, most: int = 4
) -> tuple[Cut, ...]:
    """At most ``most`` other cuts for the edge at ``at_ms``, each in a silence of its own or at the recording's edge.

    They are ranked by grade, then by whether a sentence begins or ends there, then by nearness. Where there are places
    both earlier and later, both are among them (from two on). Where the opposite edge is known (``other_ms``), each
    leaves at least ``SHORTEST_MS`` up to it, and a third of the clip. Those within 15 s come into question; within a
    minute, where these are not enough.
    """
    for reach_ms in (ALTERNATIVE_REACH_MS, FAR_REACH_MS):
        found = _ranked(at_ms, side, other_ms, silences, transcript, reach_ms)
        if len(found) >= most:
            break
    chosen = found[:most]
    for earlier in (True, False):
        if most >= 2 and not any((c.at_ms < at_ms) is earlier for c in chosen):
            missed = [c for c in found[most:] if (c.at_ms < at_ms) is earlier][:1]
            chosen = [*chosen[: most - len(missed)], *missed]
    return tuple(chosen)


def _ranked(
    at_ms: int, side: Side, other_ms: int | None, silences: SilenceMap, transcript: Transcript | None, reach_ms: int
) -> list[Cut]:
    def rank(cut: Cut) -> tuple[int, int, int, int]:
        evidence = cut.certificate
        return RANK[evidence.grade], BOUNDARY[evidence.sentence_boundary], abs(cut.at_ms - at_ms), cut.at_ms

    best: dict[Silence | None, Cut] = {}
    for place in _places(at_ms, side, silences, reach_ms):
        if EDGE_MS <= abs(place - at_ms) <= reach_ms and _leaves_enough(place, at_ms, side, other_ms):
            cut = certify(place, side, silences, transcript)
            known = best.get(cut.certificate.silence)
            if known is None or rank(cut) < rank(known):
                best[cut.certificate.silence] = cut
    return sorted(best.values(), key=rank)


def _places(at_ms: int, side: Side, silences: SilenceMap, reach_ms: int) -> Iterator[int]:
    """Where an edge belongs in each silence in reach, and the recording's own start or end."""
    for silence in silences.around(at_ms, reach_ms):
        yield cut_points(silence)[side is Side.IN]
    yield 0 if side is Side.IN else silences.duration_ms


def _leaves_enough(place: int, at_ms: int, side: Side, other_ms: int | None) -> bool:
    if other_ms is None:
        return True
    way = 1 if side is Side.IN else -1
    return way * (other_ms - place) >= max(SHORTEST_MS, way * (other_ms - at_ms) // LEAST_SHARE)
