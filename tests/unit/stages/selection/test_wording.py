"""Sentences judged by their wording."""

from __future__ import annotations

import pytest

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
