"""Runs that propose clips in one range of a recording, where a reviewer asked for them."""

from __future__ import annotations

from sqlalchemy.orm import Session

from clipper_core.db import lookups
from clipper_core.db.models import Project
from clipper_core.db.session import Database
from clipper_core.domain.clip import Lengths
from clipper_core.domain.task import TaskState
from clipper_core.domain.time_range import TimeRange
from clipper_core.errors import BadRange, NotReady, WrongState
from clipper_core.pipeline import RunSettings
from clipper_core.services.clips import clean_text
from clipper_core.services.runs.runs import Runs
from clipper_core.services.runs.tasks import Tasks
from clipper_core.services.runs.views import RunView

BUSY = "This recording is still being worked on. Propose clips here when that is done."
STOPPED = "The work on this recording stopped before its end. Retry it on the Jobs page, then ask again."


class Stretches:
    """Starts runs that do nothing but propose, in one range."""

    def __init__(self, database: Database, tasks: Tasks, runs: Runs) -> None:
        self._database = database
        self._tasks = tasks
        self._runs = runs

    def propose(self, project_id: str, span: TimeRange, by: str = "") -> RunView:
        """Look for clips in one range, beside all there are.

        Args:
            project_id: The recording.
            span: The range.
            by: The reviewer who asks.

        Returns:
            The run that looks for them, which may be at work already.

        Raises:
            ProjectNotFound: There is no such recording.
            NotReady: The map is not there yet.
            BadRange: No clip fits into the range.
            WrongState: Other work on the recording goes on, or stopped and can be retried.
        """
        with self._database.write() as session:
            project = lookups.mapped_project(session, project_id, lock=True)
            if project.source_id is None:
                raise NotReady(lookups.NOT_MAPPED)
            span = _inside(project, span)
            active = self._runs.active_in(session, project_id)
            if active is not None:
                if RunSettings.from_json(active.settings).within != (span.start_ms, span.end_ms):
                    raise WrongState(BUSY)
                return self._runs.views(session, [active])[0]
            if self._stopped_short(session, project_id):
                raise WrongState(STOPPED)
            run, tasks = self._runs.start_in(session, project, span, clean_text(by, 200))
            view = self._runs.views(session, [run])[0]
        self._tasks.ring(tasks)
        return view

    def _stopped_short(self, session: Session, project_id: str) -> bool:
        """Tell whether the newest run should be retried first: once another is newer, it can't be."""
        newest = self._runs.newest_of(session, [project_id]).get(project_id)
        if newest is None or RunSettings.from_json(newest.settings).within is not None:
            return False
        return newest.state in (TaskState.FAILED, TaskState.CANCELLED)


def _inside(project: Project, span: TimeRange) -> TimeRange:
    """The part of a range that lies in the recording. Raises BadRange where no clip fits in."""
    duration_ms = (project.media or {}).get("duration_ms") or 0
    shortest_ms = shortest_clip_ms(project.preferences)
    end_ms = min(span.end_ms, duration_ms)
    if end_ms - span.start_ms < shortest_ms:
        raise BadRange(
            f"This stretch is shorter than the shortest clip, {shortest_ms / 1000:g} s. "
            "Choose a longer one, or make a clip of it by hand."
        )
    return TimeRange(span.start_ms, end_ms)


def shortest_clip_ms(preferences: dict[str, object]) -> int:
    """The least length of a clip of this recording, in ms, as its owner asked."""
    shortest = preferences.get("min_ms")
    return shortest if isinstance(shortest, int) else Lengths().min_ms
