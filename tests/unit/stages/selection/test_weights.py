"""The weights of words: how a clip opens and closes with them, and what they hold."""

from __future__ import annotations

from clipper_core.domain.transcript import Transcript, Word, sentences_of
from clipper_core.stages.selection.weights import LEANING, QUESTION_FIRST, QUESTION_LAST, WordWeights
from clipper_core.stages.selection.wording import plain_words


def spoken(text: str, language: str = "en") -> Transcript:
    words = tuple(Word(t, 400 * i, 400 * i + 300) for i, t in enumerate(text.split()))
    return Transcript("test", language, words, sentences_of(words))


def weights(text: str, language: str = "en") -> WordWeights:
    transcript = spoken(text, language)
    return WordWeights(transcript, transcript.sentences, plain_words(transcript))


def test_an_opening_that_leans_back_costs_points():
    opening = weights("Pricing is hard here. And that is why it failed.").opening

    assert opening[0] == 0
    assert opening[4] == -LEANING


def test_a_question_opens_well_and_closes_badly():
    asked = weights("Pricing is really hard? Bakers know their bread well.")

    assert asked.opening[0] == QUESTION_FIRST
    assert asked.closing[3] == -QUESTION_LAST
    assert asked.closing[8] == 0


def test_running_totals_count_words_and_terms_that_recur():
    totals = weights("bread " * 3 + "and once upon a time").until[-1]

    assert totals[0] == 8
    assert totals[1] == 3


def test_other_languages_are_not_judged_by_english_lists():
    assert (weights("Und that is why it failed.", "de").opening == 0).all()
