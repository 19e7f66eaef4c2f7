"""Rough times for the words of captions, and of engines that tell none."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.domain.captions import Caption
from clipper_core.domain.silence import Silence, SilenceMap
from clipper_core.domain.time_range import TimeRange
from clipper_core.domain.transcript import Word
from clipper_core.errors import BadCaptions
from clipper_core.stages.words.spread import spread_words, words_of_captions
from tests.unit.stages.words.silence_maps import maps


@given(maps(), st.text(max_size=200), st.integers(0, 100_000), st.integers(1, 60_000))
def test_spread_words_lie_in_order_inside_their_span(silences: SilenceMap, text: str, start: int, length: int) -> None:
    span = TimeRange(start, start + length)

    words = spread_words(text, span, silences)

    assert [w.text for w in words] == text.split()
    assert all(span.start_ms <= w.start_ms <= w.end_ms <= span.end_ms and not w.timed for w in words)
    assert all(a.start_ms <= b.start_ms for a, b in pairwise(words))


def test_words_are_spread_where_somebody_speaks() -> None:
    silences = SilenceMap(4_000, (Silence(1_000, 3_000),))

    words = spread_words("one two", TimeRange(0, 4_000), silences)

    assert words == (Word("one", 0, 1_000, timed=False), Word("two", 3_000, 4_000, timed=False))


def test_captions_after_the_end_are_dropped_and_counted() -> None:
    captions = (Caption(0, 1_000, "in"), Caption(5_000, 6_000, "out"))

    words, dropped = words_of_captions(captions, 2_000, SilenceMap(2_000))

    assert [w.text for w in words] == ["in"]
    assert dropped == 1


def test_captions_of_another_recording_are_refused() -> None:
    with pytest.raises(BadCaptions, match="after the end"):
        words_of_captions((Caption(5_000, 6_000, "out"),), 2_000, SilenceMap(2_000))


def test_sounds_and_speaker_marks_are_not_words() -> None:
    captions = (Caption(0, 900, "[Music]"), Caption(1_000, 1_900, ">> Hello [laughs] there ♪"))

    words, _ = words_of_captions(captions, 2_000, SilenceMap(2_000))

    assert [w.text for w in words] == ["Hello", "there"]


@given(st.lists(st.tuples(st.integers(0, 5_000), st.integers(0, 5_000), st.sampled_from(["a b", "c", "[x]", "d e f"]))))
def test_captions_that_overlap_are_put_in_order(cues: list[tuple[int, int, str]]) -> None:
    captions = [Caption(0, 10, "first"), *(Caption(a, a + n, t) for a, n, t in cues)]

    words, dropped = words_of_captions(captions, 4_000, SilenceMap(4_000))

    assert all(a.start_ms <= b.start_ms for a, b in pairwise(words))
    assert all(w.end_ms <= 4_000 for w in words)
    assert dropped == sum(a >= 4_000 for a, _, _ in cues)
