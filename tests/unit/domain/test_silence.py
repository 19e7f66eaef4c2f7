"""Silences and the map of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.domain.silence import Silence, SilenceMap
from clipper_core.domain.time_range import TimeRange


@st.composite
def silence_maps(draw: st.DrawFn) -> SilenceMap:
    edges = sorted(draw(st.lists(st.integers(0, 100_000), max_size=40, unique=True)))
    pairs = list(zip(edges[::2], edges[1::2], strict=False))
    return SilenceMap(100_001, tuple(Silence(a, b, -60.0) for a, b in pairs))


def test_silences_that_overlap_are_refused() -> None:
    with pytest.raises(ValueError, match="apart"):
        SilenceMap(1000, (Silence(0, 500), Silence(400, 600)))


@given(silence_maps(), st.integers(0, 100_000))
def test_the_silence_at_a_moment_is_the_one_that_holds_it(found: SilenceMap, at_ms: int) -> None:
    holding = [s for s in found.silences if s.start_ms <= at_ms <= s.end_ms]

    assert found.at(at_ms) in (holding or [None])


@given(silence_maps(), st.integers(0, 90_000), st.integers(1, 10_000))
def test_the_silences_within_a_stretch_are_those_that_touch_it(found: SilenceMap, start: int, length: int) -> None:
    span = TimeRange(start, start + length)

    expected = tuple(s for s in found.silences if s.start_ms < span.end_ms and s.end_ms > span.start_ms)
    assert found.within(span) == expected


@given(silence_maps(), st.integers(0, 100_000), st.integers(0, 20_000))
def test_the_silences_around_a_moment_are_those_in_reach(found: SilenceMap, at_ms: int, reach: int) -> None:
    around = found.around(at_ms, reach)

    assert around == tuple(s for s in found.silences if max(s.start_ms - at_ms, at_ms - s.end_ms, 0) <= reach)
