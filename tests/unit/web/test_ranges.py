"""Range headers are read as RFC 9110 has them, or refused."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.web.ranges import MAX_RANGES, NotARange, OutsideFile, ranges_of


@given(header=st.text(), size=st.integers(0, 1000))
def test_any_range_header_is_read_or_refused(header: str, size: int) -> None:
    for text in (header, "bytes=" + header):
        try:
            ranges = ranges_of(text, size)
        except (NotARange, OutsideFile):
            continue
        assert all(0 <= start < end <= size for start, end in ranges)
        assert all(before[1] < after[0] for before, after in pairwise(ranges))


@pytest.mark.parametrize(
    ("header", "ranges"),
    [
        ("bytes=0-9", [(0, 10)]),
        ("bytes=90-", [(90, 100)]),
        ("bytes=-5", [(95, 100)]),
        ("bytes=-500", [(0, 100)]),
        ("bytes=0-500", [(0, 100)]),
        ("bytes=10-19, 0-9", [(0, 20)]),
        ("bytes=0-1,50-51", [(0, 2), (50, 52)]),
    ],
)
def test_ranges_are_read_in_order_and_joined(header: str, ranges: list[tuple[int, int]]) -> None:
    assert ranges_of(header, 100) == ranges


def test_more_than_the_most_ranges_are_none() -> None:
    assert ranges_of("bytes=" + ",".join(["0-0"] * MAX_RANGES), 100) == [(0, 1)]
    assert ranges_of("bytes=" + ",".join(["0-0"] * (MAX_RANGES + 1)), 100) == []


def test_a_range_outside_the_file_is_told_apart_from_nonsense() -> None:
    with pytest.raises(OutsideFile):
        ranges_of("bytes=100-", 100)
    for header in ("items=0-1", "bytes=", "bytes=5-4", "0-1"):
        with pytest.raises(NotARange):
            ranges_of(header, 100)
