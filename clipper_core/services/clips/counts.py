"""How the clips of many recordings stand, and a word for each that changes when anything a desk shows of them does."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, and_, select
from sqlalchemy.orm import Session

from clipper_core.db.models import Clip, ClipVersion, Decision, Note, Project, Render, Task
from clipper_core.domain.clip import ClipStatus, Verdict, status_of


def count_by_status(session: Session, project_ids: Sequence[str]) -> dict[str, tuple[dict[ClipStatus, int], str]]:
    """For each project: how many clips stand how, and the word, which means nothing else."""
    verdicts: dict[str, list[Verdict]] = {}
    for clip_id, verdict in session.execute(_verdicts(project_ids)):
        verdicts.setdefault(clip_id, []).append(Verdict(verdict))
    seen: dict[str, list[str]] = {i: [] for i in project_ids}
    counts = {i: dict.fromkeys(ClipStatus, 0) for i in project_ids}
    for project_id, clip_id, revision, rank in session.execute(_clips(project_ids)):
        counts[project_id][status_of(verdicts.get(clip_id, ()))] += 1
        # Versions, decisions, a deletion and what undoes it all raise the revision; only a rank moves without.
        seen[project_id].append(f"{clip_id} {revision} {rank}")
    for query in (_words(project_ids), _notes(project_ids), _renders(project_ids)):
        for project_id, *told in session.execute(query):
            seen[project_id].append(" ".join(map(str, told)))
    return {i: (counts[i], hashlib.sha256("\n".join(seen[i]).encode()).hexdigest()[:16]) for i in project_ids}


def _clips(project_ids: Sequence[str]) -> Select[*tuple[Any, ...]]:
    query = select(Clip.project_id, Clip.id, Clip.revision, Clip.rank)
    return query.where(Clip.project_id.in_(project_ids), Clip.deleted_at.is_(None)).order_by(Clip.id)


def _verdicts(project_ids: Sequence[str]) -> Select[*tuple[Any, ...]]:
    """What was decided on the newest version of each clip, in order."""
    query = select(Decision.clip_id, Decision.verdict).join(ClipVersion, ClipVersion.id == Decision.version_id)
    query = query.join(Clip, and_(Clip.id == ClipVersion.clip_id, Clip.newest == ClipVersion.number))
    return query.where(Clip.project_id.in_(project_ids), Clip.deleted_at.is_(None)).order_by(Decision.number)


def _words(project_ids: Sequence[str]) -> Select[*tuple[Any, ...]]:
    """Clips show whether other words are known by now."""
    return select(Project.id, Project.transcript_id).where(Project.id.in_(project_ids))


def _notes(project_ids: Sequence[str]) -> Select[*tuple[Any, ...]]:
    query = select(Clip.project_id, Note.id, Note.resolved_at).join(Clip, Clip.id == Note.clip_id)
    return query.where(Clip.project_id.in_(project_ids)).order_by(Note.id)


def _renders(project_ids: Sequence[str]) -> Select[*tuple[Any, ...]]:
    query = select(Render.project_id, Render.id, Task.state).join(Task, Task.id == Render.task_id)
    return query.where(Render.project_id.in_(project_ids)).order_by(Render.id)
