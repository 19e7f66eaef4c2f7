"""The unit of work, and how it moves."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum, auto

LEASE_S = 30
RENEW_EVERY_S = 10
MOST_INTERRUPTIONS = 3


class Kind(StrEnum):
    """Which step of the work a task is."""

    PROBE = auto()
    MAP_SILENCE = auto()
    PREVIEW = auto()
    TRANSCRIBE = auto()
    ALIGN = auto()
    PROPOSE = auto()
    RENDER = auto()


class Queue(StrEnum):
    FAST = auto()
    SPEECH = auto()
    RENDER = auto()


QUEUE_OF: dict[Kind, Queue] = {
    Kind.PROBE: Queue.FAST,
    Kind.MAP_SILENCE: Queue.FAST,
    Kind.PREVIEW: Queue.RENDER,
    Kind.TRANSCRIBE: Queue.SPEECH,
    Kind.ALIGN: Queue.SPEECH,
    Kind.PROPOSE: Queue.FAST,
    Kind.RENDER: Queue.RENDER,
}


class TaskState(StrEnum):
    QUEUED = auto()
    RUNNING = auto()
    SUCCEEDED = auto()
    FAILED = auto()
    CANCELLED = auto()

    @property
    def is_final(self) -> bool:
        return self not in (TaskState.QUEUED, TaskState.RUNNING)


MOVES: dict[TaskState, set[TaskState]] = {
    TaskState.QUEUED: {TaskState.RUNNING, TaskState.CANCELLED},
    # back to queued when the lease is lost
    TaskState.RUNNING: {TaskState.SUCCEEDED, TaskState.FAILED, TaskState.CANCELLED, TaskState.QUEUED},
    TaskState.SUCCEEDED: set(),
    TaskState.FAILED: {TaskState.QUEUED},
    TaskState.CANCELLED: {TaskState.QUEUED},
}


def state_of_run(states: Iterable[TaskState]) -> TaskState:
    """A run's state, from its tasks: one failure fails it, once nothing else is still at work."""
    seen = set(states)
    if TaskState.RUNNING in seen:
        return TaskState.RUNNING
    if TaskState.QUEUED in seen:
        return TaskState.RUNNING if TaskState.SUCCEEDED in seen else TaskState.QUEUED
    for state in (TaskState.FAILED, TaskState.CANCELLED, TaskState.SUCCEEDED):
        if state in seen:
            return state
    return TaskState.QUEUED
