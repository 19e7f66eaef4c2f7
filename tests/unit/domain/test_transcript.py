"""Words, sentences, and the look-ups of a transcript."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.domain.transcript import Word, ends_sentence, sentences_of


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
def test_a_full_stop_ends_a_sentence_unless_it_belongs_to_the_word(word: str, ends: bool) -> None:
    assert ends_sentence(word) is ends
