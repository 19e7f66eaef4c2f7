"""Moments as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.charts import drawing
from clipper_core.domain.clock import clock


@pytest.mark.parametrize(
    ("at_ms", "shown"),
    [
        (0, "0:00"),
        (999, "0:00"),
        (63_000, "1:03"),
        (3_599_999, "59:59"),
        (3_600_000, "1:00:00"),
        (7_207_000, "2:00:07"),
    ],
)
def test_a_moment_is_cut_to_the_second(at_ms: int, shown: str) -> None:
    assert clock(at_ms) == shown


@given(st.integers(0, 10**9))
def test_a_shown_moment_names_its_second(at_ms: int) -> None:
    total = 0
    for part in clock(at_ms).split(":"):
        total = total * 60 + int(part)

    assert total == at_ms // 1000


@given(st.integers(-1_000, 10**9))
def test_charts_add_the_tenths(at_ms: int) -> None:
    head, _, tenth = drawing.clock(at_ms).partition(".")

    assert head == clock(max(0, at_ms))
    assert int(tenth) == max(0, at_ms) // 100 % 10
