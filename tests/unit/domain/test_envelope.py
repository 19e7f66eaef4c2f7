import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.domain.envelope import Envelope

PEAKS = st.lists(st.tuples(st.integers(-128, 0), st.integers(0, 127)), min_size=1, max_size=400)


def envelope(peaks: list[tuple[int, int]], levels: list[int] | None = None) -> Envelope:
    low, high = (np.array(row, dtype=np.int8) for row in zip(*peaks, strict=True))
    level = np.array(levels or [-3_000] * len(peaks), dtype=np.int16)
    return Envelope(level, low, high, len(peaks) * 10, 48_000, 2)


@given(PEAKS)
def test_an_envelope_survives_being_stored(peaks: list[tuple[int, int]]):
    before = envelope(peaks)

    after = Envelope.from_bytes(before.to_bytes())

    assert (after.level_cdb == before.level_cdb).all()
    assert (after.low == before.low).all() and (after.high == before.high).all()
    assert (after.duration_ms, after.sample_rate, after.channels) == (before.duration_ms, 48_000, 2)


@given(st.binary(max_size=200))
def test_anything_else_is_not_taken_for_an_envelope(data: bytes):
    with pytest.raises(ValueError, match="envelope"):
        Envelope.from_bytes(data)


@given(PEAKS, st.integers(0, 4_000), st.integers(0, 4_000), st.integers(1, 500))
def test_no_peak_is_lost_and_none_is_added(peaks: list[tuple[int, int]], a: int, b: int, points: int):
    whole, (start, end) = envelope(peaks), sorted((a, b))
    inside = slice(start // 10, -(-end // 10))

    low, high = whole.peaks(start, end, points)

    entries = len(whole.low[inside])
    assert len(low) == len(high) == min(points, entries)
    if entries:
        assert (min(low), max(high)) == (min(whole.low[inside]), max(whole.high[inside]))


def test_as_many_points_as_entries_are_the_entries():
    whole = envelope([(-1, 2), (-3, 4), (-5, 6)])

    low, high = whole.peaks(0, 30, 3)

    assert (low.tolist(), high.tolist()) == ([-1, -3, -5], [2, 4, 6])


def test_the_level_of_a_range_is_its_mean_power():
    half_silent = envelope([(0, 0)] * 2, [-2_000, -12_000])

    assert half_silent.level_db(0, 20) == -23.01
    assert half_silent.level_db(10, 20) == -120.0


def test_rows_of_different_lengths_are_no_envelope():
    row = np.zeros(3, dtype=np.int8)

    with pytest.raises(ValueError, match="one length"):
        Envelope(np.zeros(2, dtype=np.int16), row, row, 30, 48_000, 1)
