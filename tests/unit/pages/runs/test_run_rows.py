"""The rows of the jobs page."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from clipper_core.domain.spending import Spending
from clipper_core.domain.task import Kind, TaskState
from clipper_core.services.runs.views import RunView, TaskView
from pages.components.runs.run_rows import run_html, steps_html

BEGAN = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
WAITING = TaskView(
    id="tsk_1",
    kind=Kind.TRANSCRIBE,
    label="Transcribing",
    state=TaskState.QUEUED,
    progress=0.0,
    position=0,
    attempt=0,
    interruptions=0,
    queue="speech",
    started_at=None,
    finished_at=None,
    error_code=None,
    error=None,
    error_detail=None,
)
DONE = replace(WAITING, state=TaskState.SUCCEEDED, started_at=BEGAN, finished_at=BEGAN + timedelta(seconds=40))


def run_of(*tasks: TaskView, state: TaskState = TaskState.RUNNING, finished: datetime | None = None) -> RunView:
    return RunView(
        id="run_1",
        project_id="prj_1",
        title="Episode",
        state=state,
        stage=Kind.TRANSCRIBE,
        progress=0.5,
        created_at=BEGAN,
        finished_at=finished,
        tasks=tasks,
        warnings=(),
        settings={"transcriber": "openai", "selector": "offline"},
    )


def test_tasks_of_one_kind_are_one_step() -> None:
    html = steps_html(run_of(DONE, DONE, WAITING))

    assert html.count("<tr>") == 1
    assert "Transcribing, 2 of 3 stretches" in html
    assert "1 min" in html  # 40 s each of two


def test_a_single_running_task_shows_its_percent() -> None:
    running = replace(WAITING, state=TaskState.RUNNING, progress=0.419)

    assert "Transcribing 41\u202f%" in steps_html(run_of(running))


def test_interruptions_are_counted_by_the_worst_task() -> None:
    html = steps_html(run_of(replace(DONE, interruptions=1), replace(DONE, interruptions=2)))

    assert "interrupted 2 times" in html


def test_the_steps_name_engines_and_spending() -> None:
    run = replace(run_of(DONE), spent=Spending(audio_ms=60_000, cost=0.14))

    html = steps_html(run)

    assert "Words: The endpoint. Choice of clips: On this computer." in html
    assert "$0.14" in html


def test_a_finished_run_says_how_long_it_took() -> None:
    html = run_html(run_of(DONE, state=TaskState.SUCCEEDED, finished=BEGAN + timedelta(minutes=3)))

    assert "took 3 min" in html
    assert 'role="progressbar"' not in html


def test_a_failure_is_shown_only_once_the_run_has_ended() -> None:
    failed = replace(WAITING, state=TaskState.FAILED, error="FFmpeg could not work.", error_code="media_tool_failed")

    assert "FFmpeg could not work." not in run_html(run_of(failed, WAITING))
    assert "FFmpeg could not work." in run_html(run_of(failed, state=TaskState.FAILED, finished=BEGAN))
