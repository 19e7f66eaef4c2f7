"""Time ranges refuse nonsense and are joined without loss."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.domain.time_range import TimeRange, in_order, milliseconds, seconds, total_ms, union

RANGES = st.lists(st.builds(lambda a, n: TimeRange(a, a + n), st.integers(0, 1_000), st.integers(1, 200)), max_size=12)


@pytest.mark.parametrize(("start", "end"), [(5, 5), (6, 5), (-1, 5)])
def test_an_empty_reversed_or_negative_range_is_refused(start: int, end: int) -> None:
    with pytest.raises(ValueError, match="not a time range"):
        TimeRange(start, end)


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(1, 100)), max_size=8))
def test_ranges_in_order_do_not_overlap(pairs: list[tuple[int, int]]) -> None:
    ranges = [TimeRange(a, a + n) for a, n in pairs]

    if in_order(ranges):
        assert not any(a.overlaps(b) for i, a in enumerate(ranges) for b in ranges[i + 1 :])


@given(RANGES)
def test_a_union_covers_the_same_milliseconds_once(ranges: list[TimeRange]) -> None:
    joined = union(ranges)

    covered = {ms for r in ranges for ms in range(r.start_ms, r.end_ms)}
    assert {ms for r in joined for ms in range(r.start_ms, r.end_ms)} == covered
    assert total_ms(joined) == len(covered)
    assert all(a.end_ms < b.start_ms for a, b in pairwise(joined))


@given(RANGES)
def test_a_union_does_not_depend_on_the_order(ranges: list[TimeRange]) -> None:
    assert union(reversed(ranges)) == union(ranges) == union(union(ranges))


@given(st.integers(0, 400 * 3_600_000))
def test_milliseconds_survive_being_told_in_seconds(ms: int) -> None:
    assert milliseconds(seconds(ms)) == ms


@given(st.integers(0, 1_000), st.integers(1, 200), st.integers(0, 1_300))
def test_a_range_contains_its_start_and_not_its_end(start: int, length: int, at: int) -> None:
    span = TimeRange(start, start + length)

    assert span.contains(at) is (at in range(start, start + length))
    assert span.length_ms == length
