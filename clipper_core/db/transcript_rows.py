"""Transcripts as rows: the revisions of a project's words, each made from another or heard anew."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from clipper_core.db.models import Project, TranscriptRow


def transcript_in_use(session: Session, project: Project, transcript_id: str) -> str:
    """The words to work by where ``transcript_id`` was heard: the project's, if people corrected these into them."""
    if project.transcript_id is None or project.transcript_id == transcript_id:
        return transcript_id
    rows = select(TranscriptRow.id, TranscriptRow.parent_id).where(TranscriptRow.project_id == project.id)
    parents = {row.id: row.parent_id for row in session.execute(rows)}
    at: str | None = project.transcript_id
    while at is not None and at != transcript_id:
        at = parents.get(at)
    return project.transcript_id if at else transcript_id
