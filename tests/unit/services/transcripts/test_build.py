"""What becomes of words that an endpoint heard."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from clipper_core.domain.silence import Silence, SilenceMap
from clipper_core.domain.transcript import Transcript, Word
from clipper_core.domain.warning import Warnings
from clipper_core.services.transcripts.build import WordPlacer, place_recognised
from tests.unit.stages.words.test_align import Ruler, rough, still

TEXT = "And so it begins, they said to you. What was that? There they are with their things."
TEXTS = TEXT.split()
WRONG = -60.0


def place(
    words: list[Word], ruler: Ruler, language: str | None = "en", silences: SilenceMap | None = None
) -> tuple[Transcript, Warnings]:
    return place_recognised(words, language, WordPlacer(lambda: ruler, still(20_000), silences or SilenceMap(20_000)))


def codes(warnings: Warnings) -> list[str]:
    return [w.code for w in warnings]


def test_words_become_a_transcript_that_can_be_quoted() -> None:
    transcript, warnings = place(rough(TEXTS), Ruler())

    assert (transcript.engine, transcript.language, transcript.draft) == ("openai", "en", False)
    assert [w.text for w in transcript.words] == TEXTS
    assert all(w.timed for w in transcript.words)
    assert [transcript.text(s) for s in transcript.sentences] == [
        "And so it begins, they said to you.",
        "What was that?",
        "There they are with their things.",
    ]
    assert warnings == []


def test_words_are_placed_by_the_sound_even_where_the_endpoint_told_times() -> None:
    told = [Word(w.text, w.start_ms, w.end_ms) for w in rough(TEXTS)]

    transcript, _ = place(told, Ruler())

    assert [w.start_ms for w in transcript.words[:3]] == [0, 100, 200]  # as the ruler finds them


def test_told_times_stay_where_the_sound_shows_nothing() -> None:
    told = [Word(w.text, w.start_ms, w.end_ms) for w in rough(TEXTS)]

    transcript, warnings = place(told, Ruler(found=False))

    assert transcript.words == tuple(told)
    assert codes(warnings) == ["words_not_found"]


def test_words_that_do_not_fit_the_sound_keep_rough_times_and_that_is_said() -> None:
    transcript, warnings = place(rough(TEXTS), Ruler(fit=WRONG))

    assert not any(w.timed for w in transcript.words)
    assert codes(warnings) == ["words_not_found"]


def test_rough_times_in_a_language_without_a_model_are_said_to_be_rough() -> None:
    transcript, warnings = place(rough(TEXTS), Ruler(), "de")

    assert transcript.language == "de"
    assert not any(w.timed for w in transcript.words)
    assert codes(warnings) == ["rough_times"]


def test_told_times_in_a_language_without_a_model_are_fine() -> None:
    told = [Word(w.text, w.start_ms, w.end_ms) for w in rough(TEXTS)]

    transcript, warnings = place(told, Ruler(), "de")

    assert transcript.words == tuple(told)
    assert warnings == []


def test_where_no_language_is_named_english_is_told_by_its_words() -> None:
    german = "Das ist also was sie mir über das Haus gesagt haben und es war genau das was wir immer so wollten"

    assert place(rough(TEXTS + TEXTS), Ruler(), None)[0].language == "en"
    assert place(rough(german.split()), Ruler(), None)[0].language == "und"


def test_hearing_nothing_is_said() -> None:
    silent = SilenceMap(20_000, (Silence(0, 20_000),))

    assert codes(place([], Ruler())[1]) == ["nothing_heard"]
    assert codes(place([], Ruler(), silences=silent)[1]) == ["no_speech"]


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 19_000), st.integers(0, 900), st.booleans()), min_size=1, max_size=30),
    st.sampled_from([-12.0, WRONG]),
    st.sampled_from(["en", "de"]),
)
def test_whatever_times_are_told_words_stay_in_order(
    told: list[tuple[int, int, bool]], fit: float, language: str
) -> None:
    words = sorted((Word(f"w{i}", a, a + n, timed) for i, (a, n, timed) in enumerate(told)), key=lambda w: w.start_ms)

    transcript, _ = place(words, Ruler(fit=fit), language)

    assert [w.text for w in transcript.words] == [w.text for w in words]
    assert all(a.start_ms <= b.start_ms for a, b in pairwise(transcript.words))
    assert all(w.end_ms <= 20_000 for w in transcript.words)
