"""Sentences judged by their wording."""

from __future__ import annotations

import pytest

from clipper_core.domain.transcript import Transcript, Word
from clipper_core.stages.selection import wording


@pytest.mark.parametrize("text", ["this episode is brought to you by acme", "use the code clip", "leave us a review"])
def test_a_sponsor_read_is_known_by_its_words(text: str):
    assert wording.sells(text)


@pytest.mark.parametrize("text", ["we sold bread by the river", "the code was hard to read", "you can review it later"])
def test_ordinary_talk_is_no_sponsor_read(text: str):
    assert not wording.sells(text)


def test_sentences_that_lean_on_what_came_before_are_known():
    assert wording.leans(["um", "and", "he", "said"])
    assert wording.leans(["um", "uh"])
    assert not wording.leans(["so", "pricing", "is", "hard"])


def test_a_stem_joins_the_forms_of_a_word():
    assert wording.stem_of("clips") == wording.stem_of("clip")
    assert wording.stem_of("stories") == wording.stem_of("story")
    assert wording.stem_of("is") == "is"


def test_plain_words_stand_at_the_numbers_of_their_words():
    words = tuple(Word(text, 400 * i, 400 * i + 300) for i, text in enumerate(["And", "—", "“Clips”", "sell."]))

    plain = wording.plain_words(Transcript("test", "en", words))

    assert plain.bare == ("and", "", "clips", "sell")
    assert plain.stems == ("and", "", "clip", "sell")
    assert plain.leaning == (True, False, False, False)


def test_plain_words_of_other_languages_do_not_lean():
    plain = wording.plain_words(Transcript("test", "de", (Word("And", 0, 300),)))

    assert (plain.bare, plain.leaning, plain.english) == (("and",), (), False)
