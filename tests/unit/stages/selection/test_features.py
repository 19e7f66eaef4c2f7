"""The features of a recording that selection uses."""

from __future__ import annotations

from clipper_core.domain.silence import Silence, SilenceMap
from clipper_core.domain.transcript import Sentence, Transcript, Word, sentences_of
from clipper_core.stages.cuts.places import find_edges
from clipper_core.stages.selection.features import features_of

PAUSED = SilenceMap(60_000, (Silence(20_000, 22_000),))


def spoken(text: str, language: str = "en") -> Transcript:
    words = tuple(Word(t, 400 * i, 400 * i + 300) for i, t in enumerate(text.split()))
    return Transcript("test", language, words, sentences_of(words))


def test_without_words_topics_go_by_pauses():
    for silent in (None, Transcript("test", "en")):
        features = features_of(silent, PAUSED)

        assert (features.transcript, features.sentences, features.weights) == (None, (), None)
        assert features.topics.at_ms == (21_000,)


def test_places_are_those_of_the_words_and_silences():
    transcript = spoken("This is one. This is two.")

    features = features_of(transcript, PAUSED)

    starts, ends = find_edges(transcript, PAUSED, transcript.sentences)
    assert features.starts.at_ms.tolist() == starts.at_ms.tolist()
    assert features.ends.tier.tolist() == ends.tier.tolist()


def test_a_transcript_without_sentences_is_divided():
    words = spoken("This is one. This is two.").words

    assert features_of(Transcript("test", "en", words), PAUSED).sentences == (Sentence(0, 2), Sentence(3, 5))
