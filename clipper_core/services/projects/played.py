"""Ranges of a recording that were played in review, and how much of it is reviewed."""

from __future__ import annotations

from collections.abc import Sequence

from clipper_core.db import lookups
from clipper_core.db.codecs import ranges_from_row, ranges_to_row
from clipper_core.db.models import PlayedRangesRow, Project
from clipper_core.db.session import Database
from clipper_core.domain.clip import ClipStatus
from clipper_core.domain.coverage import Coverage, coverage_of, merged_listened
from clipper_core.domain.time_range import TimeRange
from clipper_core.services.clips import Outline


class PlayedRanges:
    """Stores which ranges of each recording were played."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, project_id: str, ranges: Sequence[TimeRange]) -> None:
        """Add ranges that were played, cut at the recording's end. Adding one twice changes nothing.

        Raises ProjectNotFound.
        """
        with self._database.write() as session:
            project = lookups.project(session, project_id, lock=True)
            row = session.get(PlayedRangesRow, project_id, populate_existing=True)
            before = _ranges(row)
            after = merged_listened(before, ranges, _duration_ms(project))
            if after == before:
                return
            document = {"v": 1, "ranges": ranges_to_row(after)}
            if row is None:
                session.add(PlayedRangesRow(project_id=project_id, played=document))
            else:
                row.played = document

    def of(self, project_id: str) -> tuple[TimeRange, ...]:
        """The ranges that were played, in order, none touching another."""
        with self._database.read() as session:
            return _ranges(session.get(PlayedRangesRow, project_id))


def coverage(duration_ms: int, clips: Sequence[Outline], listened: Sequence[TimeRange]) -> Coverage:
    """How far each moment of a recording is reviewed.

    Args:
        duration_ms: The recording's length.
        clips: Its clips, decided or proposed.
        listened: The ranges that were played.
    """
    decided = [r for c in clips if c.status is not ClipStatus.PROPOSED for r in c.ranges]
    proposed = [r for c in clips if c.status is ClipStatus.PROPOSED for r in c.ranges]
    return coverage_of(duration_ms, decided, proposed, listened)


def _ranges(row: PlayedRangesRow | None) -> tuple[TimeRange, ...]:
    return ranges_from_row(row.played["ranges"]) if row is not None else ()


def _duration_ms(project: Project) -> int:
    return (project.media or {}).get("duration_ms") or 0
