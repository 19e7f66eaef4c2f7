"""Words, sentences, and the look-ups of a transcript."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.domain.time_range import TimeRange
from clipper_core.domain.transcript import Transcript, Word, ends_sentence, sentences_of, wording_differs


@st.composite
def word_lists(draw: st.DrawFn) -> tuple[Word, ...]:
    steps = draw(st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 900)), max_size=200))
    text = st.sampled_from(["so", "yes.", "Why?", "thing", "Mr.", "end!", "J."])
    words, at = [], 0
    for gap, length in steps:
        at += gap
        words.append(Word(draw(text), at, at + length))
    return tuple(words)


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
def test_a_full_stop_of_an_abbreviation_ends_no_sentence(word: str, ends: bool) -> None:
    assert ends_sentence(word) is ends


def as_heard(words: tuple[Word, ...]) -> Transcript:
    return Transcript("test", "en", words, sentences_of(words))


@given(word_lists(), st.integers(0, 400_000))
def test_words_beside_a_moment_go_by_their_middles(words: tuple[Word, ...], at_ms: int) -> None:
    middles = [(w.start_ms + w.end_ms) / 2 for w in words]

    transcript = as_heard(words)

    assert transcript.first_word_from(at_ms) == next((i for i, m in enumerate(middles) if m >= at_ms), len(words))
    assert transcript.last_word_until(at_ms) == max((i for i, m in enumerate(middles) if m < at_ms), default=-1)


@given(word_lists(), st.integers(0, 400_000), st.integers(1, 60_000))
def test_words_between_moments_have_their_middle_there(words: tuple[Word, ...], at_ms: int, length: int) -> None:
    inside = tuple(w for w in words if at_ms <= (w.start_ms + w.end_ms) / 2 < at_ms + length)

    assert as_heard(words).words_between(at_ms, at_ms + length) == inside


def test_a_moment_inside_a_timed_word_divides_it() -> None:
    transcript = as_heard((Word("one", 100, 500), Word("two", 600, 900, timed=False)))

    assert transcript.timed_word_at(300, slack_ms=30) == Word("one", 100, 500)
    assert transcript.timed_word_at(480, slack_ms=30) is None
    assert transcript.timed_word_at(750, slack_ms=30) is None


def test_words_that_overlap_are_found_by_their_middle() -> None:
    transcript = as_heard((Word("long", 0, 1_000), Word("short", 100, 200)))

    assert transcript.first_word_from(300) == 0
    assert transcript.last_word_until(300) == 1


@given(word_lists())
def test_each_sentence_has_a_first_and_last_word(words: tuple[Word, ...]) -> None:
    transcript = as_heard(words)

    numbers = range(len(words))
    assert [n for n in numbers if transcript.begins_sentence(n)] == [s.first_word for s in transcript.sentences]
    assert [n for n in numbers if transcript.closes_sentence(n)] == [s.last_word for s in transcript.sentences]


def test_one_mark_in_sixty_words_marks_a_text() -> None:
    def talk(words: int, draft: bool = False) -> Transcript:
        texts = ["word"] * (words - 1) + ["end."]
        return Transcript("test", "en", tuple(Word(t, 10 * i, 10 * i) for i, t in enumerate(texts)), draft=draft)

    assert talk(60).has_marks
    assert not talk(61).has_marks
    assert not talk(10, draft=True).has_marks


def test_words_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="order"):
        Transcript("test", "en", (Word("b", 10, 20), Word("a", 0, 5)))


def test_transcripts_differ_only_where_their_texts_do() -> None:
    one = as_heard((Word("one", 0, 100), Word("two", 200, 300)))
    other = as_heard((Word("one", 10, 90), Word("too", 200, 300)))

    assert not wording_differs(one, other, [TimeRange(0, 150)])
    assert wording_differs(one, other, [TimeRange(0, 150), TimeRange(150, 400)])
