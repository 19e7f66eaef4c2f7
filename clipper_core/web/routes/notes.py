"""``/api/clips/{id}/notes`` and ``/api/notes``: notes on moments of a clip."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from clipper_core.domain.time_range import milliseconds
from clipper_core.services.clips import Sender
from clipper_core.web.requests import ByBody, Key, Name, app_of
from clipper_core.web.views import clip_notes_json

router = APIRouter(prefix="/api", tags=["notes"])

Text = Annotated[str, Field(max_length=20_000)]


class NoteBody(BaseModel):
    """``at_s`` is a moment of the recording; without one the note is about the whole clip."""

    at_s: float | None = Field(None, ge=0, le=1e7, allow_inf_nan=False)
    text: Text
    by: Name = ""


class ReplyBody(BaseModel):
    text: Text
    by: Name = ""


@router.post("/clips/{clip_id}/notes", status_code=201)
def add_note(request: Request, clip_id: str, body: NoteBody, key: Key = None) -> dict[str, Any]:
    """A note on a clip. The answer, as that of every change to a note, is all notes of the clip."""
    at_ms = milliseconds(body.at_s) if body.at_s is not None else None
    return clip_notes_json(app_of(request).notes.add(clip_id, at_ms, body.text, Sender(body.by, key)))


@router.post("/notes/{note_id}/replies", status_code=201)
def reply(request: Request, note_id: str, body: ReplyBody, key: Key = None) -> dict[str, Any]:
    return clip_notes_json(app_of(request).notes.reply(note_id, body.text, Sender(body.by, key)))


@router.post("/notes/{note_id}/resolve", status_code=201)
def resolve(request: Request, note_id: str, body: ByBody | None = None, key: Key = None) -> dict[str, Any]:
    return clip_notes_json(app_of(request).notes.resolve(note_id, Sender(body.by if body else "", key)))


@router.post("/notes/{note_id}/reopen", status_code=201)
def reopen(request: Request, note_id: str, body: ByBody | None = None, key: Key = None) -> dict[str, Any]:
    return clip_notes_json(app_of(request).notes.reopen(note_id, Sender(body.by if body else "", key)))
