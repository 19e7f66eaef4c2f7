"""Notes as rows and as views."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from clipper_core.db.models import Note


@dataclass(frozen=True, slots=True)
class ReplyView:
    id: str
    text: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class NoteView:
    """A note on a moment of the recording (``at_ms``; None: on the whole clip), and the answers to it."""

    id: str
    at_ms: int | None
    text: str
    by: str
    at: datetime
    resolved_by: str | None
    resolved_at: datetime | None
    replies: tuple[ReplyView, ...]


def notes_of(session: Session, clip_ids: Sequence[str]) -> dict[str, tuple[NoteView, ...]]:
    """The notes of clips, by their time in the recording, then as they were written; those without a time first."""
    notes: dict[str, list[Note]] = {}
    replies: dict[str, list[ReplyView]] = {}
    for note in session.scalars(select(Note).where(Note.clip_id.in_(clip_ids)).order_by(Note.created_at, Note.id)):
        if note.parent_id is None:
            notes.setdefault(note.clip_id, []).append(note)
        else:
            reply = ReplyView(note.id, note.text, note.made_by, note.created_at)
            replies.setdefault(note.parent_id, []).append(reply)
    return {clip_id: tuple(_view(n, replies) for n in sorted(own, key=_time)) for clip_id, own in notes.items()}


def _time(note: Note) -> int:
    return -1 if note.at_ms is None else note.at_ms


def _view(note: Note, replies: dict[str, list[ReplyView]]) -> NoteView:
    return NoteView(
        note.id,
        note.at_ms,
        note.text,
        note.made_by,
        note.created_at,
        note.resolved_by,
        note.resolved_at,
        tuple(replies.get(note.id, ())),
    )
