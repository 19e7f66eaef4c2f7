"""Notes are told with their replies, and with a moment only if they have one."""

from __future__ import annotations

from datetime import UTC, datetime

from clipper_core.services.clips.note_views import NoteView, ReplyView
from clipper_core.services.clips.notes import ClipNotes
from clipper_core.web.views.notes import clip_notes_json, notes_json

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_a_note_is_told_with_its_replies() -> None:
    note = NoteView("not_1", 0, "Here", "Ana", AT, "Ben", AT, (ReplyView("not_2", "Yes", "Ben", AT),))

    assert clip_notes_json(ClipNotes("clp_1", (note,))) == {
        "clip_id": "clp_1",
        "notes": [
            {
                "id": "not_1",
                "at_s": 0.0,
                "text": "Here",
                "by": "Ana",
                "at": AT.isoformat(),
                "resolved_by": "Ben",
                "resolved_at": AT.isoformat(),
                "replies": [{"id": "not_2", "text": "Yes", "by": "Ben", "at": AT.isoformat()}],
            }
        ],
    }


def test_an_open_note_on_the_whole_clip_has_no_moment() -> None:
    (document,) = notes_json([NoteView("not_1", None, "All of it", "", AT, None, None, ())])

    assert (document["at_s"], document["resolved_by"], document["resolved_at"]) == (None, None, None)
