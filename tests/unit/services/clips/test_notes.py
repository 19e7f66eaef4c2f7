"""Notes on clips: kept, answered, resolved; what people typed is text."""

from __future__ import annotations

import pytest

from clipper_core.db.models import Clip, ClipVersion, Project, now
from clipper_core.db.session import Database
from clipper_core.errors import BadRange, BadSettings, ClipNotFound, NoteNotFound
from clipper_core.services.clips.idempotency import Sender
from clipper_core.services.clips.notes import Notes
from clipper_core.services.clips.views import clip_views


@pytest.fixture
def notes(database: Database) -> Notes:
    """On a recording of a minute with one clip."""
    with database.write() as session:
        session.get_one(Project, "prj_1").media = {"duration_ms": 60_000}
        session.add(Clip(id="clp_1", project_id="prj_1", origin="manual", reasons=[], alternatives=[]))
        session.flush()
        version = ClipVersion(id="ver_1", clip_id="clp_1", number=1, title="T", ranges=[[0, 9_000]], cuts=[])
        version.preset, version.created_by = "source", "Ana"
        session.add(version)
    return Notes(database)


def test_notes_come_by_their_time_then_as_they_were_written(notes: Notes) -> None:
    notes.add("clp_1", 5_000, "b", Sender("Ana"))
    notes.add("clp_1", 5_000, "c", Sender("Ben"))
    notes.add("clp_1", None, "all of it")

    said = notes.add("clp_1", 1_000, "a")

    assert [n.text for n in said.notes] == ["all of it", "a", "b", "c"]
    assert [n.at_ms for n in said.notes] == [None, 1_000, 5_000, 5_000]


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


def test_a_clip_shows_its_notes_and_keeps_its_revision(database: Database, notes: Notes) -> None:
    notes.add("clp_1", 5_000, "Here")

    with database.read() as session:
        view = clip_views(session, [session.get_one(Clip, "clp_1")])[0]
    assert [n.text for n in view.notes] == ["Here"]
    assert (view.revision, view.version) == (1, 1)


def test_a_note_sent_twice_is_written_once(notes: Notes) -> None:
    first = notes.add("clp_1", 5_000, "Once", Sender(key="k"))
    assert notes.add("clp_1", 5_000, "Once", Sender(key="k")) == first

    note = first.notes[0]
    notes.reply(note.id, "Yes", Sender(key="r"))
    assert len(notes.reply(note.id, "Yes", Sender(key="r")).notes[0].replies) == 1


def test_what_was_typed_is_kept_as_text(notes: Notes) -> None:
    said = notes.add("clp_1", 0, " <b>Look</b>\n\x00here " + "x" * 5_000, Sender("\x07Eve\u202e"))

    assert said.notes[0].text.startswith("<b>Look</b>\n here x")
    assert len(said.notes[0].text) == 4_000
    assert said.notes[0].by == "Eve"


@pytest.mark.parametrize("text", ["\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\U0001f469\u200d\U0001f680"])
def test_what_joins_parts_of_a_word_or_a_sign_stays(notes: Notes, text: str) -> None:
    said = notes.add("clp_1", 0, f"\u200d {text}", Sender(text))

    assert (said.notes[0].text, said.notes[0].by) == (text, text)


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
