"""Clips as rows and as views, which review, pages and proposals share."""

from __future__ import annotations

import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from clipper_core.db.codecs import ranges_from_row, ranges_to_row
from clipper_core.db.models import Clip, ClipVersion
from clipper_core.domain.clip import ClipStatus, carries_from, standing, status_of
from clipper_core.domain.corrections import JOINERS
from clipper_core.domain.cut import Cut
from clipper_core.domain.documents import cut_from_json, cut_json
from clipper_core.domain.ids import new_id
from clipper_core.domain.time_range import TimeRange
from clipper_core.services.assets import CertifiedCuts
from clipper_core.services.clips.note_views import NoteView, notes_of
from clipper_core.services.clips.record import DecisionView, Record, read_records

MAX_TITLE_CHARS = 300
WHITE_SPACE = string.whitespace + JOINERS

ReadRecords = Callable[[Session, Sequence[Clip]], dict[str, Record]]


@dataclass(frozen=True, slots=True)
class ClipView:
    """A clip with its newest version, its status and its whole record.

    ``words_changed`` is true if the recording now has other words there than those the version rests on
    (``transcript_id``).
    """

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
    record: Record
    transcript_id: str | None
    words_changed: bool = False
    notes: tuple[NoteView, ...] = ()

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
    def decisions(self) -> tuple[DecisionView, ...]:
        return self.record.decisions

    @property
    def newest_decisions(self) -> tuple[DecisionView, ...]:
        """The decisions on the newest version, in the order they were made."""
        return self.record.decisions_on(self.version)

    @property
    def decision(self) -> DecisionView | None:
        """The decision in effect on the newest version."""
        in_effect = standing(self.newest_decisions)
        return in_effect[-1] if in_effect else None

    @property
    def carry_from(self) -> int | None:
        """The version whose approval may be carried over to the newest one."""
        by_version: dict[int, list[DecisionView]] = {}
        for decision in self.decisions:
            by_version.setdefault(decision.version, []).append(decision)
        return carries_from(by_version, self.version)


def clip_views(session: Session, clips: Sequence[Clip], records: ReadRecords = read_records) -> list[ClipView]:
    """The views of these clips, in the same order.

    Args:
        session: Any transaction.
        clips: Rows that are as they are in the database now.
        records: Reads their records, from the database or through a cache.
    """
    ids = [c.id for c in clips]
    newest = select(ClipVersion).join(Clip, and_(Clip.id == ClipVersion.clip_id, Clip.newest == ClipVersion.number))
    versions = {v.clip_id: v for v in session.scalars(newest.where(Clip.id.in_(ids)))}
    record = records(session, clips)
    notes = notes_of(session, ids)
    return [_view(c, versions[c.id], record[c.id], notes.get(c.id, ())) for c in clips]


def _view(clip: Clip, version: ClipVersion, record: Record, notes: tuple[NoteView, ...]) -> ClipView:
    decisions = record.decisions
    return ClipView(
        id=clip.id,
        project_id=clip.project_id,
        title=version.title,
        reasons=tuple(clip.reasons),
        rank=clip.rank,
        origin=clip.origin,
        status=status_of(record.decisions_on(version.number)),
        version=version.number,
        version_id=version.id,
        ranges=ranges_from_row(version.ranges),
        cuts=tuple(cut_from_json(c) for c in version.cuts),
        alternatives=ranges_from_row(clip.alternatives),
        preset=version.preset,
        revision=clip.revision,
        changed_by=decisions[-1].by if decisions and decisions[-1].version == version.number else version.created_by,
        record=record,
        transcript_id=version.transcript_id,
        notes=notes,
    )


def newest_version(session: Session, clip: Clip) -> ClipVersion:
    query = select(ClipVersion).where(ClipVersion.clip_id == clip.id, ClipVersion.number == clip.newest)
    return session.scalars(query).one()


@dataclass(frozen=True, slots=True)
class VersionContent:
    """The part of a version that a person or a run chooses; its certificates follow from it."""

    title: str
    ranges: Sequence[TimeRange]
    preset: str
    by: str


def new_version(clip: Clip, content: VersionContent, certified: CertifiedCuts) -> ClipVersion:
    """The row of a clip's newest version.

    Args:
        clip: A clip whose ``newest`` is the number of this version.
        content: The version's title, ranges, preset and author.
        certified: The certificates of its cuts, and the map and transcript they rest on.
    """
    return ClipVersion(
        id=new_id("ver"),
        clip_id=clip.id,
        number=clip.newest if clip.newest else 1,
        title=clean_text(content.title) or "Clip",
        ranges=ranges_to_row(content.ranges),
        cuts=[cut_json(c) for c in certified.cuts],
        preset=content.preset,
        map_id=certified.map_id,
        transcript_id=certified.transcript_id,
        created_by=clean_text(content.by, 200),
    )


def clean_text(text: str | None, max_chars: int = MAX_TITLE_CHARS) -> str:
    """A text that a person typed, without control characters and outer white space, cut to a length."""
    printable = "".join(c if c.isprintable() or c == "\n" or c in JOINERS else " " for c in text or "")
    return printable.strip(WHITE_SPACE)[:max_chars]
