"""What a worker does with one task: claim it, run its stage, store what came out, and say so."""

from __future__ import annotations

import shutil
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy.orm import Session

from clipper_core.adapters.store.local import Storage
from clipper_core.db.models import Asset, Project, Task
from clipper_core.db.session import Database
from clipper_core.domain.task import Kind, TaskState
from clipper_core.errors import Cancelled, ClipperError, LeaseLost, ServiceUnavailable
from clipper_core.services.assets.files import NewFile
from clipper_core.services.runs.lease import LeaseKeeper
from clipper_core.services.runs.runs import Runs
from clipper_core.services.runs.tasks import Claim, Tasks, scratch_name

log = structlog.get_logger()


@dataclass
class Outcome:
    """What a step made: its result for the row, files to store, and what else to write when the row says done."""

    result: dict[str, Any]
    files: Sequence[NewFile] = ()
    save: Callable[[Session, Project, dict[str, Asset]], None] = lambda _session, _project, _assets: None


@dataclass
class TaskContext:
    """What one step works with: its claim, an empty folder, and a progress to report that raises when it must stop."""

    claim: Claim
    folder: Path
    progress: Callable[[float], None]


Step = Callable[[TaskContext], Outcome]


class TaskWorker:
    """Performs tasks. ``steps`` says how each kind is done."""

    def __init__(
        self,
        database: Database,
        storage: Storage,
        tasks: Tasks,
        runs: Runs,
        steps: Mapping[Kind, Step],
        scratch: Path,
    ) -> None:
        self._database = database
        self._storage = storage
        self._tasks = tasks
        self._runs = runs
        self._steps = steps
        self._scratch = scratch

    def perform(self, task_id: str, attempt: int) -> None:
        """Do one attempt of a task to its end. Raises what made it fail, after the row says so."""
        claim = self._tasks.claim(task_id, attempt)
        if claim is None:
            return
        began = time.monotonic()
        say = log.bind(task=claim.id, kind=claim.kind.value, project=claim.project_id, attempt=claim.attempt)
        say.info("started")
        try:
            self._attempt(claim)
        except (LeaseLost, Cancelled) as error:
            say.info("stopped", why=error.code)
            self._forget(claim, claim.attempt)
        except ClipperError as error:
            self._fail(claim, error)
            say.warning("failed", code=error.code, why=error.message, detail=(error.detail or "")[-400:])
            if error.status >= 500:
                raise
        except Exception as error:
            self._fail(claim, ClipperError(detail=traceback.format_exc()))
            say.exception("failed", why=type(error).__name__)
            raise
        else:
            say.info("succeeded", seconds=round(time.monotonic() - began, 1))

    def _fail(self, claim: Claim, error: ClipperError) -> None:
        """Say so in the row, and keep nothing; unless the row already says that this attempt succeeded."""
        failed = self._tasks.fail(claim, error)
        if failed and claim.kind is Kind.TRANSCRIBE and isinstance(error, ServiceUnavailable):
            self._tasks.fail_waiting(claim, error)
        if failed or not self._tasks.has_succeeded(claim):
            self._forget(claim, claim.attempt)

    def sweep(self) -> int:
        """Remove what attempts left that were killed and never followed by another; how many there were.

        Each attempt has a scratch folder from its first moment, so these name every attempt that left anything.
        """
        swept = 0
        for folder in list(self._scratch.iterdir()) if self._scratch.is_dir() else []:
            task_id, _, attempt = folder.name.rpartition("-")
            with self._database.read() as session:
                task = session.get(Task, task_id)
            if not attempt.isdigit() or (task is not None and task.state == TaskState.RUNNING):
                continue
            if task is not None and (task.state != TaskState.SUCCEEDED or task.attempt != int(attempt)):
                self._storage.delete_folder(_attempt_folder(task.project_id, task_id, int(attempt)))
            shutil.rmtree(folder, ignore_errors=True)
            swept += 1
        return swept

    def _attempt(self, claim: Claim) -> None:
        for earlier in range(1, claim.attempt):
            self._forget(claim, earlier)
        folder = self._scratch / scratch_name(claim)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        try:
            with LeaseKeeper(self._tasks, claim) as heart:
                outcome = self._steps[claim.kind](TaskContext(claim, folder, heart.beat))
                heart.beat(1.0)
                assets = self._store(claim, outcome.files)
            self._tasks.finish(claim, outcome.result, lambda s, task: self._follow(s, task, outcome, assets))
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _store(self, claim: Claim, files: Sequence[NewFile]) -> dict[str, Asset]:
        """Put what was made into the store under this attempt's own keys; rows name it only at the finish."""
        out: dict[str, Asset] = {}
        for file in files:
            asset = Asset(
                id=file.id,
                project_id=claim.project_id,
                kind=file.kind,
                key=f"{_attempt_folder(claim.project_id, claim.id, claim.attempt)}/{file.name}",
                mime=file.mime,
                filename=file.filename,
                size=0,
            )
            asset.size = self._storage.put(file.path, asset.key)
            out[file.name] = asset
        return out

    def _follow(self, session: Session, task: Task, outcome: Outcome, assets: dict[str, Asset]) -> list[Task]:
        session.add_all(assets.values())
        session.flush()
        project = session.get_one(Project, task.project_id, with_for_update=True)
        outcome.save(session, project, assets)
        project.revision += 1
        session.flush()
        return self._runs.follow_everywhere(session, task)

    def _forget(self, claim: Claim, attempt: int) -> None:
        """Remove what an attempt that came to nothing left in the store."""
        self._storage.delete_folder(_attempt_folder(claim.project_id, claim.id, attempt))
        shutil.rmtree(self._scratch / f"{claim.id}-{attempt}", ignore_errors=True)


def _attempt_folder(project_id: str, task_id: str, attempt: int) -> str:
    return f"projects/{project_id}/{task_id}-{attempt}"
