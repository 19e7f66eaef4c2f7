"""Coverage of a recording: kept small, never more than was reported, every moment counted once."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from clipper_core.domain.coverage import JOIN_MS, Attention, coverage_of, merged_listened
from clipper_core.domain.time_range import TimeRange, in_order, total_ms

HOUR_MS = 3_600_000

ranges = st.lists(
    st.builds(lambda a, n: TimeRange(a, a + n), st.integers(0, 100_000), st.integers(1, 20_000)), max_size=30
)


def test_ranges_less_than_half_a_second_apart_merge():
    heard = merged_listened([TimeRange(0, 1_000)], [TimeRange(1_499, 2_000), TimeRange(2_500, 3_000)], HOUR_MS)

    assert heard == (TimeRange(0, 2_000), TimeRange(2_500, 3_000))


@given(ranges, ranges, st.integers(0, 130_000))
def test_played_ranges_are_in_order_apart_and_inside(before, more, duration_ms):
    heard = merged_listened(before, more, duration_ms)

    assert in_order(heard) and all(r.end_ms <= duration_ms for r in heard)
    assert all(b.start_ms - a.end_ms >= JOIN_MS for a, b in pairwise(heard))
    for r in (*before, *more):
        inside = TimeRange(r.start_ms, min(r.end_ms, duration_ms)) if r.start_ms < duration_ms else None
        assert inside is None or any(h.start_ms <= inside.start_ms and inside.end_ms <= h.end_ms for h in heard)


@given(ranges, ranges)
def test_merging_played_ranges_ignores_order_and_repetition(before, more):
    once = merged_listened(before, more, HOUR_MS)

    assert merged_listened(once, more, HOUR_MS) == once
    assert merged_listened(more, before, HOUR_MS) == once


@given(ranges, st.integers(1, 5))
def test_beyond_the_limit_the_narrowest_gaps_close(played, most):
    every = merged_listened([], played, HOUR_MS)

    few = merged_listened([], played, HOUR_MS, most)

    assert len(few) <= most
    closed = {b.start_ms - a.end_ms for a, b in pairwise(every)} - {b.start_ms - a.end_ms for a, b in pairwise(few)}
    left = [b.start_ms - a.end_ms for a, b in pairwise(few)]
    assert not closed or not left or max(closed) < min(left)


@given(ranges, ranges, ranges, st.integers(1, 130_000))
def test_every_moment_counts_once_decisions_first(decided, proposed, played, duration_ms):
    covered = coverage_of(duration_ms, decided, proposed, played)

    assert total_ms(r for r, _ in covered.stretches) == duration_ms
    assert covered.stretches[0][0].start_ms == 0
    for (a, seen), (b, other) in pairwise(covered.stretches):
        assert a.end_ms == b.start_ms and seen is not other
    for r, seen in covered.stretches:
        for moment in {r.start_ms, r.end_ms - 1}:
            layers = zip(
                (Attention.DECIDED, Attention.PROPOSED, Attention.LISTENED), (decided, proposed, played), strict=True
            )
            first = next((s for s, held in layers if any(h.contains(moment) for h in held)), Attention.NEVER)
            assert seen is first
    assert sum(covered.percents().values()) == 100


def test_percents_add_up_to_a_hundred():
    thirds = coverage_of(300, [TimeRange(0, 100)], [TimeRange(100, 200)], [])

    assert sorted(thirds.percents().values()) == [0, 33, 33, 34]
    assert set(coverage_of(0, [], [], []).percents().values()) == {0}
