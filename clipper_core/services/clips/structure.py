"""Clips made of other clips: one divided in two, two made into one, a deleted one brought back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import update
from sqlalchemy.orm import Session

from clipper_core.db.models import Clip, Note, Task, now
from clipper_core.db.session import Database
from clipper_core.domain.clip import ClipStatus
from clipper_core.domain.time_range import TimeRange, joined
from clipper_core.errors import BadRange, BadSettings, WrongState
from clipper_core.services.clips.changes import (
    SHORTEST_MS,
    Certifier,
    Changes,
    Made,
    OnDecision,
    Seen,
    add_version,
    existing,
    new_clip,
    only,
    step,
)
from clipper_core.services.clips.outlines import outlines
from clipper_core.services.clips.views import LONGEST_TITLE, ClipView, clean_text, newest_version

TOO_NEAR = f"Each part of a clip lasts at least {SHORTEST_MS / 1000:g} seconds. Split it further from its edges."
PART = re.compile(r", part (\d{1,4})$")


@dataclass(frozen=True, slots=True)
class Merged:
    """The clip two were made into, and the revision of the one that was put away for it."""

    clip: ClipView
    removed: str
    removed_revision: int


class Reshape:
    """Each a single transaction; keys work as in ``Clips``."""

    def __init__(self, database: Database, certifier: Certifier, on_decision: OnDecision) -> None:
        self._database = database
        self._changes = Changes(database, certifier, on_decision)

    def split(
        self, clip_id: str, seen: int, at_ms: int, *, by: str = "", key: str | None = None
    ) -> tuple[ClipView, ...]:
        """Divide a clip: it keeps what lies before ``at_ms``, a new one has the rest; nobody decided on either yet.

        Sent again: those of the two that are there by now. Raises ClipNotFound, Stale, BadRange.
        """

        def plan(whole: Seen) -> Made:
            old = whole.version
            before, after = divided(whole.ranges, at_ms)
            first, second = (self._changes.certified(whole.project, part) for part in (before, after))

            def change(session: Session, follow: list[Task]) -> list[Clip]:
                clip = step(session, clip_id, seen, newest=Clip.newest + 1)
                follow += self._changes.follow(session, clip, old, ClipStatus.PROPOSED)
                add_version(session, clip, old.title, before, first, old.preset, by)
                rest = new_clip(session, clip.project_id)
                add_version(session, rest, next_part(old.title), after, second, old.preset, by)
                return [clip, rest]

            return change

        return tuple(self._changes.planned(clip_id, key, plan, (clip_id, seen)))

    def merge(
        self,
        clip_id: str,
        seen: int,
        other_id: str,
        other_seen: int,
        ranges: Sequence[TimeRange] | None = None,
        *,
        by: str = "",
        key: str | None = None,
    ) -> Merged:
        """Make one clip of two: a new version of the first, with these ranges or all of both; the other is put away.

        Its notes go over to the first, where what they speak of is seen from now on.

        Raises ClipNotFound, Stale where either changed, BadRange, BadSettings.
        """
        if other_id == clip_id or self._changes.project_of(other_id) != self._changes.project_of(clip_id):
            raise BadSettings("Choose two different clips of the same recording to merge.")

        def plan(mine: Seen, other: Seen) -> Made:
            old = mine.version
            spans = tuple(ranges) if ranges is not None else joined([*mine.ranges, *other.ranges])
            certified = self._changes.certified(mine.project, spans)

            def change(session: Session, follow: list[Task]) -> list[Clip]:
                gone = step(session, other_id, other_seen, deleted_at=now(), deleted_by=clean_text(by, 200))
                follow += self._changes.follow(session, gone, other.version, ClipStatus.REJECTED)
                clip = step(session, clip_id, seen, newest=Clip.newest + 1)
                follow += self._changes.follow(session, clip, old, ClipStatus.PROPOSED)
                add_version(session, clip, old.title, spans, certified, old.preset, by)
                session.execute(update(Note).where(Note.clip_id == other_id).values(clip_id=clip_id))
                return [clip]

            return change

        views = self._changes.planned(clip_id, key, plan, (clip_id, seen), (other_id, other_seen))
        with self._database.read() as session:
            return Merged(only(views), other_id, existing(session, other_id, deleted=True).revision)

    def restore(self, clip_id: str, seen: int, *, by: str = "", key: str | None = None) -> ClipView:
        """Bring back a deleted clip that was seen at this revision, as it was decided; an approved one is rendered.

        Raises ClipNotFound, Stale, WrongState where it was not deleted.
        """

        def change(session: Session, follow: list[Task]) -> list[Clip]:
            if existing(session, clip_id, deleted=True).deleted_at is None:
                raise WrongState("This clip was brought back already. Reload the page to see it.")
            clip = step(session, clip_id, seen, deleted=True, deleted_at=None, deleted_by=None)
            status = outlines(session, [clip_id])[clip_id].status
            follow += self._changes.follow(session, clip, newest_version(session, clip), status)
            return [clip]

        return only(self._changes.make(self._changes.project_of(clip_id), clip_id, key, change))


def divided(spans: Sequence[TimeRange], at_ms: int) -> tuple[tuple[TimeRange, ...], tuple[TimeRange, ...]]:
    """What of some ranges lies before a moment, and what behind it. Raises BadRange where a piece gets too short."""
    before = [TimeRange(r.start_ms, min(r.end_ms, at_ms)) for r in spans if r.start_ms < at_ms]
    after = [TimeRange(max(r.start_ms, at_ms), r.end_ms) for r in spans if r.end_ms > at_ms]
    if not before or not after or any(r.length_ms < SHORTEST_MS for r in (*before, *after)):
        raise BadRange(TOO_NEAR)
    return tuple(before), tuple(after)


def next_part(title: str) -> str:
    """What the rest of a divided clip is called: part 2 of it, or the part after the one it was."""
    named = PART.search(title)
    number = int(named[1]) + 1 if named else 2
    mark = f", part {number}"
    stem = title[: named.start()] if named else title
    return stem[: LONGEST_TITLE - len(mark)] + mark
