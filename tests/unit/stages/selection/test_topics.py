"""Changes of subject."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from clipper_core.domain.silence import Silence, SilenceMap
from clipper_core.domain.transcript import Transcript, Word, sentences_of
from clipper_core.stages.selection.topics import Topics, find_topics, topics_by_pauses
from clipper_core.stages.selection.wording import plain_words

BREAD = ["flour", "water", "salt", "yeast", "dough", "oven", "crust", "knead", "loaf", "bakery", "rise", "sourdough"]
BOATS = ["sail", "mast", "harbour", "anchor", "rope", "wind", "keel", "deck", "captain", "tide", "rudder", "storm"]
TREES = [
    "forest",
    "branch",
    "leaf",
    "root",
    "acorn",
    "maple",
    "timber",
    "bark",
    "orchard",
    "willow",
    "seedling",
    "canopy",
]


def talk(*subjects: list[str], sentences: int = 40) -> Transcript:
    """A transcript that draws its words from one subject after the other, two words a second."""
    chance = random.Random(1)
    words: list[Word] = []
    for subject in subjects:
        for _ in range(sentences):
            chosen = [chance.choice(subject) for _ in range(7)] + [chance.choice(subject) + "."]
            for text in chosen:
                words.append(Word(text, 500 * len(words), 500 * len(words) + 450))
    timed = tuple(words)
    return Transcript("test", "en", timed, sentences_of(timed))


def topics_in(transcript: Transcript) -> Topics:
    return find_topics(transcript, transcript.sentences, plain_words(transcript))


def test_a_change_of_subject_is_found_where_it_happens():
    topics = topics_in(talk(BREAD, BOATS))

    (change,) = topics.boundaries_ms
    assert abs(change - 40 * 8 * 500) <= 15_000


def test_a_talk_on_one_subject_has_no_change():
    assert topics_in(talk(BREAD)).boundaries_ms == ()


def test_returning_to_a_subject_is_a_change_too():
    assert len(topics_in(talk(BREAD, BOATS, TREES, BREAD)).boundaries_ms) == 3


def test_no_words_give_no_topics():
    assert topics_in(Transcript("test", "en")).at_ms == ()


def test_a_single_sentence_is_one_topic():
    words = (Word("Hello", 0, 400), Word("there.", 500, 900))

    topics = topics_in(Transcript("test", "en", words, sentences_of(words)))

    assert topics.at_ms == (0,)
    assert topics.boundaries_ms == ()


def test_the_same_word_said_all_the_time_divides_nothing():
    words = tuple(Word("same.", 500 * i, 500 * i + 400) for i in range(2_000))

    assert topics_in(Transcript("test", "en", words, sentences_of(words))).boundaries_ms == ()


@given(st.lists(st.sampled_from(["flour", "sail", "um", "", "-", "Okay.", "the", "mast.", "?"]), max_size=300))
def test_any_words_give_chances_in_order(texts: list[str]):
    words = tuple(Word(text, 400 * i, 400 * i + 300) for i, text in enumerate(texts))

    topics = topics_in(Transcript("test", "en", words, sentences_of(words)))

    assert list(topics.at_ms) == sorted(set(topics.at_ms))
    assert all(0.0 <= chance <= 1.0 for chance in topics.chance)
    assert len(topics.at_ms) == len(topics.chance)


def test_longer_pauses_are_likelier_topics():
    silences = SilenceMap(60_000, (Silence(10_000, 10_300), Silence(20_000, 21_500), Silence(40_000, 44_000)))

    topics = topics_by_pauses(silences)

    assert topics.at_ms == (20_750, 42_000)
    assert topics.chance[0] < topics.chance[1]
