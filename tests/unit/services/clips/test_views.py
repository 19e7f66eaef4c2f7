"""Views of clips answer questions about themselves, and keep text that people typed as text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.db.models import Clip
from clipper_core.db.session import Database
from clipper_core.domain.clip import ClipEdit, NewDecision, Verdict
from clipper_core.domain.time_range import TimeRange
from clipper_core.services.assets.measured import CertifiedCuts
from clipper_core.services.clips.idempotency import Sender
from clipper_core.services.clips.notes import Notes
from clipper_core.services.clips.review import Clips
from clipper_core.services.clips.views import MAX_TITLE_CHARS, VersionContent, clean_text, new_version
from tests.unit.services.clips.proposing import SPAN, proposed


def test_typed_text_is_stored_as_text(notes: Notes) -> None:
    said = notes.add("clp_1", 0, " <b>Look</b>\n\x00here " + "x" * 5_000, Sender("\x07Eve\u202e"))

    assert said.notes[0].text.startswith("<b>Look</b>\n here x")
    assert len(said.notes[0].text) == 4_000
    assert said.notes[0].by == "Eve"


@pytest.mark.parametrize("text", ["\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\U0001f469\u200d\U0001f680"])
def test_joiners_inside_words_and_signs_stay(notes: Notes, text: str) -> None:
    said = notes.add("clp_1", 0, f"\u200d {text}", Sender(text))

    assert (said.notes[0].text, said.notes[0].by) == (text, text)


@given(st.text(max_size=400), st.integers(1, 50))
def test_cleaned_text_is_printable_and_within_its_limit(text: str, most: int) -> None:
    cleaned = clean_text(text, most)

    assert len(cleaned) <= most
    assert all(c.isprintable() or c in "\n\u200c\u200d" for c in cleaned)
    assert clean_text(clean_text(text)) == clean_text(text) or len(clean_text(text)) == MAX_TITLE_CHARS


def test_a_version_without_a_title_is_called_clip() -> None:
    content = VersionContent(" \n", [SPAN], "original", "Ana\x07")

    row = new_version(Clip(id="clp_1"), content, CertifiedCuts((), "map_1", "trs_1"))

    assert (row.number, row.title, row.created_by) == (1, "Clip", "Ana")
    assert (row.ranges, row.map_id, row.transcript_id) == ([[10_000, 40_000]], "map_1", "trs_1")


def test_the_length_of_a_clip_leaves_out_gaps(clips: Clips) -> None:
    clip = clips.create("prj_1", [TimeRange(1_000, 3_000), TimeRange(10_000, 15_000)])

    assert (clip.start_ms, clip.end_ms, clip.length_ms) == (1_000, 15_000, 7_000)
    assert clip.title == "Clip at 0:01"


def test_the_last_author_or_reviewer_changed_the_clip(database: Database, clips: Clips) -> None:
    proposed(database, SPAN)
    clip = clips.of_project("prj_1")[0]
    edited = clips.revise(clip.id, clip.revision, ClipEdit(title="New"), Sender("Ana"))
    decided = clips.decide(edited.id, edited.revision, NewDecision(Verdict.APPROVED), Sender("Ben"))

    assert [c.changed_by for c in (clip, edited, decided)] == ["Clipper", "Ana", "Ben"]
    assert decided.decision is not None and decided.decision.by == "Ben"
