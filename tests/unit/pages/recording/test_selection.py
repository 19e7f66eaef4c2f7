"""The range selected on the map."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.domain.time_range import TimeRange
from pages.components.recording.selection import selected_range


def selected(*ends: Any) -> dict[str, Any]:
    return {"selection": {"box": [{"x": list(ends), "y": [0, 1]}]}}


@given(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4), st.integers(1, 10_000_000))
def test_a_selected_range_lies_inside_the_recording(one: float, other: float, duration_ms: int) -> None:
    span = selected_range(selected(one, other), duration_ms)

    assert span is None or 0 <= span.start_ms < span.end_ms <= duration_ms


def test_a_selection_may_go_from_right_to_left() -> None:
    assert selected_range(selected(20.5, 10.25), 60_000) == TimeRange(10_250, 20_500)


@pytest.mark.parametrize(
    "event", [None, {}, {"selection": {"box": []}}, selected(), selected("a", None), selected(5, 5)]
)
def test_an_empty_selection_is_no_range(event: Any) -> None:
    assert selected_range(event, 60_000) is None
