"""Changes of clips: each is one transaction that holds the recording, and is applied once per idempotency key."""

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
from clipper_core.services.assets import CertifiedCuts
from clipper_core.services.clips.idempotency import record_result, result_of
from clipper_core.services.clips.record import Records, read_records
from clipper_core.services.clips.views import (
    ClipView,
    ReadRecords,
    VersionContent,
    clip_views,
    new_version,
    newest_version,
)

MAX_RANGES = 50
MIN_RANGE_MS = 200
WITHOUT_NAME = ("", "Clipper")  # authors that "… changed this clip" can't name


class Certifier(Protocol):
    """Certifies cuts by a project's current map and words, and compares these words with earlier ones."""

    def certified(self, project_id: str, ranges: Sequence[TimeRange]) -> CertifiedCuts: ...

    def words_changed(self, before_id: str | None, now_id: str | None, ranges: Sequence[TimeRange]) -> bool:
        """True if two transcripts have different words in these ranges.

        Args:
            before_id: The earlier transcript; None if there was none.
            now_id: The newer transcript; None if there is none.
            ranges: The ranges to compare, in ms of the recording.
        """


class OnDecision(Protocol):
    """Called in the transaction with a version's new status; after the commit, queues the tasks it returned."""

    def decided(self, session: Session, clip: Clip, version: ClipVersion, status: ClipStatus) -> Sequence[Task]:
        """Prepare the work that follows from a version's new status.

        Args:
            session: The transaction of the change.
            clip: The changed clip.
            version: The version whose status is new.
            status: Its status after the change.

        Returns:
            The tasks to ring for after the commit.
        """

    def ring(self, tasks: Sequence[Task]) -> None: ...


@dataclass(frozen=True, slots=True)
class ChangeRequest:
    """The project a change is made in, and the idempotency key it was sent with, in the key's scope."""

    project_id: str
    scope: str
    key: str | None


@dataclass(frozen=True, slots=True)
class ExpectedClip:
    """A clip at the revision its sender last saw; a change of any other revision is refused."""

    id: str
    revision: int


@dataclass(frozen=True, slots=True)
class CurrentClip:
    """The newest version of a clip, and its recording."""

    project: Project
    version: ClipVersion

    @property
    def ranges(self) -> tuple[TimeRange, ...]:
        return ranges_from_row(self.version.ranges)


Change = Callable[[Session, list[Task]], Sequence[Clip]]
"""A change inside its transaction: it adds the tasks that follow to the list, and returns the clips it made."""

ClipAndWords = tuple[ClipView, str | None]
"""A clip, and the id of the transcript its project uses."""


class Changes:
    """The steps of every change: read what was seen, certify outside of any transaction, apply once."""

    def __init__(self, database: Database, certifier: Certifier, on_decision: OnDecision) -> None:
        self._database = database
        self._certifier = certifier
        self._on_decision = on_decision
        self._records = Records()

    # -- before a change

    def project_of(self, clip_id: str) -> str:
        """The project of a clip, also of a deleted one. Raises ClipNotFound."""
        with self._database.read() as session:
            project_id = session.scalar(select(Clip.project_id).where(Clip.id == clip_id))
        if project_id is None:
            raise ClipNotFound
        return project_id

    def request_for(self, clip_id: str, key: str | None) -> ChangeRequest:
        """A request to change a clip. Raises ClipNotFound."""
        return ChangeRequest(self.project_of(clip_id), clip_id, key)

    def read_seen(self, request: ChangeRequest, *clips: ExpectedClip) -> tuple[CurrentClip, ...] | None:
        """The clips a change rests on, if each is still at its expected revision.

        All of it is read in one transaction: an equal request may be under way.

        Returns:
            The clips in the given order; None if the change was applied before, with the request's key.

        Raises:
            ClipNotFound, Stale, NotReady.
        """
        with self._database.read() as session:
            if result_of(session, request.scope, request.key) is not None:
                return None
            return tuple(_current(session, clip) for clip in clips)

    def replay(self, request: ChangeRequest) -> list[ClipView]:
        """The clips that an earlier change with this key made, as they are now."""
        with self._database.read() as session:
            made = result_of(session, request.scope, request.key) or []
            views = self._views(session, request.project_id, made)
        return self.with_words_changed(views)

    def certified(self, project: Project, ranges: Sequence[TimeRange]) -> CertifiedCuts:
        """The ranges' certificates. Raises BadRange if they can't be a clip of this recording."""
        check_ranges(ranges, project)
        return self._certifier.certified(project.id, ranges)

    # -- the change

    def apply_once(self, request: ChangeRequest, change: Change) -> list[ClipView]:
        """Apply a change once per key. Returns its clips as they are now.

        Raises what ``change`` raises, with nothing changed.
        """
        tasks: list[Task] = []
        with self._database.write() as session:
            lookups.lock_project(session, request.project_id)
            clip_ids = result_of(session, request.scope, request.key)
            if clip_ids is None:
                clip_ids = [c.id for c in change(session, tasks)]
                record_result(session, request.scope, request.key, clip_ids)
            views = self._views(session, request.project_id, clip_ids)
        self._on_decision.ring(tasks)
        return self.with_words_changed(views)

    def tasks_after(self, session: Session, clip: Clip, version: ClipVersion, status: ClipStatus) -> list[Task]:
        """The tasks that follow from a version's new status.

        Args:
            session: The transaction of the change.
            clip: The changed clip.
            version: The version whose status is new.
            status: Its status after the change.
        """
        return list(self._on_decision.decided(session, clip, version, status))

    # -- after it

    def read(self, session: Session, project_id: str, ids: Sequence[str] | None = None) -> list[ClipAndWords]:
        """The clips of a project that are not deleted, with cached records.

        Args:
            session: A transaction that only reads: records it has not committed must not be cached.
            project_id: The project.
            ids: Only these clips, in this order; None for all.
        """
        return self._views(session, project_id, ids, self._records.read)

    @staticmethod
    def _views(
        session: Session, project_id: str, ids: Sequence[str] | None, records: ReadRecords = read_records
    ) -> list[ClipAndWords]:
        query = select(Clip).where(Clip.project_id == project_id, Clip.deleted_at.is_(None))
        if ids is not None:
            query = query.where(Clip.id.in_(ids))
        clips = session.scalars(query, execution_options={"populate_existing": True}).all()
        ordered = sorted(clips, key=lambda c: ids.index(c.id) if ids is not None else 0)
        views = clip_views(session, ordered, records)
        transcript_id = session.scalar(select(Project.transcript_id).where(Project.id == project_id))
        return [(v, transcript_id) for v in views]

    def with_words_changed(self, views: Iterable[ClipAndWords]) -> list[ClipView]:
        """The views, each told whether its words changed.

        To be called outside of any transaction, since transcripts may have to be read from the file store.
        """
        changed = self._certifier.words_changed
        return [replace(v, words_changed=changed(v.transcript_id, words, v.ranges)) for v, words in views]


def single(views: Sequence[ClipView]) -> ClipView:
    """The one clip of a change. Raises ClipNotFound if it was deleted since."""
    if not views:
        raise ClipNotFound
    return views[0]


def bump_revision(session: Session, expected: ExpectedClip, *, deleted: bool = False, **values: Any) -> Clip:
    """Raise the revision of a clip, if it is still the expected one.

    Args:
        session: The transaction of the change.
        expected: The clip and its expected revision.
        deleted: Whether the clip must be deleted now; else it must not be.
        values: Columns of the clip to set as well.

    Returns:
        The clip as it is after that.

    Raises:
        ClipNotFound, Stale.
    """
    there = Clip.deleted_at.is_not(None) if deleted else Clip.deleted_at.is_(None)
    bump = update(Clip).where(Clip.id == expected.id, Clip.revision == expected.revision, there)
    bump = bump.values(revision=Clip.revision + 1, **values).execution_options(synchronize_session=False)
    existing_clip(session, expected.id, deleted=deleted)
    result = session.execute(bump)
    assert isinstance(result, CursorResult)
    clip = session.get_one(Clip, expected.id, populate_existing=True)
    if result.rowcount == 0:
        raise _stale(session, clip)
    return clip


def existing_clip(session: Session, clip_id: str, *, deleted: bool = False) -> Clip:
    """A clip as the database has it. A clip of a deleted recording does not exist.

    Args:
        session: The caller's transaction.
        clip_id: The clip.
        deleted: Accept a deleted clip too.

    Raises:
        ClipNotFound: There is none, or it is deleted and may not be.
    """
    clip = session.get(Clip, clip_id, populate_existing=True)
    if clip is None or session.get_one(Project, clip.project_id).deleted_at is not None:
        raise ClipNotFound
    if clip.deleted_at is not None and not deleted:
        by = clip.deleted_by
        raise ClipNotFound(f"{by} deleted this clip. Go on with the next one, or ask for it back." if by else None)
    return clip


def _current(session: Session, expected: ExpectedClip) -> CurrentClip:
    clip = existing_clip(session, expected.id)
    if clip.revision != expected.revision:
        raise _stale(session, clip)
    return CurrentClip(lookups.mapped_project(session, clip.project_id), newest_version(session, clip))


def _stale(session: Session, clip: Clip) -> Stale:
    by = clip_views(session, [clip])[0].changed_by
    if by in WITHOUT_NAME:
        return Stale()
    return Stale(f"{by} changed this clip while you had it open. Look at the new version, then decide again.")


def check_ranges(ranges: Sequence[TimeRange], project: Project) -> None:
    """Raise BadRange if these ranges can't be a clip of the recording."""
    if not ranges or len(ranges) > MAX_RANGES:
        raise BadRange(f"A clip is made of 1 to {MAX_RANGES} stretches. Choose at least one.")
    end_ms = (project.media or {}).get("duration_ms") or 0
    if not in_order(ranges) or ranges[-1].end_ms > end_ms or any(r.length_ms < MIN_RANGE_MS for r in ranges):
        raise BadRange


def new_clip(session: Session, project_id: str) -> Clip:
    """A clip made by a person, which still needs its first version."""
    clip = Clip(id=new_id("clp"), project_id=project_id, origin="manual", reasons=[], alternatives=[])
    session.add(clip)
    session.flush()
    return clip


def add_version(session: Session, clip: Clip, content: VersionContent, certified: CertifiedCuts) -> None:
    """Add the clip's newest version.

    Args:
        session: The transaction of the change.
        clip: A clip whose ``newest`` is the number of this version.
        content: The version's title, ranges, preset and author.
        certified: The certificates of its cuts, and what they rest on.
    """
    session.add(new_version(clip, content, certified))
    session.flush()
