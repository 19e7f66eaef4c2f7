"""Moves task rows from state to state, along the map of moves."""

from __future__ import annotations

from sqlalchemy import Update, update

from clipper_core.db.models import Task, now
from clipper_core.domain.task import MAX_INTERRUPTIONS, TaskState, check_move, move, states_before
from clipper_core.errors import Interrupted


def moving(to: TaskState, *before: TaskState) -> Update:
    """An UPDATE of tasks to the state ``to``, for tasks in one of the states ``before`` alone.

    Without ``before``, it applies to every state from which MOVES leads there. Raises ImpossibleMove.
    """
    for state in before:
        check_move(state, to)
    return update(Task).where(Task.state.in_(before or states_before(to))).values(state=to.value)


def queue_again(task: Task) -> None:
    move(task, TaskState.QUEUED)
    next_attempt(task)


def next_attempt(task: Task) -> None:
    """Make a queued task wait as a fresh attempt, with nothing left of the one before."""
    task.attempt += 1
    task.queued_at = now()
    task.token = None
    task.lease_until = None
    task.worker = None
    task.progress = 0.0
    task.error = task.error_code = task.error_detail = None
    task.finished_at = None


def interrupt(task: Task) -> None:
    interruptions = task.interruptions + 1
    if interruptions >= MAX_INTERRUPTIONS:
        give_up(task)
    else:
        queue_again(task)
    task.interruptions = interruptions


def give_up(task: Task) -> None:
    error = Interrupted()
    move(task, TaskState.FAILED)
    task.error_code, task.error = error.code, error.message
    task.error_detail = f"last worker: {task.worker}"
    task.token = None
    task.lease_until = None
    task.finished_at = now()
