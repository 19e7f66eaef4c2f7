"""The parts that all pictures share: the level as points, and the clock."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.charts.drawing import clock, level_points
from clipper_core.domain.envelope import Envelope
from tests.unit.charts.test_figures import HOUR_MS, envelope


def test_a_silence_of_ten_milliseconds_shows_in_the_level():
    level = np.full(360_000, -2_000, np.int16)
    level[123_456] = -6_000
    peaks = np.zeros(360_000, np.int8)

    points = level_points(Envelope(level, peaks, peaks, HOUR_MS, 48_000, 1))

    assert points.low.min() == -60
    assert points.high.min() == -20


@given(st.integers(1, 5_000), st.integers(1, 300))
def test_points_are_at_most_those_asked_for_and_inside(frames: int, buckets: int):
    points = level_points(envelope(frames * 10), buckets)

    assert len(points.at_s) == min(buckets, frames)
    assert (np.diff(points.at_s) > 0).all()
    assert points.at_s[0] > 0 and points.at_s[-1] < frames * 0.01


@pytest.mark.parametrize(
    ("ms", "said"), [(0, "0:00.0"), (723_499, "12:03.4"), (59_999, "0:59.9"), (3_723_400, "1:02:03.4"), (-5, "0:00.0")]
)
def test_a_clock_cuts_tenths_and_leaves_out_empty_hours(ms: int, said: str):
    assert clock(ms) == said
