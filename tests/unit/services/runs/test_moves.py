"""How a task that was interrupted goes on, or ends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.db.models import Task
from clipper_core.domain.task import MAX_INTERRUPTIONS, ImpossibleMove, TaskState
from clipper_core.services.runs.moves import give_up, interrupt, next_attempt, queue_again


def task(state: TaskState, **values: object) -> Task:
    return Task(**{"state": state.value, "attempt": 1, "interruptions": 0, "token": "tok_1", "worker": "w", **values})


@given(st.integers(0, 10))
def test_a_task_interrupted_too_often_fails(before: int) -> None:
    running = task(TaskState.RUNNING, interruptions=before)

    interrupt(running)

    assert running.interruptions == before + 1
    assert running.token is None
    assert (running.state == TaskState.FAILED) == (before + 1 >= MAX_INTERRUPTIONS)


def test_a_task_that_is_given_up_says_why() -> None:
    waiting = task(TaskState.QUEUED)

    give_up(waiting)

    assert (waiting.state, waiting.error_code) == ("failed", "interrupted")
    assert waiting.error and waiting.finished_at is not None


@pytest.mark.parametrize("state", [TaskState.RUNNING, TaskState.FAILED, TaskState.CANCELLED])
def test_a_task_queued_again_starts_afresh(state: TaskState) -> None:
    ended = task(state, error="It broke.", error_code="failed", progress=0.7)

    queue_again(ended)

    assert (ended.state, ended.attempt, ended.progress) == ("queued", 2, 0.0)
    assert (ended.error, ended.error_code, ended.worker, ended.token) == (None, None, None, None)


def test_a_finished_task_is_not_queued_again() -> None:
    finished = task(TaskState.SUCCEEDED)

    with pytest.raises(ImpossibleMove):
        queue_again(finished)
    assert (finished.state, finished.attempt) == ("succeeded", 1)


def test_another_attempt_leaves_a_waiting_task_waiting() -> None:
    waiting = task(TaskState.QUEUED)

    next_attempt(waiting)

    assert (waiting.state, waiting.attempt) == ("queued", 2)
