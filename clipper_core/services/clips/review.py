"""Clips, their versions, and the record of what people decided about them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from clipper_core.db import lookups
from clipper_core.db.models import Clip, Decision, Task, now
from clipper_core.db.session import Database
from clipper_core.domain.clip import ClipEdit, ClipStatus, NewDecision, Verdict, standing, status_of
from clipper_core.domain.ids import new_id
from clipper_core.domain.preset import DEFAULT_PRESET
from clipper_core.domain.time_range import TimeRange
from clipper_core.errors import NothingToCarry, NothingToTake, NothingToUndo
from clipper_core.services.clips.changes import (
    Certifier,
    ChangeRequest,
    Changes,
    CurrentClip,
    ExpectedClip,
    OnDecision,
    add_version,
    bump_revision,
    existing_clip,
    new_clip,
    single,
)
from clipper_core.services.clips.idempotency import ANONYMOUS, Sender
from clipper_core.services.clips.outlines import Outline, outlines_of
from clipper_core.services.clips.views import ClipView, VersionContent, clean_text, clip_views, newest_version


class Clips:
    """Reads clips and changes them one at a time.

    Every change names the revision its sender last saw, and raises Stale if there is a newer one. Sent again with the
    same key, it changes nothing and returns the clip as it is now.
    """

    def __init__(self, database: Database, certifier: Certifier, on_decision: OnDecision) -> None:
        self._database = database
        self._changes = Changes(database, certifier, on_decision)

    # -- reading

    def of_project(self, project_id: str) -> list[ClipView]:
        """Every clip of a project: proposals by rank, then clips made by hand, by time. Raises ProjectNotFound."""
        with self._database.read() as session:
            lookups.project(session, project_id)
            views = self._changes.read(session, project_id)
        return sorted(self._changes.with_words_changed(views), key=_order)

    def outlines(self, project_id: str) -> list[Outline]:
        """The same clips in the same order without their records, for drawings. Raises ProjectNotFound."""
        with self._database.read() as session:
            lookups.project(session, project_id)
            live = select(Clip.id).where(Clip.project_id == project_id, Clip.deleted_at.is_(None))
            by_id = outlines_of(session, session.scalars(live).all())
        return sorted(by_id.values(), key=_order)

    def get(self, clip_id: str) -> ClipView:
        """Raises ClipNotFound."""
        with self._database.read() as session:
            clip = existing_clip(session, clip_id)
            views = self._changes.read(session, clip.project_id, [clip_id])
        return single(self._changes.with_words_changed(views))

    # -- changing

    def create(
        self, project_id: str, ranges: Sequence[TimeRange], title: str = "", sender: Sender = ANONYMOUS
    ) -> ClipView:
        """Make a clip by hand.

        Args:
            project_id: A recording whose silences are mapped.
            ranges: What the clip is made of, in order and apart.
            title: Its title; empty for one that says where it begins.
            sender: The author, and the key of the request.

        Raises:
            ProjectNotFound, NotReady, BadRange.
        """
        request = ChangeRequest(project_id, project_id, sender.key)
        if self._changes.read_seen(request) is None:
            return single(self._changes.replay(request))
        with self._database.read() as session:
            project = lookups.mapped_project(session, project_id)
        certified = self._changes.certified(project, ranges)
        content = VersionContent(title or _default_title(ranges), ranges, DEFAULT_PRESET, sender.by)

        def change(session: Session, _tasks: list[Task]) -> list[Clip]:
            lookups.mapped_project(session, project_id)
            clip = new_clip(session, project_id)
            add_version(session, clip, content, certified)
            return [clip]

        return single(self._changes.apply_once(request, change))

    def revise(self, clip_id: str, expected_revision: int, edit: ClipEdit, sender: Sender = ANONYMOUS) -> ClipView:
        """Add a new version of a clip, which rests on the map and the words in use and needs a decision of its own.

        The version before it is no longer rendered.

        Args:
            clip_id: The clip.
            expected_revision: The revision its sender last saw.
            edit: What changes.
            sender: The author, and the key of the request.

        Raises:
            ClipNotFound, Stale, NotReady, BadRange.
            NothingToTake: Only the newest words are wanted, and the clip rests on them already.
        """
        expected = ExpectedClip(clip_id, expected_revision)
        request = self._changes.request_for(clip_id, sender.key)
        seen = self._changes.read_seen(request, expected)
        if seen is None:
            return single(self._changes.replay(request))
        (current,) = seen
        content = _edited(current, edit, sender.by)
        certified = self._changes.certified(current.project, content.ranges)

        def change(session: Session, tasks: list[Task]) -> list[Clip]:
            clip = bump_revision(session, expected, newest=Clip.newest + 1)
            tasks += self._changes.tasks_after(session, clip, current.version, ClipStatus.PROPOSED)
            add_version(session, clip, content, certified)
            return [clip]

        return single(self._changes.apply_once(request, change))

    def delete(self, clip_id: str, expected_revision: int, sender: Sender = ANONYMOUS) -> int:
        """Delete a clip, so that it can be restored.

        Args:
            clip_id: The clip.
            expected_revision: The revision its sender last saw.
            sender: The author, and the key of the request.

        Returns:
            Its revision now.

        Raises:
            ClipNotFound, Stale.
        """
        expected = ExpectedClip(clip_id, expected_revision)

        def change(session: Session, tasks: list[Task]) -> list[Clip]:
            clip = bump_revision(session, expected, deleted_at=now(), deleted_by=clean_text(sender.by, 200))
            tasks += self._changes.tasks_after(session, clip, newest_version(session, clip), ClipStatus.REJECTED)
            return [clip]

        self._changes.apply_once(self._changes.request_for(clip_id, sender.key), change)
        with self._database.read() as session:
            return existing_clip(session, clip_id, deleted=True).revision

    def decide(
        self, clip_id: str, expected_revision: int, decision: NewDecision, sender: Sender = ANONYMOUS
    ) -> ClipView:
        """Add a decision on the newest version of a clip.

        Args:
            clip_id: The clip.
            expected_revision: The revision its sender last saw.
            decision: The verdict, with its reason and note.
            sender: The reviewer, and the key of the request.

        Raises:
            ClipNotFound, Stale.
            NothingToUndo: A withdrawal with no decision in effect.
            NothingToCarry: No approval of an earlier version may be carried over.
        """
        expected = ExpectedClip(clip_id, expected_revision)

        def change(session: Session, tasks: list[Task]) -> list[Clip]:
            clip = bump_revision(session, expected)
            before = clip_views(session, [clip])[0]
            session.add(_decision_row(before, decision, sender.by))
            session.flush()
            status = status_of([*before.newest_decisions, decision])
            tasks += self._changes.tasks_after(session, clip, newest_version(session, clip), status)
            return [clip]

        return single(self._changes.apply_once(self._changes.request_for(clip_id, sender.key), change))


def _edited(current: CurrentClip, edit: ClipEdit, by: str) -> VersionContent:
    """The content of the version that an edit makes. Raises NothingToTake."""
    old = current.version
    if edit.takes_words_alone and old.transcript_id == current.project.transcript_id:
        raise NothingToTake
    ranges = tuple(edit.ranges) if edit.ranges is not None else current.ranges
    return VersionContent(clean_text(edit.title) or old.title, ranges, old.preset, by)


def _decision_row(clip: ClipView, decision: NewDecision, by: str) -> Decision:
    """The row of a decision on the newest version. Raises NothingToUndo, NothingToCarry."""
    if decision.verdict is Verdict.WITHDRAWN and not standing(clip.newest_decisions):
        raise NothingToUndo
    if decision.carry and clip.carry_from is None:
        raise NothingToCarry
    return Decision(
        id=new_id("dec"),
        clip_id=clip.id,
        version_id=clip.version_id,
        number=clip.revision,
        verdict=decision.verdict.value,
        reason=decision.reason,
        note=clean_text(decision.note, 4000) or None,
        carried_from=clip.carry_from if decision.carry else None,
        decided_by=clean_text(by, 200),
    )


def _order(clip: ClipView | Outline) -> tuple[bool, int, int, str]:
    """By rank, then clips without a rank by time."""
    return clip.rank is None, clip.rank or 0, clip.start_ms, clip.id


def _default_title(ranges: Sequence[TimeRange]) -> str:
    minutes, ms = divmod(ranges[0].start_ms, 60_000)
    return f"Clip at {minutes}:{ms // 1000:02d}"
