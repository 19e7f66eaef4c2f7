"""The clips of many recordings counted by status, with a fingerprint that changes with anything the desk shows."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, and_, select
from sqlalchemy.orm import Session

from clipper_core.db.models import Clip, Note, Project, Render, Task
from clipper_core.domain.clip import ClipStatus, status_of
from clipper_core.services.clips.verdicts import newest_decisions


@dataclass(frozen=True, slots=True)
class ClipCounts:
    """How many clips of a recording have each status, and an opaque fingerprint of all that is shown of them."""

    counts: dict[ClipStatus, int]
    fingerprint: str


def count_clips(session: Session, project_ids: Sequence[str]) -> dict[str, ClipCounts]:
    """The clip counts of each of these projects."""
    live = and_(Clip.project_id.in_(project_ids), Clip.deleted_at.is_(None))
    decisions = newest_decisions(session, live)
    facts: dict[str, list[str]] = {i: [] for i in project_ids}
    counts = {i: dict.fromkeys(ClipStatus, 0) for i in project_ids}
    clips = select(Clip.project_id, Clip.id, Clip.revision, Clip.rank).where(live).order_by(Clip.id)
    for project_id, clip_id, revision, rank in session.execute(clips):
        counts[project_id][status_of(decisions.get(clip_id, ()))] += 1
        # Versions, decisions, deletions and restorations all raise the revision; only a rank changes without.
        facts[project_id].append(f"{clip_id} {revision} {rank}")
    for query in (_transcripts(project_ids), _notes(project_ids), _renders(project_ids)):
        for project_id, *values in session.execute(query):
            facts[project_id].append(" ".join(map(str, values)))
    return {i: ClipCounts(counts[i], _fingerprint(facts[i])) for i in project_ids}


def _fingerprint(facts: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:16]


def _transcripts(project_ids: Sequence[str]) -> Select[*tuple[Any, ...]]:
    """The words in use: each clip shows whether they differ from its own."""
    return select(Project.id, Project.transcript_id).where(Project.id.in_(project_ids))


def _notes(project_ids: Sequence[str]) -> Select[*tuple[Any, ...]]:
    query = select(Clip.project_id, Note.id, Note.resolved_at).join(Clip, Clip.id == Note.clip_id)
    return query.where(Clip.project_id.in_(project_ids)).order_by(Note.id)


def _renders(project_ids: Sequence[str]) -> Select[*tuple[Any, ...]]:
    query = select(Render.project_id, Render.id, Task.state).join(Task, Task.id == Render.task_id)
    return query.where(Render.project_id.in_(project_ids)).order_by(Render.id)
