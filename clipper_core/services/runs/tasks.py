"""Task rows: makes, claims, renews and finishes them, and takes them back when their worker dies.

The rows are the truth. The queue only rings: losing it, or ringing twice, changes nothing.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog
from sqlalchemy import ColumnElement, CursorResult, Update, func, select, update
from sqlalchemy.orm import Session

from clipper_core.db import lookups
from clipper_core.db.models import RunTask, Task, now
from clipper_core.db.session import Database
from clipper_core.domain.ids import new_id
from clipper_core.domain.task import LEASE_S, QUEUE_OF, Kind, Queue, TaskState, move, states_before
from clipper_core.errors import ClipperError, LeaseLost, QueueUnavailable
from clipper_core.pipeline import NewTask
from clipper_core.services.runs.moves import give_up, interrupt, moving, next_attempt, queue_again
from clipper_core.services.runs.worker_process import may_live, this_worker

log = structlog.get_logger()

UNCLAIMED_S = 10  # a queued row that is unclaimed for so long is looked for in the queue
MAX_DETAIL = 8_000
FEW_PARTS = 4
MAX_ATTEMPTS = 50  # a task that no worker ever manages to begin must come to an end too


class Doorbell(Protocol):
    """The queue, as far as tasks need it."""

    def ring(self, queue: str, task_id: str, attempt: int, *, first: bool = False) -> None:
        """Put one entry for an attempt at a task into a queue.

        Args:
            queue: The queue's name.
            task_id: The task.
            attempt: The attempt's number.
            first: Put it before all other entries there.

        Raises:
            QueueUnavailable: The queue did not take it.
        """

    def waiting(self) -> set[str]:
        """The entries that wait in the queues, as ``{task}-{attempt}``. Raises QueueUnavailable."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A task in the hands of one worker: nothing is written without its ``token``."""

    id: str
    token: str
    attempt: int
    kind: Kind
    project_id: str
    inputs: dict[str, Any]


class Tasks:
    """Everything that happens to task rows."""

    def __init__(self, database: Database, bell: Doorbell) -> None:
        self._database = database
        self._bell = bell

    # -- making and ringing

    def add(self, session: Session, project_id: str, run_id: str | None, new: NewTask) -> tuple[Task, bool]:
        """Make the row for this work, or find it where equal work was asked for before.

        Work that failed or was cancelled before is queued again, since it is wanted now.

        Args:
            session: The transaction, which holds the project.
            project_id: The recording.
            run_id: The run that wants the work, None for a render.
            new: The work.

        Returns:
            The row, and whether it is new.
        """
        key = new.key(project_id)
        task = session.scalar(select(Task).where(Task.input_key == key))
        fresh = task is None
        if task is None:
            task = Task(
                id=new_id("tsk"),
                project_id=project_id,
                kind=new.kind.value,
                queue=QUEUE_OF[new.kind].value,
                input_key=key,
                inputs=new.inputs,
                position=new.position,
                state=TaskState.QUEUED.value,
                attempt=1,
            )
            session.add(task)
            session.flush()
        elif task.state in (TaskState.FAILED, TaskState.CANCELLED):
            queue_again(task)
            task.interruptions = 0
        if run_id is not None and session.get(RunTask, (run_id, task.id)) is None:
            session.add(RunTask(run_id=run_id, task_id=task.id))
            session.flush()
        return task, fresh

    def ring(self, tasks: Iterable[Task]) -> None:
        """Tell the queue; if it does not answer, the reconciler will when it is back."""
        waiting = [t for t in tasks if t.state == TaskState.QUEUED]
        # A short recording, and one whose words only have to be placed, need not wait for an hour of parts.
        short = sum(t.kind == Kind.TRANSCRIBE for t in waiting) <= FEW_PARTS
        for task in waiting:
            try:
                first = task.queue == Queue.SPEECH and (short or task.kind == Kind.ALIGN)
                self._bell.ring(task.queue, task.id, task.attempt, first=first)
            except QueueUnavailable as error:
                log.warning("the queue does not answer, the task waits in the database", task=task.id, why=error.detail)
                return

    # -- the life of one attempt

    def claim(self, task_id: str, attempt: int) -> Claim | None:
        """Take this attempt for this process. None where another worker has it, or it is over."""
        token = new_id("tok")
        at = now()
        taken = (
            moving(TaskState.RUNNING)
            .where(Task.id == task_id, Task.attempt == attempt)
            .values(
                token=token,
                lease_until=at + timedelta(seconds=LEASE_S),
                worker=this_worker(),
                started_at=at,
                finished_at=None,
                progress=0.0,
                error=None,
                error_code=None,
                error_detail=None,
            )
        )
        with self._database.write() as session:
            if _rows(session, taken) == 0:
                return None
            task = session.get_one(Task, task_id)
            return Claim(task.id, token, attempt, Kind(task.kind), task.project_id, dict(task.inputs))

    def renew(self, claim: Claim, progress: float) -> bool:
        """Extend the lease and note the progress. False once the task is no longer this worker's."""
        lease = now() + timedelta(seconds=LEASE_S)
        with self._database.write() as session:
            return _rows(session, update(Task).where(*_mine(claim)).values(lease_until=lease, progress=progress)) == 1

    def is_mine(self, claim: Claim) -> bool:
        """Tell whether the task is still this worker's."""
        with self._database.read() as session:
            return session.scalar(select(Task.id).where(*_mine(claim))) is not None

    def finish(self, claim: Claim, result: dict[str, Any], follow: Callable[[Session, Task], Sequence[Task]]) -> None:
        """Store the result of a task and make those that follow, in one transaction; then ring for them.

        Args:
            claim: The task.
            result: Its result.
            follow: Stores what belongs to the result, and returns the tasks it makes possible.

        Raises:
            LeaseLost: The task is no longer this worker's; nothing was stored.
        """
        done = moving(TaskState.SUCCEEDED).where(*_mine(claim))
        done = done.values(result=result, progress=1.0, token=None, lease_until=None, finished_at=now())
        with self._database.write() as session:
            lookups.lock_project(session, claim.project_id)
            if _rows(session, done) == 0:
                raise LeaseLost
            task = session.get_one(Task, claim.id, populate_existing=True)
            next_tasks = list(follow(session, task))
        self.ring(next_tasks)

    def fail(self, claim: Claim, error: ClipperError) -> bool:
        """Write into the row what went wrong. False if the task was no longer this worker's."""
        failed = moving(TaskState.FAILED, TaskState.RUNNING).where(*_mine(claim))
        failed = failed.values(
            error_code=error.code,
            error=error.message,
            error_detail=(error.detail or "")[-MAX_DETAIL:] or None,
            token=None,
            lease_until=None,
            finished_at=now(),
        )
        with self._database.write() as session:
            return _rows(session, failed) == 1

    def fail_waiting(self, claim: Claim, error: ClipperError) -> int:
        """Fail the waiting tasks of the same kind and recording for the same reason. Returns their number.

        A service that is down for one part is down for the rest, and each would wait to find that out.
        """
        alike = (Task.project_id == claim.project_id, Task.kind == claim.kind.value)
        failed = moving(TaskState.FAILED, TaskState.QUEUED).where(*alike)
        failed = failed.values(error_code=error.code, error=error.message, error_detail=None, finished_at=now())
        with self._database.write() as session:
            lookups.lock_project(session, claim.project_id)
            return _rows(session, failed)

    def has_succeeded(self, claim: Claim) -> bool:
        """Tell whether the row says that this very attempt succeeded."""
        with self._database.read() as session:
            task = session.get(Task, claim.id)
            return task is not None and task.state == TaskState.SUCCEEDED and task.attempt == claim.attempt

    # -- what people ask for

    def cancel(self, session: Session, tasks: Iterable[Task]) -> None:
        """Stop these tasks. A worker that is busy with one notices within seconds."""
        for task in tasks:
            if task.state in states_before(TaskState.CANCELLED):
                move(task, TaskState.CANCELLED)
                task.token = None
                task.lease_until = None
                task.finished_at = now()

    def retry(self, session: Session, tasks: Iterable[Task]) -> list[Task]:
        """Queue the failed and cancelled ones of these tasks again."""
        again = [t for t in tasks if t.state in (TaskState.FAILED, TaskState.CANCELLED)]
        for task in again:
            queue_again(task)
            task.interruptions = 0
        return again

    def counts(self) -> dict[tuple[str, str], int]:
        """The number of tasks by kind and state."""
        query = select(Task.kind, Task.state, func.count()).group_by(Task.kind, Task.state)
        with self._database.read() as session:
            return {(kind, state): n for kind, state, n in session.execute(query)}

    def give_back(self, pid: int) -> None:
        """Queue the tasks again that a process of this machine held when it was told to stop: no fault of theirs."""
        held = select(Task).where(
            Task.state == TaskState.RUNNING, Task.worker.startswith(f"{socket.gethostname()}:{pid}:", autoescape=True)
        )
        with self._database.write() as session:
            tasks = list(session.scalars(held.with_for_update()))
            for task in tasks:
                queue_again(task)
        self.ring(tasks)

    # -- nothing stays stuck

    def reconcile(self) -> int:
        """Take back the tasks of dead workers, and ring for tasks the queue forgot. Returns their number.

        A task interrupted for the third time fails, and says so. Raises DatabaseUnavailable.
        """
        taken_back = self._take_back()
        return len(taken_back) + self._ring_forgotten()

    def _take_back(self) -> list[Task]:
        at = now()
        with self._database.read() as session:
            running = session.scalars(select(Task).where(Task.state == TaskState.RUNNING)).all()
        dead = [t.id for t in running if _expired(t, at) or not may_live(t.worker)]
        if not dead:
            return []
        out: list[Task] = []
        with self._database.write() as session:
            still = select(Task).where(Task.id.in_(dead), Task.state == TaskState.RUNNING).with_for_update()
            for task in session.scalars(still):
                if _expired(task, at) or not may_live(task.worker):
                    interrupt(task)
                    out.append(task)
        for task in out:
            log.warning("a step was interrupted", task=task.id, kind=task.kind, state=task.state, attempt=task.attempt)
        self.ring(out)
        return out

    def _ring_forgotten(self) -> int:
        unclaimed = select(Task).where(
            Task.state == TaskState.QUEUED, Task.queued_at < now() - timedelta(seconds=UNCLAIMED_S)
        )
        with self._database.read() as session:
            queued = session.scalars(unclaimed).all()
        if not queued:
            return 0
        try:
            waiting = self._bell.waiting()
        except QueueUnavailable:
            return 0
        forgotten = [t.id for t in queued if f"{t.id}-{t.attempt}" not in waiting]
        if not forgotten:
            return 0
        with self._database.write() as session:
            still = list(session.scalars(unclaimed.where(Task.id.in_(forgotten)).with_for_update(skip_locked=True)))
            for task in still:
                # A new attempt, so that an entry that turns up late after all finds nothing to claim.
                next_attempt(task) if task.attempt < MAX_ATTEMPTS else give_up(task)
        self.ring(still)
        return len(still)


def _expired(task: Task, at: datetime) -> bool:
    return task.lease_until is None or task.lease_until < at


def _mine(claim: Claim) -> tuple[ColumnElement[bool], ...]:
    """The conditions under which a task is still in the hands of this claim."""
    return Task.id == claim.id, Task.token == claim.token, Task.state == TaskState.RUNNING


def _rows(session: Session, statement: Update) -> int:
    result = session.execute(statement)
    assert isinstance(result, CursorResult)
    return int(result.rowcount)
