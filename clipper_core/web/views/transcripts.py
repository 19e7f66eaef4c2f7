"""Transcripts and corrections of them as JSON."""

from __future__ import annotations

from clipper_core.domain.documents import Json, transcript_json
from clipper_core.services.transcripts.corrections import CorrectionResult, TranscriptView

NO_WORDS: Json = {"engine": None, "language": None, "draft": False, "words": [], "sentences": []}


def transcript_view_json(view: TranscriptView | None) -> Json:
    """The words in use and their revision; without words an empty transcript of revision null."""
    if view is None:
        return {"revision": None, "edited_by": None, **NO_WORDS}
    return {"revision": view.revision, "edited_by": view.edited_by, **transcript_json(view.transcript)}


def correction_json(correction: CorrectionResult) -> Json:
    return {"revision": correction.revision, "changed": correction.changed, "clips": correction.clips}
