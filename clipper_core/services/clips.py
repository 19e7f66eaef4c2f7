"""Clips, their versions, and the record of what people decided about them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import CursorResult, func, select, update
from sqlalchemy.orm import Session

from clipper_core.db.models import Clip, ClipVersion, Decision, Project, now
from clipper_core.db.session import Database
from clipper_core.domain.clip import ClipStatus, Proposal, Reason, Verdict, standing, status_of
from clipper_core.domain.cut import Cut
from clipper_core.domain.documents import cut_from_json, cut_json, ranges_from_row, ranges_to_row
from clipper_core.domain.ids import new_id
from clipper_core.domain.preset import DEFAULT_PRESET
from clipper_core.domain.time_range import TimeRange, in_order
from clipper_core.errors import BadRange, BadSettings, ClipNotFound, NothingToUndo, NotReady, ProjectNotFound, Stale

MOST_RANGES = 50
SHORTEST_MS = 200


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


class Evidence(Protocol):
    """Certifies cuts by a project's current map and words."""

    def certify(self, project_id: str, ranges: Sequence[TimeRange]) -> tuple[Cut, ...]: ...


class OnDecision(Protocol):
    """Told, inside the transaction, what was decided on which version; what it returns runs after the commit."""

    def decided(self, session: Session, clip: Clip, version: ClipVersion, status: ClipStatus) -> None: ...

    def after_commit(self) -> None: ...


class Clips:
    def __init__(self, database: Database, evidence: Evidence, on_decision: OnDecision) -> None:
        self._database = database
        self._evidence = evidence
        self._on_decision = on_decision

    # -- looking

    def of_project(self, project_id: str) -> list[ClipView]:
        """Every clip of a project: proposals by rank, then what people made, by time. Raises ProjectNotFound."""
        with self._database.read() as session:
            if session.get(Project, project_id) is None:
                raise ProjectNotFound
            query = select(Clip).where(Clip.project_id == project_id, Clip.deleted_at.is_(None))
            views = clip_views(session, session.scalars(query).all())
        return sorted(views, key=lambda c: (c.rank is None, c.rank or 0, c.start_ms, c.id))

    def get(self, clip_id: str) -> ClipView:
        """Raises ClipNotFound."""
        with self._database.read() as session:
            return clip_views(session, [_existing(session, clip_id)])[0]

    # -- by hand

    def create(self, project_id: str, ranges: Sequence[TimeRange], *, title: str = "", by: str = "") -> ClipView:
        """A clip made by a person. Raises ProjectNotFound, NotReady, BadRange."""
        with self._database.read() as session:
            project = _project(session, project_id)
        _check(ranges, project)
        cuts = self._evidence.certify(project_id, ranges)
        with self._database.write() as session:
            project = _project(session, project_id)
            clip = Clip(
                id=new_id("clp"), project_id=project_id, origin="manual", rank=None, reasons=[], alternatives=[]
            )
            session.add(clip)
            session.flush()
            _add_version(session, clip, project, title or _made_title(ranges), ranges, cuts, DEFAULT_PRESET, by)
            return clip_views(session, [clip])[0]

    def revise(
        self,
        clip_id: str,
        seen: int,
        *,
        ranges: Sequence[TimeRange] | None = None,
        title: str | None = None,
        by: str = "",
    ) -> ClipView:
        """A new version of a clip somebody saw at revision ``seen``. Raises ClipNotFound, Stale, BadRange."""
        with self._database.read() as session:
            clip = _existing(session, clip_id)
            project = _project(session, clip.project_id)
            old = _newest(session, clip)
        spans = tuple(ranges) if ranges is not None else ranges_from_row(old.ranges)
        _check(spans, project)
        cuts = self._evidence.certify(clip.project_id, spans)
        with self._database.write() as session:
            clip = self._step(session, clip_id, seen)
            old = _newest(session, clip)
            clip.newest += 1
            name = _clean(title) if title is not None else old.title
            _add_version(session, clip, project, name or old.title, spans, cuts, old.preset, by)
            return clip_views(session, [clip])[0]

    def delete(self, clip_id: str, seen: int) -> None:
        """Put a clip away. Raises ClipNotFound, Stale."""
        with self._database.write() as session:
            self._step(session, clip_id, seen).deleted_at = now()

    def decide(
        self,
        clip_id: str,
        seen: int,
        verdict: Verdict,
        *,
        reason: str | None = None,
        note: str | None = None,
        by: str = "",
    ) -> ClipView:
        """Add a decision on the newest version of a clip somebody saw at revision ``seen``.

        Raises ClipNotFound, Stale, NothingToUndo, BadSettings.
        """
        if reason is not None and reason not in set(Reason):
            raise BadSettings("This reason is not one of those Clipper knows. Choose one from the list.")
        with self._database.write() as session:
            clip = self._step(session, clip_id, seen)
            version = _newest(session, clip)
            before = _verdicts(session, version.id)
            if verdict is Verdict.WITHDRAWN and not standing(before):
                raise NothingToUndo
            session.add(
                Decision(
                    id=new_id("dec"),
                    clip_id=clip.id,
                    version_id=version.id,
                    number=clip.revision,
                    verdict=verdict.value,
                    reason=reason,
                    note=_clean(note, 4000) or None if note else None,
                    decided_by=_clean(by, 200),
                )
            )
            session.flush()
            self._on_decision.decided(session, clip, version, status_of([*before, verdict]))
            view = clip_views(session, [clip])[0]
        self._on_decision.after_commit()
        return view

    @staticmethod
    def _step(session: Session, clip_id: str, seen: int) -> Clip:
        """Raise the clip's revision, if it still is the one that was seen."""
        stepped = (
            update(Clip)
            .where(Clip.id == clip_id, Clip.revision == seen, Clip.deleted_at.is_(None))
            .values(revision=Clip.revision + 1)
            .execution_options(synchronize_session=False)
        )
        result = session.execute(stepped)
        assert isinstance(result, CursorResult)
        clip = session.get(Clip, clip_id, populate_existing=True)
        if clip is None or clip.deleted_at is not None:
            raise ClipNotFound
        if result.rowcount == 0:
            raise Stale
        return clip


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
        if same is not None and _newest(session, same).transcript_id == transcript_id:
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
        version = _version(clip, project, proposal.title, (proposal.span,), proposal.cuts, DEFAULT_PRESET, "Clipper")
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


def _check(ranges: Sequence[TimeRange], project: Project) -> None:
    if not ranges or len(ranges) > MOST_RANGES:
        raise BadRange(f"A clip is made of 1 to {MOST_RANGES} stretches. Choose at least one.")
    end_ms = (project.media or {}).get("duration_ms") or 0
    if not in_order(ranges) or ranges[-1].end_ms > end_ms or any(r.length_ms < SHORTEST_MS for r in ranges):
        raise BadRange


def _project(session: Session, project_id: str) -> Project:
    project = session.get(Project, project_id)
    if project is None or project.deleted_at is not None:
        raise ProjectNotFound
    if project.map_id is None:
        raise NotReady("The silences of this recording are not mapped yet. Wait until the desk opens.")
    return project


def _existing(session: Session, clip_id: str) -> Clip:
    clip = session.get(Clip, clip_id)
    if clip is None or clip.deleted_at is not None:
        raise ClipNotFound
    return clip


def _newest(session: Session, clip: Clip) -> ClipVersion:
    query = select(ClipVersion).where(ClipVersion.clip_id == clip.id, ClipVersion.number == clip.newest)
    return session.scalars(query).one()


def _verdicts(session: Session, version_id: str) -> list[Verdict]:
    query = select(Decision.verdict).where(Decision.version_id == version_id).order_by(Decision.number)
    return [Verdict(v) for v in session.scalars(query)]


def _add_version(
    session: Session,
    clip: Clip,
    project: Project,
    title: str,
    ranges: Sequence[TimeRange],
    cuts: Iterable[Cut],
    preset: str,
    by: str,
) -> None:
    session.add(_version(clip, project, title, ranges, cuts, preset, by))
    session.flush()


def _version(
    clip: Clip, project: Project, title: str, ranges: Sequence[TimeRange], cuts: Iterable[Cut], preset: str, by: str
) -> ClipVersion:
    return ClipVersion(
        id=new_id("ver"),
        clip_id=clip.id,
        number=clip.newest if clip.newest else 1,
        title=_clean(title) or "Clip",
        ranges=ranges_to_row(ranges),
        cuts=[cut_json(c) for c in cuts],
        preset=preset,
        map_id=project.map_id,
        transcript_id=project.transcript_id,
        created_by=_clean(by, 200),
    )


def _made_title(ranges: Sequence[TimeRange]) -> str:
    minutes, ms = divmod(ranges[0].start_ms, 60_000)
    return f"Clip at {minutes}:{ms // 1000:02d}"


def _clean(text: str | None, most: int = 300) -> str:
    shown = "".join(c if c.isprintable() or c == "\n" else " " for c in text or "")
    return shown.strip()[:most]


def newest_revision(session: Session, clip_id: str) -> int:
    return int(session.scalar(select(func.max(Clip.revision)).where(Clip.id == clip_id)) or 0)


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
