"""Performs one task: claims it, runs its step, stores the result, and writes the end into its row."""

from __future__ import annotations

import shutil
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import structlog
from sqlalchemy.orm import Session

from clipper_core.db.models import Asset, Project, Task
from clipper_core.db.session import Database
from clipper_core.domain.task import Kind, TaskState
from clipper_core.domain.task_inputs import Inputs, inputs_from_row
from clipper_core.errors import Cancelled, ClipperError, LeaseLost, ServiceUnavailable
from clipper_core.services.assets import NewFile
from clipper_core.services.runs.attempt_files import AttemptFiles
from clipper_core.services.runs.lease import LeaseKeeper
from clipper_core.services.runs.runs import Runs
from clipper_core.services.runs.tasks import Claim, Tasks

log = structlog.get_logger()

InputsT = TypeVar("InputsT", bound=Inputs)


@dataclass
class Outcome:
    """The outcome of a step.

    Attributes:
        result: What goes into the task's row.
        files: Files to store.
        save: Writes whatever else belongs to it, in the transaction that ends the task. Gets the files as assets.
    """

    result: dict[str, Any]
    files: Sequence[NewFile] = ()
    save: Callable[[Session, Project, dict[str, Asset]], None] = lambda _session, _project, _assets: None


@dataclass(frozen=True)
class TaskContext(Generic[InputsT]):
    """The context of one step.

    Attributes:
        claim: The task, as this worker holds it.
        inputs: What the task works on.
        folder: An empty folder, gone after the step.
        progress: To be called with 0-1; raises when the step must stop.
    """

    claim: Claim
    inputs: InputsT
    folder: Path
    progress: Callable[[float], None]


Step = Callable[[TaskContext[Any]], Outcome]


class TaskWorker:
    """Performs tasks. ``steps`` holds the step for each kind."""

    def __init__(
        self, database: Database, tasks: Tasks, runs: Runs, steps: Mapping[Kind, Step], files: AttemptFiles
    ) -> None:
        self._database = database
        self._tasks = tasks
        self._runs = runs
        self._steps = steps
        self._files = files

    def perform(self, task_id: str, attempt: int) -> None:
        """Do one attempt of a task to its end. Raises what made it fail, after the row says so."""
        claim = self._tasks.claim(task_id, attempt)
        if claim is None:
            return
        began = time.monotonic()
        task_log = log.bind(task=claim.id, kind=claim.kind.value, project=claim.project_id, attempt=claim.attempt)
        task_log.info("started")
        try:
            self._attempt(claim)
        except (LeaseLost, Cancelled) as error:
            task_log.info("stopped", why=error.code)
            self._files.remove(claim, claim.attempt)
        except ClipperError as error:
            self._fail(claim, error)
            task_log.warning("failed", code=error.code, why=error.message, detail=(error.detail or "")[-400:])
            # A refused recording is no fault of the worker, and nothing for the queue's list of failures.
            if error.status >= 500:
                raise
        except Exception as error:
            self._fail(claim, ClipperError(detail=traceback.format_exc()))
            task_log.exception("failed", why=type(error).__name__)
            raise
        else:
            task_log.info("succeeded", seconds=round(time.monotonic() - began, 1))

    def _fail(self, claim: Claim, error: ClipperError) -> None:
        """Write the error into the row and keep nothing, unless the row already says that this attempt succeeded."""
        failed = self._tasks.fail(claim, error)
        if failed and claim.kind is Kind.TRANSCRIBE and isinstance(error, ServiceUnavailable):
            self._tasks.fail_waiting(claim, error)
        # The connection may have broken after the commit: then the row names these files, and they must stay.
        if failed or not self._tasks.has_succeeded(claim):
            self._files.remove(claim, claim.attempt)

    def sweep(self) -> int:
        """Remove what killed attempts left where no other attempt followed. Returns the number of them."""
        swept = 0
        for left in self._files.left_behind():
            with self._database.read() as session:
                task = session.get(Task, left.task_id)
            if left.attempt is None or (task is not None and task.state == TaskState.RUNNING):
                continue
            if task is not None and (task.state != TaskState.SUCCEEDED or task.attempt != left.attempt):
                self._files.remove_stored(task.project_id, left.task_id, left.attempt)
            shutil.rmtree(left.folder, ignore_errors=True)
            swept += 1
        return swept

    def _attempt(self, claim: Claim) -> None:
        for earlier in range(1, claim.attempt):
            self._files.remove(claim, earlier)
        with self._files.folder(claim) as folder:
            with LeaseKeeper(self._tasks, claim) as lease:
                inputs = inputs_from_row(claim.kind, claim.inputs)
                outcome = self._steps[claim.kind](TaskContext(claim, inputs, folder, lease.beat))
                lease.beat(1.0)
                assets = self._files.store(claim, outcome.files)
            self._tasks.finish(claim, outcome.result, lambda s, task: self._save(s, task, outcome, assets))

    def _save(self, session: Session, task: Task, outcome: Outcome, assets: dict[str, Asset]) -> list[Task]:
        """Write what the step made, in the transaction that ends the task. Returns the tasks that follow."""
        session.add_all(assets.values())
        session.flush()
        project = session.get_one(Project, task.project_id, with_for_update=True)
        outcome.save(session, project, assets)
        project.revision += 1
        session.flush()
        return self._runs.follow_everywhere(session, task)
