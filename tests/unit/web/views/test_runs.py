"""Runs and tasks are told without what is not meant for clients."""

from __future__ import annotations

from datetime import UTC, datetime

from clipper_core.domain.spending import Spending
from clipper_core.domain.task import Kind, TaskState
from clipper_core.services.runs.views import RunView, TaskView
from clipper_core.web.views.runs import job_json, run_json, spending_json, task_json

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def task(state: TaskState = TaskState.QUEUED, error_code: str | None = None) -> TaskView:
    finished = AT.replace(second=7) if error_code else None
    return TaskView(
        id="tsk_1",
        kind=Kind.PROBE,
        label="Reading",
        state=state,
        progress=0.12345,
        position=0,
        attempt=1,
        interruptions=0,
        queue="fast",
        started_at=AT if error_code else None,
        finished_at=finished,
        error_code=error_code,
        error="Not a recording." if error_code else None,
        error_detail="secret",
    )


def run(*tasks: TaskView) -> RunView:
    settings = {"v": 1, "tools": {}, "language": "en"}
    return RunView("run_1", "prj_1", "A talk", TaskState.QUEUED, None, 0.5, AT, None, tasks, (), settings)


def test_a_run_begins_with_its_job() -> None:
    document = run_json(run(task()))

    assert list(document.items())[:6] == list(job_json(run(task())).items())
    assert document["settings"] == {"language": "en"}
    assert (document["spending"], document["finished_at"]) == (None, None)


def test_a_task_tells_its_error_without_the_details() -> None:
    failed = task_json(task(TaskState.FAILED, "not_media"))

    assert failed["error"] == {"code": "not_media", "message": "Not a recording.", "step": "probe"}
    assert (failed["seconds"], failed["progress"]) == (2.0, 0.123)
    assert "secret" not in str(failed)
    assert (task_json(task())["error"], task_json(task())["seconds"]) == (None, None)


def test_spending_is_told_in_seconds_and_dollars() -> None:
    assert spending_json(None) is None
    assert spending_json(Spending(90_500, 10, 20, 1_250, 0.12345678)) == {
        "audio_s": 90.5,
        "tokens_in": 10,
        "tokens_out": 20,
        "waited_s": 1.25,
        "cost_usd": 0.123457,
    }
