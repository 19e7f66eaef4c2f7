"""What of a recording was played in review, and how much of it people have dealt with."""

from __future__ import annotations

from collections.abc import Sequence

from clipper_core.db import lookups
from clipper_core.db.codecs import ranges_from_row, ranges_to_row
from clipper_core.db.models import Listened, Project
from clipper_core.db.session import Database
from clipper_core.domain.clip import ClipStatus
from clipper_core.domain.coverage import Coverage, coverage_of, merged_listened
from clipper_core.domain.time_range import TimeRange
from clipper_core.services.clips.outlines import Outline


class PlayedRanges:
    """Remembers which stretches of a recording were played."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, project_id: str, ranges: Sequence[TimeRange]) -> None:
        """These were played too. Told twice, nothing changes; what lies beyond the end is cut.

        Raises ProjectNotFound.
        """
        with self._database.write() as session:
            project = lookups.project(session, project_id, lock=True)
            row = session.get(Listened, project_id, populate_existing=True)
            before = _ranges(row)
            after = merged_listened(before, ranges, _duration_ms(project))
            if after == before:
                return
            heard = {"v": 1, "ranges": ranges_to_row(after)}
            if row is None:
                session.add(Listened(project_id=project_id, heard=heard))
            else:
                row.heard = heard

    def of(self, project_id: str) -> tuple[TimeRange, ...]:
        """What was played, in order and apart."""
        with self._database.read() as session:
            return _ranges(session.get(Listened, project_id))


def coverage(duration_ms: int, clips: Sequence[Outline], listened: Sequence[TimeRange]) -> Coverage:
    """What is known of each moment, from the clips of a recording and what was played of it."""
    decided = [r for c in clips if c.status is not ClipStatus.PROPOSED for r in c.ranges]
    proposed = [r for c in clips if c.status is ClipStatus.PROPOSED for r in c.ranges]
    return coverage_of(duration_ms, decided, proposed, listened)


def _ranges(row: Listened | None) -> tuple[TimeRange, ...]:
    return ranges_from_row(row.heard["ranges"]) if row is not None else ()


def _duration_ms(project: Project) -> int:
    return (project.media or {}).get("duration_ms") or 0
