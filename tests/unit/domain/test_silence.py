"""Silences and the map of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.domain.silence import Silence, SilenceMap, SilenceSettings, speech_within
from clipper_core.domain.time_range import TimeRange, in_order


@st.composite
def silence_maps(draw: st.DrawFn) -> SilenceMap:
    edges = sorted(draw(st.lists(st.integers(0, 100_000), max_size=40, unique=True)))
    pairs = list(zip(edges[::2], edges[1::2], strict=False))
    return SilenceMap(100_001, tuple(Silence(a, b, -60.0) for a, b in pairs))


def test_silences_that_overlap_are_refused() -> None:
    with pytest.raises(ValueError, match="apart"):
        SilenceMap(1000, (Silence(0, 500), Silence(400, 600)))


@given(silence_maps(), st.integers(0, 100_000))
def test_the_silence_at_a_moment_holds_it(found: SilenceMap, at_ms: int) -> None:
    holding = [s for s in found.silences if s.start_ms <= at_ms <= s.end_ms]

    assert found.at(at_ms) in (holding or [None])


@given(silence_maps(), st.integers(0, 90_000), st.integers(1, 10_000))
def test_the_silences_within_a_range_touch_it(found: SilenceMap, start: int, length: int) -> None:
    span = TimeRange(start, start + length)

    expected = tuple(s for s in found.silences if s.start_ms < span.end_ms and s.end_ms > span.start_ms)
    assert found.within(span) == expected


@given(silence_maps(), st.integers(0, 100_000), st.integers(0, 20_000))
def test_the_silences_around_a_moment_are_those_in_reach(found: SilenceMap, at_ms: int, reach: int) -> None:
    around = found.around(at_ms, reach)

    assert around == tuple(s for s in found.silences if max(s.start_ms - at_ms, at_ms - s.end_ms, 0) <= reach)


@given(silence_maps(), st.integers(0, 90_000), st.integers(1, 10_000))
def test_speech_and_silences_make_up_a_range(found: SilenceMap, start: int, length: int) -> None:
    span = TimeRange(start, start + length)
    silent_ms = sum(min(s.end_ms, span.end_ms) - max(s.start_ms, span.start_ms) for s in found.within(span))

    speech = speech_within(span, found)

    assert sum(r.length_ms for r in speech) + silent_ms == length
    assert in_order(speech)


def test_dead_air_is_silence_of_the_set_length() -> None:
    silences = Silence(0, 999), Silence(2_000, 3_000)

    assert SilenceMap(5_000, silences).dead_air == (silences[1],)
    assert SilenceMap(5_000, silences, settings=SilenceSettings(dead_air_ms=900)).dead_air == silences


def test_a_map_answers_only_its_own_settings() -> None:
    found = SilenceMap(5_000, (), settings=SilenceSettings(offset_db=3.0))

    assert found.answers(SilenceSettings(offset_db=3.0))
    assert not found.answers(SilenceSettings())
    assert not replace(found, finder=1).answers(SilenceSettings(offset_db=3.0))


@given(silence_maps(), st.integers(1, 30_000))
def test_a_map_of_long_silences_holds_all_of_them(found: SilenceMap, length: int) -> None:
    long = found.of_at_least(length)

    assert long.silences == tuple(s for s in found.silences if s.length_ms >= length)
    assert long.duration_ms == found.duration_ms


def test_a_silence_past_the_end_is_refused() -> None:
    with pytest.raises(ValueError, match="past the end"):
        SilenceMap(1_000, (Silence(500, 1_001),))
