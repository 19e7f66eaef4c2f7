"""Runs and their tasks as pages and the API show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from clipper_core import pipeline
from clipper_core.db.models import Run, Task, now
from clipper_core.domain.spending import Spending
from clipper_core.domain.task import Kind, TaskState, state_of_run
from clipper_core.errors import is_refusal
from clipper_core.services.engines.choosing import CHOSEN_OFFLINE

ORDER = [Kind.PROBE, Kind.MAP_SILENCE, Kind.PREVIEW, Kind.TRANSCRIBE, Kind.ALIGN, Kind.PROPOSE, Kind.RENDER]


@dataclass(frozen=True, slots=True)
class TaskView:
    """A task as pages show it; ``progress`` is 0-1."""

    id: str
    kind: Kind
    label: str
    state: TaskState
    progress: float
    position: int
    attempt: int
    interruptions: int
    queue: str
    started_at: datetime | None
    finished_at: datetime | None
    error_code: str | None
    error: str | None
    error_detail: str | None

    @property
    def seconds(self) -> float | None:
        """The time it took, or has taken so far."""
        if self.started_at is None:
            return None
        return max(0.0, ((self.finished_at or now()) - self.started_at).total_seconds())


@dataclass(frozen=True, slots=True)
class RunView:
    """A run as pages show it: ``stage`` is the step at work, ``progress`` 0-1 over all that lies ahead."""

    id: str
    project_id: str
    title: str
    state: TaskState
    stage: Kind | None
    progress: float
    created_at: datetime
    finished_at: datetime | None
    tasks: tuple[TaskView, ...]
    warnings: tuple[dict[str, str], ...]
    settings: dict[str, Any]
    spent: Spending | None = None  # on paid services, where any were asked

    @property
    def failure(self) -> TaskView | None:
        return next((t for t in self.tasks if t.state is TaskState.FAILED), None)

    @property
    def can_retry(self) -> bool:
        """Whether a retry may end otherwise: not where the recording itself was refused.

        A finished run can be retried where a service should have chosen the clips and could not.
        """
        stopped = self.state in (TaskState.FAILED, TaskState.CANCELLED) or self.was_chosen_offline
        return stopped and not (self.failure and is_refusal(self.failure.error_code))

    @property
    def was_chosen_offline(self) -> bool:
        return self.state is TaskState.SUCCEEDED and any(w["code"] == CHOSEN_OFFLINE for w in self.warnings)

    @property
    def stage_label(self) -> str:
        return pipeline.STEP_LABELS[self.stage] if self.stage else ""

    @property
    def is_final(self) -> bool:
        return self.state.is_final


def _task_view(task: Task) -> TaskView:
    kind = Kind(task.kind)
    return TaskView(
        task.id,
        kind,
        pipeline.STEP_LABELS[kind],
        TaskState(task.state),
        task.progress,
        task.position,
        task.attempt,
        task.interruptions,
        task.queue,
        task.started_at,
        task.finished_at,
        task.error_code,
        task.error,
        task.error_detail,
    )


def run_view(run: Run, title: str, tasks: Sequence[Task], spent: Spending | None = None) -> RunView:
    """The view of a run.

    Args:
        run: Its row.
        title: The title of the recording.
        tasks: Its tasks in any order.
        spent: What it paid, None where nothing was asked for.

    Returns:
        The view, with the tasks in the order of the work.
    """
    views = tuple(sorted((_task_view(t) for t in tasks), key=lambda t: (ORDER.index(t.kind), t.position)))
    state = TaskState.CANCELLED if run.cancelled_at else state_of_run(t.state for t in views)
    at_work = [t for t in views if t.state is TaskState.RUNNING] or [t for t in views if t.state is TaskState.QUEUED]
    # The preview is made beside the rest: it names the step only where nothing else is left.
    stage = next((t.kind for t in at_work if t.kind is not Kind.PREVIEW), at_work[0].kind if at_work else None)
    ends = [t.finished_at for t in views if t.finished_at]
    finished = run.cancelled_at or (max(ends, default=None) if state.is_final else None)
    warnings = tuple(run.warnings)
    progress = 1.0 if state is TaskState.SUCCEEDED else _progress(views)
    return RunView(
        id=run.id,
        project_id=run.project_id,
        title=title,
        state=state,
        stage=stage,
        progress=progress,
        created_at=run.created_at,
        finished_at=finished,
        tasks=views,
        warnings=warnings,
        settings=run.settings,
        spent=spent,
    )


def _progress(tasks: Sequence[TaskView]) -> float:
    done = 0.0
    for kind, weight in pipeline.WEIGHTS.items():
        of_kind = [t for t in tasks if t.kind is kind]
        if of_kind:
            parts = (1.0 if t.state is TaskState.SUCCEEDED else t.progress for t in of_kind)
            done += weight * sum(parts) / len(of_kind)
    return min(0.99, done / sum(pipeline.WEIGHTS.values()))
