"""Words that an endpoint recognised, made a transcript."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clipper_core.domain.silence import Silence, SilenceMap
from clipper_core.domain.transcript import Transcript, Word
from clipper_core.domain.warning import Warnings
from clipper_core.errors import BadCaptions
from clipper_core.services.transcripts.build import WordPlacer, WordSource, place_recognised, words_for
from clipper_core.stages.words.speech import SpeechTrack
from clipper_core.stages.words.transcribe import RecognisedPart
from tests.unit.stages.words.test_align import Ruler, rough, still

TEXT = "And so it begins, they said to you. What was that? There they are with their things."
TEXTS = TEXT.split()
WRONG = -60.0


def placer(ruler: Ruler, silences: SilenceMap | None = None) -> WordPlacer:
    return WordPlacer(lambda: ruler, SpeechTrack(still(20_000), silences or SilenceMap(20_000)))


def place(
    words: list[Word], ruler: Ruler, language: str | None = "en", silences: SilenceMap | None = None
) -> tuple[Transcript, Warnings]:
    return place_recognised(
        words, language, WordPlacer(lambda: ruler, SpeechTrack(still(20_000), silences or SilenceMap(20_000)))
    )


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


def test_the_sound_wins_over_times_of_the_endpoint() -> None:
    told = [Word(w.text, w.start_ms, w.end_ms) for w in rough(TEXTS)]

    transcript, _ = place(told, Ruler())

    assert [w.start_ms for w in transcript.words[:3]] == [0, 100, 200]  # as the ruler finds them


def test_told_times_stay_where_the_sound_shows_nothing() -> None:
    told = [Word(w.text, w.start_ms, w.end_ms) for w in rough(TEXTS)]

    transcript, warnings = place(told, Ruler(found=False))

    assert transcript.words == tuple(told)
    assert codes(warnings) == ["words_not_found"]


def test_words_that_do_not_fit_keep_rough_times() -> None:
    transcript, warnings = place(rough(TEXTS), Ruler(fit=WRONG))

    assert not any(w.timed for w in transcript.words)
    assert codes(warnings) == ["words_not_found"]


def test_rough_times_without_a_model_give_a_warning() -> None:
    transcript, warnings = place(rough(TEXTS), Ruler(), "de")

    assert transcript.language == "de"
    assert not any(w.timed for w in transcript.words)
    assert codes(warnings) == ["rough_times"]


def test_times_of_the_endpoint_need_no_model() -> None:
    told = [Word(w.text, w.start_ms, w.end_ms) for w in rough(TEXTS)]

    transcript, warnings = place(told, Ruler(), "de")

    assert transcript.words == tuple(told)
    assert warnings == []


def test_english_is_recognised_by_its_words() -> None:
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


SRT = b"1\n00:00:00,000 --> 00:00:02,000\nAnd so it begins, they said.\n\n2\n00:01:00,000 --> 00:01:02,000\nLater.\n"


def words(source: WordSource, ruler: Ruler, silences: SilenceMap | None = None) -> tuple[Transcript | None, Warnings]:
    return words_for(source, placer(ruler, silences))


def test_captions_are_placed_and_those_outside_are_counted() -> None:
    transcript, warnings = words(WordSource("captions", "auto", SRT), Ruler())

    assert transcript is not None and (transcript.engine, transcript.draft) == ("captions", False)
    assert transcript.language == "en" and all(w.timed for w in transcript.words)
    assert codes(warnings) == ["outside_recording"]
    assert warnings[0].message == "1 captions lie outside the recording and were left out."


def test_captions_of_another_recording_are_said_to_be() -> None:
    _, warnings = words(WordSource("captions", "en", SRT), Ruler(found=False))

    assert codes(warnings) == ["outside_recording", "captions_mismatch"]


def test_captions_win_over_the_engine() -> None:
    transcript, _ = words(WordSource("openai", "en", SRT, RecognisedPart(tuple(rough(TEXTS)), "de")), Ruler())

    assert transcript is not None and transcript.engine == "captions"


def test_a_service_s_language_counts_without_another() -> None:
    recognised = RecognisedPart(tuple(rough(TEXTS)), "fr")

    asked, _ = words(WordSource("openai", "de", recognised=recognised), Ruler())
    told, _ = words(WordSource("openai", "auto", recognised=recognised), Ruler())

    assert asked is not None and told is not None
    assert (asked.language, told.language) == ("de", "fr")


def test_offline_words_are_a_draft_if_they_cover_the_speech() -> None:
    silences = SilenceMap(20_000, (Silence(8_000, 20_000),))
    covering = RecognisedPart(tuple(Word(t, i * 400, i * 400 + 400) for i, t in enumerate(TEXTS)))
    sparse = RecognisedPart(covering.words[:3])

    draft, warnings = words(WordSource("pocketsphinx", "auto", recognised=covering), Ruler(), silences)
    nothing, doubts = words(WordSource("pocketsphinx", "auto", recognised=sparse), Ruler(), silences)

    assert draft is not None and nothing is not None
    assert (draft.draft, draft.language, draft.words) == (True, "en", covering.words)
    assert (nothing.draft, nothing.language, nothing.words) == (True, "und", ())
    assert codes(warnings + doubts) == ["draft_words", "not_understood"]


def test_offline_silence_is_no_misunderstanding() -> None:
    silent = SilenceMap(20_000, (Silence(0, 20_000),))

    assert codes(words(WordSource("pocketsphinx", "en"), Ruler(), silent)[1]) == ["no_speech"]


def test_no_words_wanted_are_no_transcript() -> None:
    assert words(WordSource("none", "en"), Ruler()) == (None, [])


def test_a_broken_caption_file_is_refused() -> None:
    with pytest.raises(BadCaptions):
        words(WordSource("captions", "en", b"no captions at all"), Ruler())
