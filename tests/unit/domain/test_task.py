"""The states of a task, and the moves between them."""

from __future__ import annotations

from itertools import product
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.domain.task import (
    MOVES,
    ImpossibleMove,
    TaskState,
    check_move,
    move,
    state_of_run,
    states_before,
)

PAIRS = list(product(TaskState, TaskState))


def test_every_task_state_is_on_the_map() -> None:
    assert set(MOVES) == set(TaskState)
    assert all(not MOVES[s] for s in TaskState if s is TaskState.SUCCEEDED)


@pytest.mark.parametrize(("before", "to"), PAIRS)
def test_a_task_moves_along_the_map_only(before: TaskState, to: TaskState) -> None:
    task = SimpleNamespace(state=before.value)

    if to in MOVES[before]:
        move(task, to)
        assert task.state == to.value
    else:
        with pytest.raises(ImpossibleMove):
            move(task, to)
        assert task.state == before.value


@pytest.mark.parametrize(("before", "to"), PAIRS)
def test_states_before_another_are_those_that_may_become_it(before: TaskState, to: TaskState) -> None:
    if before in states_before(to):
        check_move(before, to)
    else:
        with pytest.raises(ImpossibleMove):
            check_move(before, to)


def test_a_finished_task_never_moves_again() -> None:
    assert not MOVES[TaskState.SUCCEEDED]
    assert {s for s in TaskState if s.is_final} == {TaskState.SUCCEEDED, TaskState.FAILED, TaskState.CANCELLED}


@given(st.lists(st.sampled_from(list(TaskState)), min_size=1))
def test_a_run_ends_with_its_last_task(states: list[TaskState]) -> None:
    run = state_of_run(states)

    assert run.is_final == all(s.is_final for s in states)
    assert (run is TaskState.SUCCEEDED) == (set(states) == {TaskState.SUCCEEDED})
