"""Clips, their versions, and the record of what people decided about them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from sqlalchemy import CursorResult, select, update
from sqlalchemy.orm import Session

from clipper_core.db.models import Clip, ClipVersion, Decision, Project, now
from clipper_core.db.session import Database
from clipper_core.domain.clip import ClipStatus, Reason, Verdict, standing, status_of
from clipper_core.domain.cut import Cut
from clipper_core.domain.documents import ranges_from_row
from clipper_core.domain.ids import new_id
from clipper_core.domain.preset import DEFAULT_PRESET
from clipper_core.domain.time_range import TimeRange, in_order
from clipper_core.errors import BadRange, BadSettings, ClipNotFound, NothingToUndo, NotReady, ProjectNotFound, Stale
from clipper_core.services.clip_rows import (
    ClipView,
    clean_text,
    clip_views,
    new_version,
    newest_version,
)
from clipper_core.services.evidence import NOT_MAPPED
from clipper_core.services.tasks import lock_project

MOST_RANGES = 50
SHORTEST_MS = 200


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
            old = newest_version(session, clip)
        spans = tuple(ranges) if ranges is not None else ranges_from_row(old.ranges)
        _check(spans, project)
        cuts = self._evidence.certify(clip.project_id, spans)
        with self._database.write() as session:
            clip = self._step(session, clip_id, seen)
            old = newest_version(session, clip)
            clip.newest += 1
            name = clean_text(title) if title is not None else old.title
            _add_version(session, clip, project, name or old.title, spans, cuts, old.preset, by)
            return clip_views(session, [clip])[0]

    def delete(self, clip_id: str, seen: int) -> None:
        """Put a clip away. Raises ClipNotFound, Stale."""
        with self._database.write() as session:
            clip = self._step(session, clip_id, seen)
            clip.deleted_at = now()
            self._on_decision.decided(session, clip, newest_version(session, clip), ClipStatus.REJECTED)
        self._on_decision.after_commit()

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
            version = newest_version(session, clip)
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
                    note=clean_text(note, 4000) or None if note else None,
                    decided_by=clean_text(by, 200),
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
        lock_project(session, _existing(session, clip_id).project_id)
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
        raise NotReady(NOT_MAPPED)
    return project


def _existing(session: Session, clip_id: str) -> Clip:
    clip = session.get(Clip, clip_id)
    if clip is None or clip.deleted_at is not None or session.get_one(Project, clip.project_id).deleted_at is not None:
        raise ClipNotFound
    return clip


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
    session.add(new_version(clip, project, title, ranges, cuts, preset, by))
    session.flush()


def _made_title(ranges: Sequence[TimeRange]) -> str:
    minutes, ms = divmod(ranges[0].start_ms, 60_000)
    return f"Clip at {minutes}:{ms // 1000:02d}"
