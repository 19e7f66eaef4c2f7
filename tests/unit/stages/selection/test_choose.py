"""The windows that are chosen: how many, and the best set of them."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.domain.clip import Lengths
from clipper_core.domain.time_range import TimeRange, in_order
from clipper_core.stages.selection.choose import best_set, how_many

MINUTE = 60_000


@pytest.mark.parametrize(
    ("minutes", "clips"), [(0.3, 0), (0.5, 1), (53 / 60, 1), (2, 2), (5, 3), (20, 4), (30, 6), (60, 12), (180, 12)]
)
def test_about_one_clip_in_five_minutes_is_wanted(minutes: float, clips: int):
    assert how_many(round(minutes * MINUTE), Lengths()) == clips


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 12), st.floats(-5, 5)), max_size=9), st.integers(0, 4))
def test_the_choice_is_the_best_there_is(windows: list[tuple[int, int, float]], wanted: int):
    start = np.array([s for s, _, _ in windows], dtype=np.int64)
    end = np.array([s + n for s, n, _ in windows], dtype=np.int64)
    score = np.array([x for _, _, x in windows])
    apart = [
        c
        for n in range(wanted + 1)
        for c in combinations(range(len(windows)), n)
        if all(end[a] <= start[b] or end[b] <= start[a] for a, b in combinations(c, 2))
    ]
    best = max(apart, key=lambda c: (len(c), sum(score[list(c)])))

    chosen = best_set(start, end, score, wanted)

    assert len(chosen) == len(best)
    assert sum(score[chosen]) == pytest.approx(sum(score[list(best)]))
    assert in_order([TimeRange(int(start[w]), int(end[w])) for w in chosen])
