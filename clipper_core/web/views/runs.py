"""Runs, their tasks and their spending as JSON."""

from __future__ import annotations

from clipper_core.domain.documents import Json
from clipper_core.domain.spending import Spending
from clipper_core.domain.time_range import seconds
from clipper_core.services.runs import RunView, TaskView


def job_json(run: RunView) -> Json:
    """A run as ``/jobs/enqueue`` answers it."""
    return {
        "id": run.id,
        "project_id": run.project_id,
        "state": run.state.value,
        "stage": run.stage.value if run.stage else None,
        "progress": round(run.progress, 3),
        "error": error_json(run.failure),
    }


def run_json(run: RunView) -> Json:
    return {
        **job_json(run),
        "stage_label": run.stage_label,
        "created_at": run.created_at.isoformat(),
        "finished_at": run.finished_at.isoformat() if run.finished_at else None,
        "warnings": list(run.warnings),
        "settings": {k: v for k, v in run.settings.items() if k not in ("v", "tools")},
        "spending": spending_json(run.spent),
        "tasks": [task_json(t) for t in run.tasks],
    }


def error_json(task: TaskView | None) -> Json | None:
    """The error of a failed task; null without one."""
    if task is None:
        return None
    return {"code": task.error_code, "message": task.error, "step": task.kind.value}


def spending_json(spent: Spending | None) -> Json | None:
    """A run's use of paid services; null where it used none. The cost is null where the prices are not set."""
    if spent is None:
        return None
    return {
        "audio_s": seconds(spent.audio_ms),
        "tokens_in": spent.tokens_in,
        "tokens_out": spent.tokens_out,
        "waited_s": seconds(spent.waited_ms),
        "cost_usd": round(spent.cost, 6) if spent.cost is not None else None,
    }


def task_json(task: TaskView) -> Json:
    return {
        "id": task.id,
        "kind": task.kind.value,
        "label": task.label,
        "state": task.state.value,
        "progress": round(task.progress, 3),
        "position": task.position,
        "attempt": task.attempt,
        "seconds": round(task.seconds, 1) if task.seconds is not None else None,
        "error": error_json(task) if task.error_code else None,
    }
