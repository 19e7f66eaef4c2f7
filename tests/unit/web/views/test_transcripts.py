"""Words are told with their revision, and without words the same form is empty."""

from __future__ import annotations

from clipper_core.domain.transcript import Transcript, Word, sentences_of
from clipper_core.services.transcripts.corrections import CorrectionResult, TranscriptView
from clipper_core.web.views.transcripts import correction_json, transcript_view_json


def test_no_words_have_the_form_of_words() -> None:
    words = (Word("Yes.", 0, 900),)
    view = TranscriptView("trs_1", Transcript("captions", "en", words, sentences_of(words)), "Ana")

    there, none = transcript_view_json(view), transcript_view_json(None)

    assert list(there) == list(none)
    assert (there["revision"], there["edited_by"], there["words"][0]["text"]) == ("trs_1", "Ana", "Yes.")
    assert (none["revision"], none["words"], none["sentences"]) == (None, [], [])


def test_a_correction_counts_places_and_clips() -> None:
    assert correction_json(CorrectionResult("trs_2", 3, 1)) == {"revision": "trs_2", "changed": 3, "clips": 1}
