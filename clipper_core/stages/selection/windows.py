"""Every window that could be a clip: pairs of a place to begin and a place to end, at a legal length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clipper_core.domain.clip import Lengths
from clipper_core.domain.time_range import TimeRange
from clipper_core.stages.cuts.places import Ints, Places, unplaced

MAX_PAIRS = 400_000  # windows weighed at once; more are thinned out: a second of work
CLOCK_MS = 5_000


@dataclass(frozen=True, slots=True)
class Windows:
    """Possible clips: for each the number of its place among the starts, and among the ends."""

    starts: Places
    ends: Places
    start: NDArray[np.intp]
    end: NDArray[np.intp]

    @property
    def start_ms(self) -> Ints:
        """(windows,): where each begins."""
        return self.starts.at_ms[self.start]

    @property
    def end_ms(self) -> Ints:
        """(windows,): where each ends."""
        return self.ends.at_ms[self.end]

    def only(self, keep: NDArray[np.intp]) -> Windows:
        """The windows with the numbers in ``keep``."""
        return Windows(self.starts, self.ends, self.start[keep], self.end[keep])


def pair_up(starts: Places, ends: Places, lengths: Lengths) -> Windows:
    """Pair every place to begin with every place to end at a legal length.

    Of very many places only the best in every second counts, or in every two seconds, and so on.

    Args:
        starts: Where a clip could begin.
        ends: Where a clip could end.
        lengths: The lengths that are allowed.

    Returns:
        At most ``MAX_PAIRS`` windows.
    """
    every_ms = 1_000
    while _pairs(starts, ends, lengths) > MAX_PAIRS:
        starts, ends = starts.one_every(every_ms), ends.one_every(every_ms)
        every_ms *= 2
    first = np.searchsorted(ends.at_ms, starts.at_ms + lengths.min_ms, side="left")
    last = np.searchsorted(ends.at_ms, starts.at_ms + lengths.max_ms, side="right")
    counts = np.maximum(last - first, 0)
    start = np.repeat(np.arange(len(starts.at_ms)), counts)
    offset = np.arange(len(start)) - np.repeat(np.cumsum(counts) - counts, counts)
    return Windows(starts, ends, start, first[start] + offset)


def by_clock(starts: Places, taken: Sequence[TimeRange], duration_ms: int, lengths: Lengths) -> Windows:
    """Windows of the shortest, the middle and the longest legal length, where no place fits: cut wherever that falls.

    They start at the places, every few seconds, and where a taken range ends; and end where one starts.

    Args:
        starts: Where a clip could begin.
        taken: Ranges that are not free.
        duration_ms: How long the recording is.
        lengths: The lengths that are allowed.

    Returns:
        Windows inside the recording, which may still touch what is taken.
    """
    sizes = np.array(sorted({lengths.min_ms, (lengths.min_ms + lengths.max_ms) // 2, lengths.max_ms}))
    clock = np.arange(0, duration_ms, CLOCK_MS)
    last = np.array([duration_ms, *(t.start_ms for t in taken)])
    free = np.array([0, *(t.end_ms for t in taken)])
    at = np.unique(np.concatenate([starts.one_every(CLOCK_MS).at_ms, clock, free, last - sizes[0], last - sizes[-1]]))
    pairs = [(s, s + size) for s in at.tolist() for size in sizes.tolist() if s >= 0 and s + size <= duration_ms]
    table = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    every = np.arange(len(table))
    return Windows(unplaced(table[:, 0]), unplaced(table[:, 1]), every, every)


def _pairs(starts: Places, ends: Places, lengths: Lengths) -> int:
    first = np.searchsorted(ends.at_ms, starts.at_ms + lengths.min_ms, side="left")
    last = np.searchsorted(ends.at_ms, starts.at_ms + lengths.max_ms, side="right")
    return int(np.maximum(last - first, 0).sum())
