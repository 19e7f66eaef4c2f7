"""The values everything is said in refuse nonsense at birth, and answer questions about themselves rightly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.domain.silence import Silence, SilenceMap
from clipper_core.domain.time_range import TimeRange
from clipper_core.domain.transcript import Word, ends_sentence, sentences_of


@st.composite
def silence_maps(draw: st.DrawFn) -> SilenceMap:
    edges = sorted(draw(st.lists(st.integers(0, 100_000), max_size=40, unique=True)))
    pairs = list(zip(edges[::2], edges[1::2], strict=False))
    return SilenceMap(100_001, tuple(Silence(a, b, -60.0) for a, b in pairs))


@st.composite
def word_lists(draw: st.DrawFn) -> tuple[Word, ...]:
    steps = draw(st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 900)), max_size=200))
    text = st.sampled_from(["so", "yes.", "Why?", "thing", "Mr.", "end!", "J."])
    words, at = [], 0
    for gap, length in steps:
        at += gap
        words.append(Word(draw(text), at, at + length))
    return tuple(words)


def test_silences_that_overlap_are_refused() -> None:
    with pytest.raises(ValueError, match="apart"):
        SilenceMap(1000, (Silence(0, 500), Silence(400, 600)))


@given(silence_maps(), st.integers(0, 100_000))
def test_the_silence_at_a_moment_contains_it(found: SilenceMap, at_ms: int) -> None:
    holding = [s for s in found.silences if s.start_ms <= at_ms <= s.end_ms]

    assert found.at(at_ms) in (holding or [None])


@given(silence_maps(), st.integers(0, 90_000), st.integers(1, 10_000))
def test_silences_within_a_range_touch_it(found: SilenceMap, start: int, length: int) -> None:
    span = TimeRange(start, start + length)

    expected = tuple(s for s in found.silences if s.start_ms < span.end_ms and s.end_ms > span.start_ms)
    assert found.within(span) == expected


@given(silence_maps(), st.integers(0, 100_000), st.integers(0, 20_000))
def test_the_nearest_silence_is_never_out_of_reach(found: SilenceMap, at_ms: int, reach: int) -> None:
    def away(s: Silence) -> int:
        return max(s.start_ms - at_ms, at_ms - s.end_ms, 0)

    nearest = found.nearest(at_ms, reach)

    in_reach = [away(s) for s in found.silences if away(s) <= reach]
    assert (nearest is None) == (not in_reach)
    if nearest is not None:
        assert away(nearest) == min(in_reach)


@given(word_lists())
def test_every_word_belongs_to_exactly_one_sentence(words: tuple[Word, ...]) -> None:
    sentences = sentences_of(words)

    covered = [i for s in sentences for i in range(s.first_word, s.last_word + 1)]
    assert covered == list(range(len(words)))
    assert all(s.last_word - s.first_word < 60 for s in sentences)


@pytest.mark.parametrize(
    ("word", "ends"),
    [
        ("done.", True),
        ('done."', True),
        ("Mr.", False),
        ("J.", False),
        ("what?", True),
        ("so,", False),
        ("e.g.", False),
    ],
)
def test_only_a_full_stop_of_its_own_ends_a_sentence(word: str, ends: bool) -> None:
    assert ends_sentence(word) is ends
