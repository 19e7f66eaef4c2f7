"""A run's proposals as clips, beside what people have touched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from clipper_core.db.codecs import ranges_to_row
from clipper_core.db.models import Clip, ClipVersion, Note, Project, now
from clipper_core.domain.clip import Proposal
from clipper_core.domain.ids import new_id
from clipper_core.domain.preset import DEFAULT_PRESET
from clipper_core.domain.time_range import TimeRange
from clipper_core.services.clips.outlines import outlines
from clipper_core.services.clips.views import new_version, newest_version


@dataclass(frozen=True, slots=True)
class Found:
    """What a run proposes, best first, and the map and transcript it rests on."""

    run_id: str
    proposals: Sequence[Proposal]
    map_id: str
    transcript_id: str | None


def add_proposals(session: Session, project: Project, found: Found) -> None:
    """Put a run's proposals beside what is there.

    What people touched stays, and no proposal overlaps it, not even one somebody touched while the run was choosing.
    An untouched proposal of an earlier run stays where the new run proposes the same stretch, else it makes room.
    """
    kept = kept_stretches(session, project.id)
    touched = touched_clips(session, project.id)
    live = select(Clip).where(Clip.project_id == project.id, Clip.deleted_at.is_(None))
    untouched = {c.id: c for c in session.scalars(live) if c.id not in touched}
    earlier = {o.ranges: untouched[i] for i, o in outlines(session, list(untouched)).items()}
    fresh = [p for p in found.proposals if not any(p.span.overlaps(k) for k in kept)]
    for rank, proposal in enumerate(fresh, 1):
        same = earlier.pop((proposal.span,), None)
        if same is not None and newest_version(session, same).transcript_id == found.transcript_id:
            same.rank = rank
            continue
        if same is not None:
            same.deleted_at = now()
        _add(session, project, found, rank, proposal)
    for clip in earlier.values():
        clip.deleted_at = now()


def add_beside(session: Session, project: Project, found: Found) -> None:
    """Add to what is there, and put nothing away: what overlaps a clip that exists is left out.

    The new ones rank behind all others, the best of them first.
    """
    there = all_stretches(session, project.id)
    ranks = select(func.max(Clip.rank)).where(Clip.project_id == project.id, Clip.deleted_at.is_(None))
    last = session.scalar(ranks) or 0
    fresh = [p for p in found.proposals if not any(p.span.overlaps(t) for t in there)]
    for rank, proposal in enumerate(fresh, last + 1):
        _add(session, project, found, rank, proposal)


def _add(session: Session, project: Project, found: Found, rank: int, proposal: Proposal) -> None:
    clip = Clip(
        id=new_id("clp"),
        project_id=project.id,
        run_id=found.run_id,
        origin="proposed",
        rank=rank,
        reasons=list(proposal.reasons),
        alternatives=ranges_to_row(proposal.alternatives),
    )
    session.add(clip)
    session.flush()
    version = new_version(clip, project, proposal.title, (proposal.span,), proposal.cuts, DEFAULT_PRESET, "Clipper")
    version.map_id, version.transcript_id = found.map_id, found.transcript_id
    session.add(version)


def all_stretches(session: Session, project_id: str) -> list[TimeRange]:
    """The stretches of all clips of a project, touched or not."""
    there = session.scalars(select(Clip.id).where(Clip.project_id == project_id, Clip.deleted_at.is_(None))).all()
    return [r for o in outlines(session, there).values() for r in o.ranges]


def kept_stretches(session: Session, project_id: str) -> list[TimeRange]:
    """The stretches of clips that people touched: new proposals stay off them."""
    touched = touched_clips(session, project_id)
    return [r for o in outlines(session, list(touched)).values() for r in o.ranges]


def touched_clips(session: Session, project_id: str) -> set[str]:
    """The clips that people made, changed, decided on or said something about.

    A version that differs in its words alone is no touch: a name that was corrected everywhere makes many.
    """
    live = select(Clip).where(Clip.project_id == project_id, Clip.deleted_at.is_(None))
    clips = session.scalars(live, execution_options={"populate_existing": True}).all()
    ids = [c.id for c in clips]
    noted = set(session.scalars(select(Note.clip_id).where(Note.clip_id.in_(ids))))
    stepped = [c.id for c in clips if c.revision > 1]
    versions = select(ClipVersion.clip_id, ClipVersion.title, ClipVersion.ranges, ClipVersion.transcript_id)
    versions = versions.where(ClipVersion.clip_id.in_(stepped)).order_by(ClipVersion.clip_id, ClipVersion.number)
    by_itself: Counter[str] = Counter()
    for (clip_id, *before, words), (next_id, *after, new) in pairwise(map(tuple, session.execute(versions))):
        by_itself[clip_id] += clip_id == next_id and before == after and words != new
    return {c.id for c in clips if c.origin == "manual" or c.id in noted or c.revision - by_itself[c.id] > 1}
