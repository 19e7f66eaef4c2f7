"""The unit of work, and how it moves."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum, auto
from typing import Protocol

LEASE_S = 30
RENEW_EVERY_S = 10
MAX_INTERRUPTIONS = 3


class Kind(StrEnum):
    """The step of the work that a task does."""

    PROBE = auto()
    MAP_SILENCE = auto()
    PREVIEW = auto()
    TRANSCRIBE = auto()
    ALIGN = auto()
    PROPOSE = auto()
    RENDER = auto()


class Queue(StrEnum):
    """A line of waiting tasks; each worker serves some of them."""

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
    """The state of a task; a run's is derived from its tasks'."""

    #: Waits for a worker, in its first attempt or a later one.
    QUEUED = auto()
    #: A worker holds it, by a token and a lease.
    RUNNING = auto()
    #: Done; its result is stored and its successors are queued.
    SUCCEEDED = auto()
    #: Ended by an error, which is stored with it. It can be queued again.
    FAILED = auto()
    #: Stopped by a user or by a change that made it pointless. It can be queued again.
    CANCELLED = auto()

    @property
    def is_final(self) -> bool:
        return self not in (TaskState.QUEUED, TaskState.RUNNING)


MOVES: dict[TaskState, frozenset[TaskState]] = {
    # failed without an attempt: another task found the service down, or every attempt was lost before it began
    TaskState.QUEUED: frozenset({TaskState.RUNNING, TaskState.CANCELLED, TaskState.FAILED}),
    # back to queued when the lease is lost
    TaskState.RUNNING: frozenset(
        {TaskState.SUCCEEDED, TaskState.FAILED, TaskState.CANCELLED, TaskState.QUEUED},
    ),
    TaskState.SUCCEEDED: frozenset(),
    TaskState.FAILED: frozenset({TaskState.QUEUED}),
    TaskState.CANCELLED: frozenset({TaskState.QUEUED}),
}


class HasState(Protocol):
    """A task, as far as moving it goes."""

    state: str


def move(task: HasState, to: TaskState) -> None:
    """Change the state of a task, along MOVES. Raises ImpossibleMove, and changes nothing then."""
    check_move(TaskState(task.state), to)
    task.state = to.value


def check_move(before: TaskState, to: TaskState) -> None:
    """Raises ImpossibleMove where a task can't go from one state to the other."""
    if to not in MOVES[before]:
        raise ImpossibleMove(f"a task that is {before} can't become {to}")


def states_before(to: TaskState) -> tuple[TaskState, ...]:
    """The states from which a task can move to this one."""
    return tuple(before for before, after in MOVES.items() if to in after)


class ImpossibleMove(ValueError):
    """A change of state that MOVES does not allow: a fault in the program."""


def state_of_run(states: Iterable[TaskState]) -> TaskState:
    """A run's state, from its tasks: one failure fails it, once nothing else is still at work."""
    present = set(states)
    if TaskState.RUNNING in present:
        return TaskState.RUNNING
    if TaskState.QUEUED in present:
        return TaskState.RUNNING if TaskState.SUCCEEDED in present else TaskState.QUEUED
    for state in (TaskState.FAILED, TaskState.CANCELLED, TaskState.SUCCEEDED):
        if state in present:
            return state
    return TaskState.QUEUED
