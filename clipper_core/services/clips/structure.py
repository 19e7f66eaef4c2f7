"""Clips made of other clips: one split in two, two merged into one, a deleted one restored."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import update
from sqlalchemy.orm import Session

from clipper_core.db.models import Clip, Note, Task, now
from clipper_core.db.session import Database
from clipper_core.domain.clip import ClipStatus
from clipper_core.domain.time_range import TimeRange, union
from clipper_core.errors import BadRange, BadSettings, WrongState
from clipper_core.services.clips.changes import (
    MIN_RANGE_MS,
    Certifier,
    Changes,
    ExpectedClip,
    OnDecision,
    add_version,
    bump_revision,
    existing_clip,
    new_clip,
    single,
)
from clipper_core.services.clips.idempotency import ANONYMOUS, Sender
from clipper_core.services.clips.outlines import outlines_of
from clipper_core.services.clips.views import MAX_TITLE_CHARS, ClipView, VersionContent, clean_text, newest_version

TOO_NEAR = f"Each part of a clip lasts at least {MIN_RANGE_MS / 1000:g} seconds. Split it further from its edges."
PART = re.compile(r", part (\d{1,4})$")


@dataclass(frozen=True, slots=True)
class Merge:
    """The clip that two were merged into, and the revision of the one that was deleted for it."""

    clip: ClipView
    removed: str
    removed_revision: int


class ClipStructure:
    """Splits, merges and restores clips, each in one transaction. Revisions and keys work as in ``Clips``."""

    def __init__(self, database: Database, certifier: Certifier, on_decision: OnDecision) -> None:
        self._database = database
        self._changes = Changes(database, certifier, on_decision)

    def split(
        self, clip_id: str, expected_revision: int, at_ms: int, sender: Sender = ANONYMOUS
    ) -> tuple[ClipView, ...]:
        """Split a clip: it keeps what lies before a moment, a new clip has the rest. Both are undecided.

        Args:
            clip_id: The clip.
            expected_revision: The revision its sender last saw.
            at_ms: The moment, in ms of the recording.
            sender: The author, and the key of the request.

        Returns:
            Both clips; sent again, those of the two that are not deleted.

        Raises:
            ClipNotFound, Stale, NotReady, BadRange.
        """
        expected = ExpectedClip(clip_id, expected_revision)
        request = self._changes.request_for(clip_id, sender.key)
        seen = self._changes.read_seen(request, expected)
        if seen is None:
            return tuple(self._changes.replay(request))
        (whole,) = seen
        old = whole.version
        before, after = split_ranges(whole.ranges, at_ms)
        first, second = (self._changes.certified(whole.project, part) for part in (before, after))
        content = VersionContent(old.title, before, old.preset, sender.by)

        def change(session: Session, tasks: list[Task]) -> list[Clip]:
            clip = bump_revision(session, expected, newest=Clip.newest + 1)
            tasks += self._changes.tasks_after(session, clip, old, ClipStatus.PROPOSED)
            add_version(session, clip, content, first)
            rest = new_clip(session, clip.project_id)
            add_version(session, rest, replace(content, title=next_part(old.title), ranges=after), second)
            return [clip, rest]

        return tuple(self._changes.apply_once(request, change))

    def merge(
        self,
        clip: ExpectedClip,
        other: ExpectedClip,
        ranges: Sequence[TimeRange] | None = None,
        sender: Sender = ANONYMOUS,
    ) -> Merge:
        """Merge two clips: the first gets a new version, the other is deleted and its notes go over to the first.

        Args:
            clip: The clip that stays.
            other: Another clip of the same recording.
            ranges: What the new version is made of; None for all of both.
            sender: The author, and the key of the request.

        Raises:
            ClipNotFound, Stale if either changed, NotReady, BadRange, BadSettings.
        """
        if other.id == clip.id or self._changes.project_of(other.id) != self._changes.project_of(clip.id):
            raise BadSettings("Choose two different clips of the same recording to merge.")
        request = self._changes.request_for(clip.id, sender.key)
        seen = self._changes.read_seen(request, clip, other)
        if seen is None:
            return self._merge_of(self._changes.replay(request), other.id)
        kept, gone = seen
        old = kept.version
        spans = tuple(ranges) if ranges is not None else union([*kept.ranges, *gone.ranges])
        certified = self._changes.certified(kept.project, spans)
        content = VersionContent(old.title, spans, old.preset, sender.by)

        def change(session: Session, tasks: list[Task]) -> list[Clip]:
            deleted = bump_revision(session, other, deleted_at=now(), deleted_by=clean_text(sender.by, 200))
            tasks += self._changes.tasks_after(session, deleted, gone.version, ClipStatus.REJECTED)
            merged = bump_revision(session, clip, newest=Clip.newest + 1)
            tasks += self._changes.tasks_after(session, merged, old, ClipStatus.PROPOSED)
            add_version(session, merged, content, certified)
            session.execute(update(Note).where(Note.clip_id == other.id).values(clip_id=clip.id))
            return [merged]

        return self._merge_of(self._changes.apply_once(request, change), other.id)

    def _merge_of(self, views: Sequence[ClipView], other_id: str) -> Merge:
        with self._database.read() as session:
            return Merge(single(views), other_id, existing_clip(session, other_id, deleted=True).revision)

    def restore(self, clip_id: str, expected_revision: int, sender: Sender = ANONYMOUS) -> ClipView:
        """Restore a deleted clip with its decisions; an approved one is rendered again.

        Args:
            clip_id: The clip.
            expected_revision: The revision its deletion made.
            sender: The author, and the key of the request.

        Raises:
            ClipNotFound, Stale, WrongState if it is not deleted.
        """

        def change(session: Session, tasks: list[Task]) -> list[Clip]:
            if existing_clip(session, clip_id, deleted=True).deleted_at is None:
                raise WrongState("This clip was brought back already. Reload the page to see it.")
            expected = ExpectedClip(clip_id, expected_revision)
            clip = bump_revision(session, expected, deleted=True, deleted_at=None, deleted_by=None)
            status = outlines_of(session, [clip_id])[clip_id].status
            tasks += self._changes.tasks_after(session, clip, newest_version(session, clip), status)
            return [clip]

        return single(self._changes.apply_once(self._changes.request_for(clip_id, sender.key), change))


def split_ranges(spans: Sequence[TimeRange], at_ms: int) -> tuple[tuple[TimeRange, ...], tuple[TimeRange, ...]]:
    """The parts of some ranges before and after a moment. Raises BadRange if a part gets too short."""
    before = [TimeRange(r.start_ms, min(r.end_ms, at_ms)) for r in spans if r.start_ms < at_ms]
    after = [TimeRange(max(r.start_ms, at_ms), r.end_ms) for r in spans if r.end_ms > at_ms]
    if not before or not after or any(r.length_ms < MIN_RANGE_MS for r in (*before, *after)):
        raise BadRange(TOO_NEAR)
    return tuple(before), tuple(after)


def next_part(title: str) -> str:
    """The title for the rest of a split clip: part 2 of it, or the part after the one it was."""
    part = PART.search(title)
    number = int(part[1]) + 1 if part else 2
    mark = f", part {number}"
    stem = title[: part.start()] if part else title
    return stem[: MAX_TITLE_CHARS - len(mark)] + mark
