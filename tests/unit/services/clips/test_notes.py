"""Notes on clips: kept, answered, resolved; what people typed is text."""

from __future__ import annotations

import pytest

from clipper_core.db.models import Clip, now
from clipper_core.db.session import Database
from clipper_core.errors import BadRange, BadSettings, ClipNotFound, NoteNotFound
from clipper_core.services.clips.idempotency import Sender
from clipper_core.services.clips.notes import Notes


def test_a_note_is_answered_resolved_and_opened_again(notes: Notes) -> None:
    note = notes.add("clp_1", 5_000, "Who is this?", Sender("Ana")).notes[0]

    answered = notes.reply(note.id, "Ann Lee", Sender("Ben")).notes[0]
    resolved = notes.resolve(note.id, Sender("Ben")).notes[0]
    again = notes.resolve(note.id, Sender("Cid")).notes[0]
    opened = notes.reopen(note.id).notes[0]

    assert [(r.text, r.by) for r in answered.replies] == [("Ann Lee", "Ben")]
    assert (resolved.resolved_by, again.resolved_by) == ("Ben", "Ben")
    assert (opened.resolved_by, opened.resolved_at) == (None, None)
    assert opened.replies == answered.replies


def test_a_note_sent_twice_is_written_once(notes: Notes) -> None:
    first = notes.add("clp_1", 5_000, "Once", Sender(key="k"))
    assert notes.add("clp_1", 5_000, "Once", Sender(key="k")) == first

    note = first.notes[0]
    notes.reply(note.id, "Yes", Sender(key="r"))
    assert len(notes.reply(note.id, "Yes", Sender(key="r")).notes[0].replies) == 1


def test_what_is_no_note_is_refused(database: Database, notes: Notes) -> None:
    note = notes.add("clp_1", 0, "Here").notes[0]
    reply = notes.reply(note.id, "Yes").notes[0].replies[0]

    with pytest.raises(BadSettings):
        notes.add("clp_1", 0, " \n ")
    with pytest.raises(BadRange):
        notes.add("clp_1", 60_001, "after the end")
    with pytest.raises(ClipNotFound):
        notes.add("clp_9", 0, "x")
    with pytest.raises(NoteNotFound):
        notes.reply(reply.id, "an answer to an answer")

    with database.write() as session:
        session.get_one(Clip, "clp_1").deleted_at = now()
    with pytest.raises(NoteNotFound):
        notes.resolve(note.id)
