"""Transcripts as rows: the revisions of a project's words."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from clipper_core.db.models import Project, TranscriptRow


def transcript_in_use(session: Session, project: Project, transcript_id: str) -> str:
    """The transcript to use in place of a run's own.

    Args:
        session: The caller's transaction.
        project: The recording.
        transcript_id: The transcript that the run made.

    Returns:
        The project's transcript if it is a correction of ``transcript_id``, else ``transcript_id``.
    """
    if project.transcript_id is None or project.transcript_id == transcript_id:
        return transcript_id
    rows = select(TranscriptRow.id, TranscriptRow.parent_id).where(TranscriptRow.project_id == project.id)
    parents = {row.id: row.parent_id for row in session.execute(rows)}
    at: str | None = project.transcript_id
    while at is not None and at != transcript_id:
        at = parents.get(at)
    return project.transcript_id if at else transcript_id
