"""Runs as pages show them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from clipper_core.db.models import Run, Task, now
from clipper_core.domain.task import Kind, TaskState
from clipper_core.errors import NotMedia
from clipper_core.services.runs.views import RunView, run_view

STATES = st.sampled_from(list(TaskState))


def task(kind: Kind, state: TaskState, progress: float = 0.0, **values: object) -> Task:
    about = {"id": f"tsk_{kind}", "queue": "fast", "position": 0, "attempt": 1, "interruptions": 0}
    return Task(**{**about, "kind": kind.value, "state": state.value, "progress": progress, **values})


def view(*tasks: Task, **values: object) -> RunView:
    run = Run(**{"id": "run_1", "project_id": "prj_1", "settings": {}, "warnings": [], "created_at": now(), **values})
    return run_view(run, "A talk", tasks)


@given(st.dictionaries(st.sampled_from(list(Kind)), st.tuples(STATES, st.floats(0, 1)), min_size=1))
def test_only_a_finished_run_shows_all_progress(tasks: dict[Kind, tuple[TaskState, float]]) -> None:
    run = view(*(task(kind, state, progress) for kind, (state, progress) in tasks.items()))

    assert 0 <= run.progress <= 1
    assert (run.progress == 1) == (run.state is TaskState.SUCCEEDED)


def test_tasks_are_shown_in_the_order_of_the_work() -> None:
    run = view(*(task(kind, TaskState.QUEUED) for kind in reversed(Kind)))

    assert [t.kind for t in run.tasks] == list(Kind)


def test_a_preview_names_the_step_only_when_alone() -> None:
    preview = task(Kind.PREVIEW, TaskState.RUNNING)

    assert view(preview, task(Kind.TRANSCRIBE, TaskState.RUNNING)).stage_label == "Transcribing"
    assert view(preview, task(Kind.TRANSCRIBE, TaskState.SUCCEEDED)).stage_label == "Making a preview"


def test_a_recording_that_was_refused_can_not_be_retried() -> None:
    refused = task(Kind.PROBE, TaskState.FAILED, error_code=NotMedia.code)
    broken = task(Kind.PROBE, TaskState.FAILED, error_code="failed")

    assert not view(refused).can_retry
    assert view(broken).can_retry and view(broken).failure is not None


def test_a_run_chosen_offline_instead_can_be_retried() -> None:
    done = task(Kind.PROPOSE, TaskState.SUCCEEDED)
    warning = {"code": "chosen_offline", "message": "The service did not answer."}

    assert not view(done).can_retry
    assert view(done, warnings=[warning]).can_retry


def test_a_cancelled_run_is_over_whatever_its_tasks_do() -> None:
    at_work = task(Kind.PROBE, TaskState.RUNNING, started_at=now())

    assert view(at_work, cancelled_at=now()).is_final
    assert not view(at_work).is_final
    assert (view(at_work).tasks[0].seconds or 0) >= 0
