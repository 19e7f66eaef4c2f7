"""The proposals of a run as clips, beside those that people touched."""

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
from clipper_core.services.assets import CertifiedCuts
from clipper_core.services.clips.outlines import outlines_of
from clipper_core.services.clips.views import VersionContent, new_version, newest_version


@dataclass(frozen=True, slots=True)
class RunProposals:
    """The proposals of a run, best first, and the map and transcript they rest on."""

    run_id: str
    proposals: Sequence[Proposal]
    map_id: str
    transcript_id: str | None


def add_proposals(session: Session, project: Project, run: RunProposals) -> None:
    """Replace the untouched proposals of earlier runs by those of a new run.

    Clips that people touched stay, also those touched while the run was choosing, and no proposal overlaps them. An
    untouched proposal of an earlier run stays if the new run proposes the same range on the same words; else it is
    deleted.

    Args:
        session: A transaction that holds the project.
        project: The recording.
        run: The new proposals.
    """
    taken = touched_ranges(session, project.id)
    touched = touched_clips(session, project.id)
    live = select(Clip).where(Clip.project_id == project.id, Clip.deleted_at.is_(None))
    untouched = {c.id: c for c in session.scalars(live) if c.id not in touched}
    earlier = {o.ranges: untouched[i] for i, o in outlines_of(session, list(untouched)).items()}
    fresh = [p for p in run.proposals if not any(p.span.overlaps(t) for t in taken)]
    for rank, proposal in enumerate(fresh, 1):
        same = earlier.pop((proposal.span,), None)
        if same is not None and newest_version(session, same).transcript_id == run.transcript_id:
            same.rank = rank
            continue
        if same is not None:
            same.deleted_at = now()
        _add(session, project.id, run, rank, proposal)
    for clip in earlier.values():
        clip.deleted_at = now()


def add_beside(session: Session, project: Project, run: RunProposals) -> None:
    """Add a run's proposals behind the clips there are, and delete none.

    A proposal that overlaps an existing clip is left out. The new ones rank behind all others, the best of them first.

    Args:
        session: A transaction that holds the project.
        project: The recording.
        run: The new proposals.
    """
    taken = all_ranges(session, project.id)
    ranks = select(func.max(Clip.rank)).where(Clip.project_id == project.id, Clip.deleted_at.is_(None))
    last = session.scalar(ranks) or 0
    fresh = [p for p in run.proposals if not any(p.span.overlaps(t) for t in taken)]
    for rank, proposal in enumerate(fresh, last + 1):
        _add(session, project.id, run, rank, proposal)


def _add(session: Session, project_id: str, run: RunProposals, rank: int, proposal: Proposal) -> None:
    clip = Clip(
        id=new_id("clp"),
        project_id=project_id,
        run_id=run.run_id,
        origin="proposed",
        rank=rank,
        reasons=list(proposal.reasons),
        alternatives=ranges_to_row(proposal.alternatives),
    )
    session.add(clip)
    session.flush()
    content = VersionContent(proposal.title, (proposal.span,), DEFAULT_PRESET, "Clipper")
    session.add(new_version(clip, content, CertifiedCuts(proposal.cuts, run.map_id, run.transcript_id)))


def all_ranges(session: Session, project_id: str) -> list[TimeRange]:
    """The ranges of all clips of a project, touched or not."""
    live = session.scalars(select(Clip.id).where(Clip.project_id == project_id, Clip.deleted_at.is_(None))).all()
    return [r for o in outlines_of(session, live).values() for r in o.ranges]


def touched_ranges(session: Session, project_id: str) -> list[TimeRange]:
    """The ranges of clips that people touched, which new proposals must not overlap."""
    touched = touched_clips(session, project_id)
    return [r for o in outlines_of(session, list(touched)).values() for r in o.ranges]


def touched_clips(session: Session, project_id: str) -> set[str]:
    """The ids of the clips that people made, changed, decided on or wrote notes about.

    A version that differs in its words alone is no touch: correcting a name everywhere makes many of them.
    """
    live = select(Clip).where(Clip.project_id == project_id, Clip.deleted_at.is_(None))
    clips = session.scalars(live, execution_options={"populate_existing": True}).all()
    ids = [c.id for c in clips]
    noted = set(session.scalars(select(Note.clip_id).where(Note.clip_id.in_(ids))))
    changed = [c.id for c in clips if c.revision > 1]
    versions = select(ClipVersion.clip_id, ClipVersion.title, ClipVersion.ranges, ClipVersion.transcript_id)
    versions = versions.where(ClipVersion.clip_id.in_(changed)).order_by(ClipVersion.clip_id, ClipVersion.number)
    automatic: Counter[str] = Counter()
    for (clip_id, *before, words), (next_id, *after, new) in pairwise(map(tuple, session.execute(versions))):
        automatic[clip_id] += clip_id == next_id and before == after and words != new
    return {c.id for c in clips if c.origin == "manual" or c.id in noted or c.revision - automatic[c.id] > 1}
