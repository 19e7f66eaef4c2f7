"""Clips, their versions, and the record of what people decided about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from clipper_core.db import lookups
from clipper_core.db.models import Clip, Decision, Task, now
from clipper_core.db.session import Database
from clipper_core.domain.clip import ClipStatus, Reason, Verdict, standing, status_of
from clipper_core.domain.ids import new_id
from clipper_core.domain.preset import DEFAULT_PRESET
from clipper_core.domain.time_range import TimeRange
from clipper_core.errors import BadSettings, NothingToCarry, NothingToTake, NothingToUndo
from clipper_core.services.clips.changes import (
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
from clipper_core.services.clips.outlines import Outline, outlines
from clipper_core.services.clips.views import ClipView, clean_text, clip_views, newest_version


class Clips:
    """Every change may carry the ``key`` of its request: sent again, it changes nothing and tells what is there."""

    def __init__(self, database: Database, certifier: Certifier, on_decision: OnDecision) -> None:
        self._database = database
        self._changes = Changes(database, certifier, on_decision)

    # -- looking

    def of_project(self, project_id: str) -> list[ClipView]:
        """Every clip of a project: proposals by rank, then what people made, by time. Raises ProjectNotFound."""
        with self._database.read() as session:
            lookups.project(session, project_id)
            views = self._changes.read(session, project_id)
        return sorted(self._changes.shown(views), key=_place)

    def outlines(self, project_id: str) -> list[Outline]:
        """The same clips in the same order without their records, for what is drawn. Raises ProjectNotFound."""
        with self._database.read() as session:
            lookups.project(session, project_id)
            there = select(Clip.id).where(Clip.project_id == project_id, Clip.deleted_at.is_(None))
            found = outlines(session, session.scalars(there).all())
        return sorted(found.values(), key=_place)

    def get(self, clip_id: str) -> ClipView:
        """Raises ClipNotFound."""
        with self._database.read() as session:
            clip = existing(session, clip_id)
            views = self._changes.read(session, clip.project_id, [clip_id])
        return only(self._changes.shown(views))

    # -- by hand

    def create(
        self, project_id: str, ranges: Sequence[TimeRange], *, title: str = "", by: str = "", key: str | None = None
    ) -> ClipView:
        """A clip made by a person. Raises ProjectNotFound, NotReady, BadRange."""
        if self._changes.look(project_id, key) is None:
            return only(self._changes.again(project_id, project_id, key))
        with self._database.read() as session:
            project = lookups.mapped_project(session, project_id)
        certified = self._changes.certified(project, ranges)

        def change(session: Session, _follow: list[Task]) -> list[Clip]:
            lookups.mapped_project(session, project_id)
            clip = new_clip(session, project_id)
            add_version(session, clip, title or _made_title(ranges), ranges, certified, DEFAULT_PRESET, by)
            return [clip]

        return only(self._changes.make(project_id, project_id, key, change))

    def revise(
        self,
        clip_id: str,
        seen: int,
        *,
        ranges: Sequence[TimeRange] | None = None,
        title: str | None = None,
        take_words: bool = False,
        by: str = "",
        key: str | None = None,
    ) -> ClipView:
        """A new version of a clip somebody saw at revision ``seen``, resting on the map and the words in use.

        Nothing of the version before is rendered any more. Raises ClipNotFound, Stale, BadRange, and NothingToTake
        where only the newest words are wanted (``take_words``) and it rests on them already.
        """

        def plan(mine: Seen) -> Made:
            old = mine.version
            if take_words and ranges is None and title is None and old.transcript_id == mine.project.transcript_id:
                raise NothingToTake
            spans = tuple(ranges) if ranges is not None else mine.ranges
            certified = self._changes.certified(mine.project, spans)

            def change(session: Session, follow: list[Task]) -> list[Clip]:
                clip = step(session, clip_id, seen, newest=Clip.newest + 1)
                follow += self._changes.follow(session, clip, old, ClipStatus.PROPOSED)
                name = clean_text(title) or old.title
                add_version(session, clip, name, spans, certified, old.preset, by)
                return [clip]

            return change

        return only(self._changes.planned(clip_id, key, plan, (clip_id, seen)))

    def delete(self, clip_id: str, seen: int, *, by: str = "", key: str | None = None) -> int:
        """Put a clip away; its revision by now. Raises ClipNotFound, Stale."""

        def change(session: Session, follow: list[Task]) -> list[Clip]:
            clip = step(session, clip_id, seen, deleted_at=now(), deleted_by=clean_text(by, 200))
            follow += self._changes.follow(session, clip, newest_version(session, clip), ClipStatus.REJECTED)
            return [clip]

        self._changes.make(self._changes.project_of(clip_id), clip_id, key, change)
        with self._database.read() as session:
            return existing(session, clip_id, deleted=True).revision

    def decide(
        self,
        clip_id: str,
        seen: int,
        verdict: Verdict,
        *,
        reason: str | None = None,
        note: str | None = None,
        carry: bool = False,
        by: str = "",
        key: str | None = None,
    ) -> ClipView:
        """Add a decision on the newest version of a clip somebody saw at revision ``seen``.

        ``carry`` approves it because an earlier version is approved, which the record shows.
        Raises ClipNotFound, Stale, NothingToUndo, NothingToCarry, BadSettings.
        """
        said = _Said(verdict, reason, note, carry, by)

        def change(session: Session, follow: list[Task]) -> list[Clip]:
            clip = step(session, clip_id, seen)
            before = clip_views(session, [clip])[0]
            session.add(_decision(before, said))
            session.flush()
            status = status_of([*before.newest_decisions, said])
            follow += self._changes.follow(session, clip, newest_version(session, clip), status)
            return [clip]

        return only(self._changes.make(self._changes.project_of(clip_id), clip_id, key, change))


@dataclass(frozen=True, slots=True)
class _Said:
    """What somebody decides. Raises BadSettings where it means nothing."""

    verdict: Verdict
    reason: str | None
    note: str | None
    carry: bool
    by: str

    def __post_init__(self) -> None:
        if self.reason is not None and self.reason not in set(Reason):
            raise BadSettings("This reason is not one of those Clipper knows. Choose one from the list.")
        if self.carry and self.verdict is not Verdict.APPROVED:
            raise BadSettings("Only an approval can be carried over to another version.")


def _decision(clip: ClipView, said: _Said) -> Decision:
    """The row of a decision on the newest version. Raises NothingToUndo, NothingToCarry."""
    if said.verdict is Verdict.WITHDRAWN and not standing(clip.newest_decisions):
        raise NothingToUndo
    if said.carry and clip.carry_from is None:
        raise NothingToCarry
    return Decision(
        id=new_id("dec"),
        clip_id=clip.id,
        version_id=clip.version_id,
        number=clip.revision,
        verdict=said.verdict.value,
        reason=said.reason,
        note=clean_text(said.note, 4000) or None,
        carried_from=clip.carry_from if said.carry else None,
        decided_by=clean_text(said.by, 200),
    )


def _place(clip: ClipView | Outline) -> tuple[bool, int, int, str]:
    """By rank, then what has none, by time."""
    return clip.rank is None, clip.rank or 0, clip.start_ms, clip.id


def _made_title(ranges: Sequence[TimeRange]) -> str:
    minutes, ms = divmod(ranges[0].start_ms, 60_000)
    return f"Clip at {minutes}:{ms // 1000:02d}"
