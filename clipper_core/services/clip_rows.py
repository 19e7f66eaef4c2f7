"""Clips as rows and as views: what the review, the pages and the proposals all read and write alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from clipper_core.db.models import Clip, ClipVersion, Decision, Project
from clipper_core.domain.clip import ClipStatus, Verdict, status_of
from clipper_core.domain.cut import Cut
from clipper_core.domain.documents import cut_from_json, cut_json, ranges_from_row, ranges_to_row
from clipper_core.domain.ids import new_id
from clipper_core.domain.time_range import TimeRange


@dataclass(frozen=True, slots=True)
class DecisionView:
    verdict: Verdict
    reason: str | None
    note: str | None
    by: str
    at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class ClipView:
    """A clip with its newest version, its status, and every decision on it in order."""

    id: str
    project_id: str
    title: str
    reasons: tuple[str, ...]
    rank: int | None
    origin: str
    status: ClipStatus
    version: int
    version_id: str
    ranges: tuple[TimeRange, ...]
    cuts: tuple[Cut, ...]
    alternatives: tuple[TimeRange, ...]
    preset: str
    revision: int
    changed_by: str
    decisions: tuple[DecisionView, ...]

    @property
    def start_ms(self) -> int:
        return self.ranges[0].start_ms

    @property
    def end_ms(self) -> int:
        return self.ranges[-1].end_ms

    @property
    def length_ms(self) -> int:
        return sum(r.length_ms for r in self.ranges)

    @property
    def decision(self) -> DecisionView | None:
        """The decision that stands on the newest version."""
        stack: list[DecisionView] = []
        for made in (d for d in self.decisions if d.version == self.version):
            if made.verdict is not Verdict.WITHDRAWN:
                stack.append(made)
            elif stack:
                stack.pop()
        return stack[-1] if stack else None


def clip_views(session: Session, clips: Sequence[Clip]) -> list[ClipView]:
    ids = [c.id for c in clips]
    versions = {
        (v.clip_id, v.number): v for v in session.scalars(select(ClipVersion).where(ClipVersion.clip_id.in_(ids)))
    }
    numbers = {v.id: v.number for v in versions.values()}
    made: dict[str, list[DecisionView]] = {i: [] for i in ids}
    for d in session.scalars(select(Decision).where(Decision.clip_id.in_(ids)).order_by(Decision.number)):
        number = numbers[d.version_id]
        made[d.clip_id].append(DecisionView(Verdict(d.verdict), d.reason, d.note, d.decided_by, d.decided_at, number))
    return [_view(c, versions[(c.id, c.newest)], made[c.id]) for c in clips]


def _view(clip: Clip, version: ClipVersion, decisions: list[DecisionView]) -> ClipView:
    return ClipView(
        id=clip.id,
        project_id=clip.project_id,
        title=version.title,
        reasons=tuple(clip.reasons),
        rank=clip.rank,
        origin=clip.origin,
        status=status_of(d.verdict for d in decisions if d.version == version.number),
        version=version.number,
        version_id=version.id,
        ranges=ranges_from_row(version.ranges),
        cuts=tuple(cut_from_json(c) for c in version.cuts),
        alternatives=ranges_from_row(clip.alternatives),
        preset=version.preset,
        revision=clip.revision,
        changed_by=decisions[-1].by if decisions and decisions[-1].version == version.number else version.created_by,
        decisions=tuple(decisions),
    )


def count_by_status(session: Session, project_ids: Sequence[str]) -> dict[str, tuple[dict[ClipStatus, int], str]]:
    """For each project: how many clips stand how, and a word that changes when any of its clips does."""
    live = select(Clip).where(Clip.project_id.in_(project_ids), Clip.deleted_at.is_(None))
    clips = session.scalars(live).all()
    newest = {(c.id, c.newest): c for c in clips}
    query = (
        select(ClipVersion.clip_id, ClipVersion.number, Decision.verdict)
        .join(Decision, Decision.version_id == ClipVersion.id)
        .where(ClipVersion.clip_id.in_([c.id for c in clips]))
        .order_by(Decision.number)
    )
    verdicts: dict[str, list[Verdict]] = {}
    for clip_id, number, verdict in session.execute(query):
        if (clip_id, number) in newest:
            verdicts.setdefault(clip_id, []).append(Verdict(verdict))
    out: dict[str, tuple[dict[ClipStatus, int], str]] = {}
    for project_id in project_ids:
        of_it = [c for c in clips if c.project_id == project_id]
        counts = dict.fromkeys(ClipStatus, 0)
        for clip in of_it:
            counts[status_of(verdicts.get(clip.id, ()))] += 1
        newest_made = max((c.created_at for c in of_it), default=None)
        stamp = newest_made.timestamp() if newest_made else 0
        out[project_id] = (counts, f"{len(of_it)}-{sum(c.revision for c in of_it)}-{stamp:.3f}")
    return out


def newest_version(session: Session, clip: Clip) -> ClipVersion:
    query = select(ClipVersion).where(ClipVersion.clip_id == clip.id, ClipVersion.number == clip.newest)
    return session.scalars(query).one()


def new_version(
    clip: Clip, project: Project, title: str, ranges: Sequence[TimeRange], cuts: Iterable[Cut], preset: str, by: str
) -> ClipVersion:
    return ClipVersion(
        id=new_id("ver"),
        clip_id=clip.id,
        number=clip.newest if clip.newest else 1,
        title=clean_text(title) or "Clip",
        ranges=ranges_to_row(ranges),
        cuts=[cut_json(c) for c in cuts],
        preset=preset,
        map_id=project.map_id,
        transcript_id=project.transcript_id,
        created_by=clean_text(by, 200),
    )


def clean_text(text: str | None, most: int = 300) -> str:
    shown = "".join(c if c.isprintable() or c == "\n" else " " for c in text or "")
    return shown.strip()[:most]


def decisions_json(decisions: Iterable[DecisionView]) -> list[dict[str, Any]]:
    return [
        {
            "decision": d.verdict.value,
            "reason": d.reason,
            "note": d.note,
            "by": d.by,
            "at": d.at.isoformat(),
            "version": d.version,
        }
        for d in decisions
    ]
