"""Clips and their status without their records, for what draws, renders or avoids them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, and_, select
from sqlalchemy.orm import Session

from clipper_core.db.codecs import ranges_from_row
from clipper_core.db.models import Clip, ClipVersion
from clipper_core.domain.clip import ClipStatus, status_of
from clipper_core.domain.time_range import TimeRange
from clipper_core.services.clips.verdicts import newest_decisions


@dataclass(frozen=True, slots=True)
class Outline:
    """A clip's newest version, and its status."""

    id: str
    rank: int | None
    version_id: str
    title: str
    ranges: tuple[TimeRange, ...]
    preset: str
    status: ClipStatus

    @property
    def start_ms(self) -> int:
        return self.ranges[0].start_ms


def outlines_of(session: Session, clip_ids: Sequence[str]) -> dict[str, Outline]:
    """The outlines of these clips by id, deleted ones too, as they are in the database now."""
    decisions = newest_decisions(session, Clip.id.in_(clip_ids))
    return {
        clip_id: Outline(
            id=clip_id,
            rank=rank,
            version_id=version_id,
            title=title,
            ranges=ranges_from_row(ranges),
            preset=preset,
            status=status_of(decisions.get(clip_id, ())),
        )
        for clip_id, rank, version_id, title, ranges, preset in session.execute(_newest(clip_ids))
    }


def _newest(clip_ids: Sequence[str]) -> Select[*tuple[Any, ...]]:
    version = (ClipVersion.id, ClipVersion.title, ClipVersion.ranges, ClipVersion.preset)
    query = select(Clip.id, Clip.rank, *version)
    query = query.join(ClipVersion, and_(ClipVersion.clip_id == Clip.id, ClipVersion.number == Clip.newest))
    return query.where(Clip.id.in_(clip_ids))
