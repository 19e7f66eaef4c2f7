"""The parts of a recording that people dealt with: in a decided clip, in a proposed one, played, or never looked at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from clipper_core.domain.time_range import TimeRange, total_ms

JOIN_MS = 500  # a shorter gap between played ranges is not meant
MAX_RANGES = 4_000


class Attention(StrEnum):
    """The most that people did with a moment; of several kinds the first in this order counts."""

    DECIDED = "decided"
    PROPOSED = "proposed"
    LISTENED = "listened"
    NEVER = "never"


ORDER = tuple(Attention)


@dataclass(frozen=True, slots=True)
class Coverage:
    """A whole recording in ranges that follow each other without a gap; neighbours differ in kind."""

    duration_ms: int
    stretches: tuple[tuple[TimeRange, Attention], ...]

    def length_ms(self, kind: Attention) -> int:
        return total_ms(r for r, s in self.stretches if s is kind)

    def percents(self) -> dict[Attention, int]:
        """Whole percents that add up to 100, or are all 0 for a recording without length.

        The largest remainders are rounded up.
        """
        exact = {s: 100 * self.length_ms(s) / max(1, self.duration_ms) for s in Attention}
        whole = {s: int(part) for s, part in exact.items()}
        missing = round(sum(exact.values())) - sum(whole.values())
        for s in sorted(Attention, key=lambda s: whole[s] - exact[s])[:missing]:
            whole[s] += 1
        return whole


def merged_listened(
    before: Iterable[TimeRange], more: Iterable[TimeRange], duration_ms: int, max_ranges: int = MAX_RANGES
) -> tuple[TimeRange, ...]:
    """All played ranges, in order and apart, inside the recording; those less than ``JOIN_MS`` apart are joined.

    Args:
        before: The ranges that were played before.
        more: The ranges that were played now.
        duration_ms: The length of the recording, in ms.
        max_ranges: The most ranges to return; beyond that the narrowest gaps count as played too.
    """
    joined = _joined((*before, *more), duration_ms, JOIN_MS)
    if len(joined) > max_ranges:
        gaps = sorted(b.start_ms - a.end_ms for a, b in pairwise(joined))
        joined = _joined(joined, duration_ms, gaps[len(joined) - max_ranges - 1] + 1)
    return tuple(joined)


def _joined(ranges: Iterable[TimeRange], duration_ms: int, gap_ms: int) -> list[TimeRange]:
    out: list[TimeRange] = []
    for r in sorted(ranges):
        if r.start_ms >= duration_ms:
            break
        end_ms = min(r.end_ms, duration_ms)
        if out and r.start_ms - out[-1].end_ms < gap_ms:
            out[-1] = TimeRange(out[-1].start_ms, max(out[-1].end_ms, end_ms))
        else:
            out.append(TimeRange(r.start_ms, end_ms))
    return out


def coverage_of(
    duration_ms: int, decided: Sequence[TimeRange], proposed: Sequence[TimeRange], listened: Sequence[TimeRange]
) -> Coverage:
    """The coverage of a recording.

    Args:
        duration_ms: The length of the recording, in ms.
        decided: The ranges of decided clips.
        proposed: The ranges of undecided clips.
        listened: The ranges that were played.
    """
    edges = np.unique([0, duration_ms, *_ends(decided), *_ends(proposed), *_ends(listened)])
    edges = edges[edges <= duration_ms]
    known = np.full(len(edges) - 1, len(ORDER) - 1)
    for number, ranges in reversed(list(enumerate((decided, proposed, listened)))):
        known[_held(ranges, edges[:-1])] = number
    turns = np.flatnonzero(np.diff(known)) + 1
    bounds = edges[[0, *turns, -1]].tolist() if len(known) else []
    kinds = [ORDER[n] for n in known[[0, *turns]].tolist()] if len(known) else []
    return Coverage(duration_ms, tuple((TimeRange(*r), s) for r, s in zip(pairwise(bounds), kinds, strict=True)))


def _ends(ranges: Iterable[TimeRange]) -> list[int]:
    return [ms for r in ranges for ms in (r.start_ms, r.end_ms)]


def _held(ranges: Sequence[TimeRange], at_ms: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """A mask of the moments that lie in any of the ranges."""
    begun = np.searchsorted(np.sort([r.start_ms for r in ranges]), at_ms, side="right")
    over = np.searchsorted(np.sort([r.end_ms for r in ranges]), at_ms, side="right")
    return np.asarray(begun > over)
