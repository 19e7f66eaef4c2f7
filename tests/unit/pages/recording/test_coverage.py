"""The coverage of a recording in words."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from clipper_core.domain.coverage import Attention, coverage_of
from clipper_core.domain.time_range import TimeRange
from pages.components.recording.coverage import coverage_html


def test_each_kind_of_coverage_stands_beside_its_pattern() -> None:
    html = coverage_html(coverage_of(100_000, [TimeRange(0, 8_000)], [TimeRange(8_000, 20_000)], []))

    assert re.findall(r'<i class="(\w+)"', html) == [seen.value for seen in Attention]
    assert "</i>8\u202f% decided" in html and "</i>12\u202f% proposed" in html


def test_a_moment_of_listening_is_under_one_percent() -> None:
    html = coverage_html(coverage_of(10_000_000, [], [], [TimeRange(0, 2_000)]))

    assert '<i class="listened" aria-hidden="true"></i>under 1\u202f%' in html


@given(st.integers(1, 10_000_000), st.data())
def test_whole_percents_add_up_to_a_hundred(duration_ms: int, data: st.DataObject) -> None:
    end_ms = data.draw(st.integers(1, duration_ms))

    html = coverage_html(coverage_of(duration_ms, [TimeRange(0, end_ms)], [], []))

    assert sum(int(n) for n in re.findall(r"</i>(\d+)\u202f", html)) == 100
