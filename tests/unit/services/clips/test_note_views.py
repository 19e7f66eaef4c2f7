"""Notes are shown with the clip, in the order of the recording."""

from __future__ import annotations

from clipper_core.db.models import Clip
from clipper_core.db.session import Database
from clipper_core.services.clips.idempotency import Sender
from clipper_core.services.clips.note_views import notes_of
from clipper_core.services.clips.notes import Notes
from clipper_core.services.clips.views import clip_views


def test_notes_are_ordered_by_moment_then_by_writing(notes: Notes) -> None:
    notes.add("clp_1", 5_000, "b", Sender("Ana"))
    notes.add("clp_1", 5_000, "c", Sender("Ben"))
    notes.add("clp_1", None, "all of it")

    said = notes.add("clp_1", 1_000, "a")

    assert [n.text for n in said.notes] == ["all of it", "a", "b", "c"]
    assert [n.at_ms for n in said.notes] == [None, 1_000, 5_000, 5_000]


def test_a_clip_shows_its_notes_and_keeps_its_revision(database: Database, notes: Notes) -> None:
    notes.add("clp_1", 5_000, "Here")

    with database.read() as session:
        view = clip_views(session, [session.get_one(Clip, "clp_1")])[0]
    assert [n.text for n in view.notes] == ["Here"]
    assert (view.revision, view.version) == (1, 1)


def test_replies_belong_to_their_note(database: Database, notes: Notes) -> None:
    one, other = notes.add("clp_1", 1_000, "a").notes[0], notes.add("clp_1", 2_000, "b").notes[1]
    notes.reply(other.id, "to b")
    notes.reply(one.id, "to a")

    with database.read() as session:
        shown = notes_of(session, ["clp_1", "clp_9"])

    assert {i: [(n.text, [r.text for r in n.replies]) for n in ns] for i, ns in shown.items()} == {
        "clp_1": [("a", ["to a"]), ("b", ["to b"])]
    }
