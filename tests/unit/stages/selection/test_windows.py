"""Every window that could be a clip is of a legal length."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.domain.clip import Lengths
from clipper_core.domain.time_range import TimeRange
from clipper_core.stages.cuts.places import Places
from clipper_core.stages.selection.windows import MAX_PAIRS, by_clock, pair_up

MOMENTS = st.lists(st.integers(0, 300_000), max_size=40, unique=True).map(sorted)


def places(moments: list[int]) -> Places:
    at_ms = np.array(moments, np.int64)
    return Places(at_ms, np.zeros_like(at_ms), np.zeros_like(at_ms), np.zeros_like(at_ms) - 1)


@given(MOMENTS, MOMENTS, st.integers(1, 60_000), st.integers(0, 60_000))
def test_every_pair_of_legal_length_is_a_window(starts: list[int], ends: list[int], min_ms: int, more_ms: int):
    lengths = Lengths(min_ms, min_ms + more_ms)

    windows = pair_up(places(starts), places(ends), lengths)

    pairs = list(zip(windows.start_ms.tolist(), windows.end_ms.tolist(), strict=True))
    assert pairs == [(a, b) for a in starts for b in ends if lengths.min_ms <= b - a <= lengths.max_ms]


def test_very_many_places_are_thinned_out():
    many = places(list(range(0, 4_000_000, 500)))

    windows = pair_up(many, many, Lengths())

    assert 0 < len(windows.start) <= MAX_PAIRS


@given(MOMENTS, st.integers(1, 30_000), st.integers(0, 60_000), st.integers(1, 300_000))
def test_windows_by_the_clock_are_legal_and_inside(starts: list[int], min_ms: int, more_ms: int, duration_ms: int):
    lengths = Lengths(min_ms, min_ms + more_ms)

    windows = by_clock(places([s for s in starts if s < duration_ms]), [], duration_ms, lengths)

    length = windows.end_ms - windows.start_ms
    assert ((length >= lengths.min_ms) & (length <= lengths.max_ms)).all()
    assert ((windows.start_ms >= 0) & (windows.end_ms <= duration_ms)).all()


def test_windows_by_the_clock_touch_taken_ranges():
    windows = by_clock(places([]), [TimeRange(47_123, 60_000)], 100_000, Lengths(20_000, 40_000))

    assert 47_123 in windows.end_ms
    assert 60_000 in windows.start_ms


def test_some_windows_of_many_keep_their_places():
    windows = pair_up(places([0, 10]), places([20, 30]), Lengths(5, 100))

    assert windows.only(np.array([1, 3])).end_ms.tolist() == [30, 30]
