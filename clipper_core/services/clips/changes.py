"""How clips are changed: each change one transaction that holds the recording, and is made once for each key."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from sqlalchemy import CursorResult, select, update
from sqlalchemy.orm import Session

from clipper_core.db import lookups
from clipper_core.db.codecs import ranges_from_row
from clipper_core.db.models import Clip, ClipVersion, Project, Task
from clipper_core.db.session import Database
from clipper_core.domain.clip import ClipStatus
from clipper_core.domain.ids import new_id
from clipper_core.domain.time_range import TimeRange, in_order
from clipper_core.errors import BadRange, ClipNotFound, Stale
from clipper_core.services.assets.measured import CertifiedCuts
from clipper_core.services.clips.idempotency import answered, remember
from clipper_core.services.clips.record import Records, read_records
from clipper_core.services.clips.views import ClipView, ReadRecords, clip_views, new_version, newest_version

MOST_RANGES = 50
SHORTEST_MS = 200
NOBODY = ("", "Clipper")


class Certifier(Protocol):
    """Certifies cuts by a project's current map and words, and compares these words with earlier ones."""

    def certified(self, project_id: str, ranges: Sequence[TimeRange]) -> CertifiedCuts: ...

    def words_changed(self, before_id: str | None, now_id: str | None, ranges: Sequence[TimeRange]) -> bool: ...


class OnDecision(Protocol):
    """Told, inside the transaction, how a version stands by now; rings after the commit for what it says follows."""

    def decided(self, session: Session, clip: Clip, version: ClipVersion, status: ClipStatus) -> Sequence[Task]: ...

    def ring(self, tasks: Sequence[Task]) -> None: ...


Made = Callable[[Session, list[Task]], Sequence[Clip]]
"""A change inside its transaction: it adds the tasks that follow to the list, and names the clips that came of it."""

Viewed = tuple[ClipView, str | None]
"""A clip, and the words its project has in use."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The newest version of a clip, and the recording it is of."""

    project: Project
    version: ClipVersion

    @property
    def ranges(self) -> tuple[TimeRange, ...]:
        return ranges_from_row(self.version.ranges)


Plan = Callable[..., Made]
"""From what was seen of some clips, a ``Seen`` each: the change to make."""


class Changes:
    """What every change of clips goes through."""

    def __init__(self, database: Database, certifier: Certifier, on_decision: OnDecision) -> None:
        self._database = database
        self._certifier = certifier
        self._on_decision = on_decision
        self._records = Records()

    # -- before a change

    def project_of(self, clip_id: str) -> str:
        """Also of a deleted clip. Raises ClipNotFound."""
        with self._database.read() as session:
            project_id = session.scalar(select(Clip.project_id).where(Clip.id == clip_id))
        if project_id is None:
            raise ClipNotFound
        return project_id

    def look(self, scope: str, key: str | None, *clips: tuple[str, int]) -> tuple[Seen, ...] | None:
        """What somebody saw who wants to change these clips (ids and revisions); None where it was done by this key.

        At one moment: an equal request may be under way. Raises ClipNotFound, Stale, NotReady.
        """
        with self._database.read() as session:
            if answered(session, scope, key) is not None:
                return None
            return tuple(_seen(session, clip_id, revision) for clip_id, revision in clips)

    def again(self, project_id: str, scope: str, key: str | None) -> list[ClipView]:
        """What is there by now of the clips that came of a change that was made."""
        with self._database.read() as session:
            views = self._views(session, project_id, answered(session, scope, key) or [])
        return self.shown(views)

    def certified(self, project: Project, ranges: Sequence[TimeRange]) -> CertifiedCuts:
        """The ranges' certificates. Raises BadRange where they can't be a clip of this recording."""
        check(ranges, project)
        return self._certifier.certified(project.id, ranges)

    # -- the change

    def make(self, project_id: str, scope: str, key: str | None, change: Made) -> list[ClipView]:
        """Make a change, unless it was made before by this key; what is there by now of the clips that came of it.

        Raises what ``change`` raises, with nothing changed.
        """
        follow: list[Task] = []
        with self._database.write() as session:
            lookups.lock_project(session, project_id)
            before = answered(session, scope, key)
            if before is None:
                ids = [c.id for c in change(session, follow)]
                remember(session, scope, key, ids)
            else:
                ids = before
            views = self._views(session, project_id, ids)
        self._on_decision.ring(follow)
        return self.shown(views)

    def planned(self, clip_id: str, key: str | None, plan: Plan, *clips: tuple[str, int]) -> list[ClipView]:
        """The same for a change that rests on what somebody saw of some clips (ids and revisions).

        ``plan`` is told what that was, outside of any transaction, and names the change. Raises what it raises.
        """
        project_id = self.project_of(clip_id)
        looked = self.look(clip_id, key, *clips)
        if looked is None:
            return self.again(project_id, clip_id, key)
        return self.make(project_id, clip_id, key, plan(*looked))

    def follow(self, session: Session, clip: Clip, version: ClipVersion, status: ClipStatus) -> list[Task]:
        """Tell how a version stands by now; the tasks to ring for."""
        return list(self._on_decision.decided(session, clip, version, status))

    # -- after it

    def read(self, session: Session, project_id: str, ids: Sequence[str] | None = None) -> list[Viewed]:
        """Clips of a project that are there (all, or these in this order), in a transaction that only looks."""
        return self._views(session, project_id, ids, self._records.read)

    @staticmethod
    def _views(
        session: Session, project_id: str, ids: Sequence[str] | None, records: ReadRecords = read_records
    ) -> list[Viewed]:
        query = select(Clip).where(Clip.project_id == project_id, Clip.deleted_at.is_(None))
        if ids is not None:
            query = query.where(Clip.id.in_(ids))
        clips = session.scalars(query, execution_options={"populate_existing": True}).all()
        ordered = sorted(clips, key=lambda c: ids.index(c.id) if ids is not None else 0)
        views = clip_views(session, ordered, records)
        transcript_id = session.scalar(select(Project.transcript_id).where(Project.id == project_id))
        return [(v, transcript_id) for v in views]

    def shown(self, views: Iterable[Viewed]) -> list[ClipView]:
        """The views, with whether their words changed; outside of any transaction, since words may have to be read."""
        changed = self._certifier.words_changed
        return [replace(v, words_changed=changed(v.transcript_id, words, v.ranges)) for v, words in views]


def _seen(session: Session, clip_id: str, revision: int) -> Seen:
    clip = existing(session, clip_id)
    if clip.revision != revision:
        raise _stale(session, clip)
    return Seen(lookups.mapped_project(session, clip.project_id), newest_version(session, clip))


def only(views: Sequence[ClipView]) -> ClipView:
    """The clip that came of a change. Raises ClipNotFound where it was deleted since."""
    if not views:
        raise ClipNotFound
    return views[0]


def step(session: Session, clip_id: str, seen: int, *, deleted: bool = False, **values: Any) -> Clip:
    """Raise the revision of a clip, if it still is the one that was seen, and set ``values``.

    Raises ClipNotFound, Stale.
    """
    there = Clip.deleted_at.is_not(None) if deleted else Clip.deleted_at.is_(None)
    stepped = update(Clip).where(Clip.id == clip_id, Clip.revision == seen, there)
    stepped = stepped.values(revision=Clip.revision + 1, **values).execution_options(synchronize_session=False)
    existing(session, clip_id, deleted=deleted)
    result = session.execute(stepped)
    assert isinstance(result, CursorResult)
    clip = session.get_one(Clip, clip_id, populate_existing=True)
    if result.rowcount == 0:
        raise _stale(session, clip)
    return clip


def existing(session: Session, clip_id: str, *, deleted: bool = False) -> Clip:
    """A clip that is there, or with ``deleted`` one that was put away too. Raises ClipNotFound."""
    clip = session.get(Clip, clip_id, populate_existing=True)
    if clip is None or session.get_one(Project, clip.project_id).deleted_at is not None:
        raise ClipNotFound
    if clip.deleted_at is not None and not deleted:
        by = clip.deleted_by
        raise ClipNotFound(f"{by} deleted this clip. Go on with the next one, or ask for it back." if by else None)
    return clip


def _stale(session: Session, clip: Clip) -> Stale:
    by = clip_views(session, [clip])[0].changed_by
    if by in NOBODY:
        return Stale()
    return Stale(f"{by} changed this clip while you had it open. Look at the new version, then decide again.")


def check(ranges: Sequence[TimeRange], project: Project) -> None:
    """Raise BadRange where these ranges can't be a clip of the recording."""
    if not ranges or len(ranges) > MOST_RANGES:
        raise BadRange(f"A clip is made of 1 to {MOST_RANGES} stretches. Choose at least one.")
    end_ms = (project.media or {}).get("duration_ms") or 0
    if not in_order(ranges) or ranges[-1].end_ms > end_ms or any(r.length_ms < SHORTEST_MS for r in ranges):
        raise BadRange


def new_clip(session: Session, project_id: str) -> Clip:
    """A clip made by a person, which needs its first version."""
    clip = Clip(id=new_id("clp"), project_id=project_id, origin="manual", reasons=[], alternatives=[])
    session.add(clip)
    session.flush()
    return clip


def add_version(
    session: Session,
    clip: Clip,
    title: str,
    ranges: Sequence[TimeRange],
    certified: CertifiedCuts,
    preset: str,
    by: str,
) -> None:
    """Add the clip's newest version, resting on what its cuts were certified by."""
    project = session.get_one(Project, clip.project_id)
    version = new_version(clip, project, title, ranges, certified.cuts, preset, by)
    version.map_id, version.transcript_id = certified.map_id, certified.transcript_id
    session.add(version)
    session.flush()
