"""Notes on clips as JSON."""

from __future__ import annotations

from collections.abc import Iterable

from clipper_core.domain.documents import Json
from clipper_core.domain.time_range import seconds
from clipper_core.services.clips import ClipNotes, NoteView


def clip_notes_json(clip_notes: ClipNotes) -> Json:
    """All notes of a clip, as every change to one of them is answered."""
    return {"clip_id": clip_notes.clip_id, "notes": notes_json(clip_notes.notes)}


def notes_json(notes: Iterable[NoteView]) -> list[Json]:
    return [
        {
            "id": n.id,
            "at_s": seconds(n.at_ms) if n.at_ms is not None else None,
            "text": n.text,
            "by": n.by,
            "at": n.at.isoformat(),
            "resolved_by": n.resolved_by,
            "resolved_at": n.resolved_at.isoformat() if n.resolved_at else None,
            "replies": [{"id": r.id, "text": r.text, "by": r.by, "at": r.at.isoformat()} for r in n.replies],
        }
        for n in notes
    ]
