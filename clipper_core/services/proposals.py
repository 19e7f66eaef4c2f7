"""A run's proposals as clips, beside what people have touched."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from clipper_core.db.models import Clip, Project, now
from clipper_core.domain.clip import Proposal
from clipper_core.domain.documents import ranges_to_row
from clipper_core.domain.ids import new_id
from clipper_core.domain.preset import DEFAULT_PRESET
from clipper_core.domain.time_range import TimeRange
from clipper_core.services.clip_rows import clip_views, new_version, newest_version


def add_proposals(
    session: Session,
    project: Project,
    run_id: str,
    proposals: Sequence[Proposal],
    map_id: str,
    transcript_id: str | None,
) -> None:
    """Put a run's proposals beside what is there.

    What people touched stays, and no proposal overlaps it, not even one somebody touched while the run was choosing.
    An untouched proposal of an earlier run stays where the new run proposes the same stretch, else it makes room.
    """
    kept = kept_stretches(session, project.id)
    query = select(Clip).where(Clip.project_id == project.id, Clip.deleted_at.is_(None), Clip.origin == "proposed")
    untouched = session.scalars(query.where(Clip.revision == 1)).all()
    earlier = {v.ranges: c for v, c in zip(clip_views(session, untouched), untouched, strict=True)}
    fresh = [p for p in proposals if not any(p.span.overlaps(k) for k in kept)]
    for rank, proposal in enumerate(fresh, 1):
        same = earlier.pop((proposal.span,), None)
        if same is not None and newest_version(session, same).transcript_id == transcript_id:
            same.rank = rank
            continue
        if same is not None:
            same.deleted_at = now()
        clip = Clip(
            id=new_id("clp"),
            project_id=project.id,
            run_id=run_id,
            origin="proposed",
            rank=rank,
            reasons=list(proposal.reasons),
            alternatives=ranges_to_row(proposal.alternatives),
        )
        session.add(clip)
        session.flush()
        version = new_version(clip, project, proposal.title, (proposal.span,), proposal.cuts, DEFAULT_PRESET, "Clipper")
        version.map_id, version.transcript_id = map_id, transcript_id
        session.add(version)
    for clip in earlier.values():
        clip.deleted_at = now()


def kept_stretches(session: Session, project_id: str) -> list[TimeRange]:
    """The stretches of clips that people touched: new proposals stay off them."""
    clips = session.scalars(
        select(Clip).where(Clip.project_id == project_id, Clip.deleted_at.is_(None), Clip.revision > 1)
    ).all()
    made = session.scalars(
        select(Clip).where(Clip.project_id == project_id, Clip.deleted_at.is_(None), Clip.origin == "manual")
    ).all()
    views = clip_views(session, list({c.id: c for c in [*clips, *made]}.values()))
    return [r for v in views for r in v.ranges]
