"""Notes on moments of a clip: written, answered, resolved, reopened; never deleted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from clipper_core.db import lookups
from clipper_core.db.models import Clip, Note, Project, now
from clipper_core.db.session import Database
from clipper_core.domain.ids import new_id
from clipper_core.errors import BadRange, BadSettings, ClipNotFound, NoteNotFound
from clipper_core.services.clips.idempotency import ANONYMOUS, Sender, record_result, result_of
from clipper_core.services.clips.note_views import NoteView, notes_of
from clipper_core.services.clips.views import clean_text

MAX_CHARS = 4000
EMPTY = "A note needs some text. Type it, then save."
OUTSIDE = "This moment does not lie in the recording. Choose one that does."


@dataclass(frozen=True, slots=True)
class ClipNotes:
    """All notes of a clip, as they are now."""

    clip_id: str
    notes: tuple[NoteView, ...]


class Notes:
    """Applies each change once per idempotency key. Notes leave a clip's revision as it is."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, clip_id: str, at_ms: int | None, text: str, sender: Sender = ANONYMOUS) -> ClipNotes:
        """Write a note on a clip.

        Args:
            clip_id: The clip.
            at_ms: The moment of the recording it is about, in ms; None for the whole clip.
            text: What it says.
            sender: The author, and the key of the request.

        Raises:
            ClipNotFound, BadRange for a moment outside the recording, BadSettings for a note without text.
        """
        content = _text(text)
        with self._database.write() as session:
            clip = _clip(session, clip_id)
            if at_ms is not None and not 0 <= at_ms <= _duration_ms(session, clip):
                raise BadRange(OUTSIDE)

            def write() -> None:
                session.add(_note(clip_id, None, at_ms, content, sender.by))

            return _once(session, clip_id, sender.key, write)

    def reply(self, note_id: str, text: str, sender: Sender = ANONYMOUS) -> ClipNotes:
        """Answer a note.

        Args:
            note_id: A note that is no answer itself.
            text: What the answer says.
            sender: The author, and the key of the request.

        Raises:
            NoteNotFound, BadSettings for an answer without text.
        """
        content = _text(text)
        with self._database.write() as session:
            note = _existing(session, note_id)

            def write() -> None:
                session.add(_note(note.clip_id, note.id, None, content, sender.by))

            return _once(session, note.clip_id, sender.key, write)

    def resolve(self, note_id: str, sender: Sender = ANONYMOUS) -> ClipNotes:
        """Mark a note as resolved; the first person to do so stays named. Raises NoteNotFound."""
        with self._database.write() as session:
            note = _existing(session, note_id)

            def write() -> None:
                if note.resolved_at is None:
                    note.resolved_by, note.resolved_at = clean_text(sender.by, 200), now()

            return _once(session, note.clip_id, sender.key, write)

    def reopen(self, note_id: str, sender: Sender = ANONYMOUS) -> ClipNotes:
        """Mark a note as unresolved again. Raises NoteNotFound."""
        with self._database.write() as session:
            note = _existing(session, note_id)

            def write() -> None:
                note.resolved_by = note.resolved_at = None

            return _once(session, note.clip_id, sender.key, write)


def _once(session: Session, clip_id: str, key: str | None, write: Callable[[], None]) -> ClipNotes:
    if result_of(session, clip_id, key) is None:
        write()
        record_result(session, clip_id, key, [])
        session.flush()
    return ClipNotes(clip_id, notes_of(session, [clip_id]).get(clip_id, ()))


def _clip(session: Session, clip_id: str) -> Clip:
    """The clip, with its project's row held. Raises ClipNotFound."""
    clip = session.get(Clip, clip_id)
    if clip is None:
        raise ClipNotFound
    lookups.lock_project(session, clip.project_id)
    session.refresh(clip)
    if clip.deleted_at is not None or session.get_one(Project, clip.project_id).deleted_at is not None:
        raise ClipNotFound
    return clip


def _existing(session: Session, note_id: str) -> Note:
    """The note (not an answer to one), with its project's row held. Raises NoteNotFound."""
    note = session.get(Note, note_id)
    if note is None or note.parent_id is not None:
        raise NoteNotFound
    try:
        _clip(session, note.clip_id)
    except ClipNotFound as error:
        raise NoteNotFound from error
    session.refresh(note)
    return note


def _note(clip_id: str, parent_id: str | None, at_ms: int | None, text: str, by: str) -> Note:
    return Note(
        id=new_id("not"), clip_id=clip_id, parent_id=parent_id, at_ms=at_ms, text=text, made_by=clean_text(by, 200)
    )


def _text(text: str) -> str:
    cleaned = clean_text(text, MAX_CHARS)
    if not cleaned:
        raise BadSettings(EMPTY)
    return cleaned


def _duration_ms(session: Session, clip: Clip) -> int:
    media = session.get_one(Project, clip.project_id).media or {}
    return int(media.get("duration_ms") or 0)
