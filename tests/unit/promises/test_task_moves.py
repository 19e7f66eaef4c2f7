"""Every change of a task's state in the product goes through the map of moves."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import product

import pytest

from clipper_core.db.models import Task
from clipper_core.db.session import Database
from clipper_core.domain.task import MOVES, ImpossibleMove, TaskState
from clipper_core.services.runs.moves import moving
from tests.unit.promises.test_architecture import ROOT, product_files

# The functions that look at MOVES first.
MOVERS = {"clipper_core/domain/task.py:move", "clipper_core/services/runs/moves.py:moving"}
# The one place that makes a task; it begins as queued, which is no move.
MAKER = "clipper_core/services/runs/tasks.py:add"


def changes_of_state() -> Iterator[tuple[str, str]]:
    """The places where the product sets an attribute ``state``, or passes one to a statement or a new row."""
    for path in product_files():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for function in ast.walk(tree):
            if not isinstance(function, ast.FunctionDef):
                continue
            where = f"{path.relative_to(ROOT)}:{function.name}"
            for node in ast.walk(function):
                if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
                    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                    if any(isinstance(t, ast.Attribute) and t.attr == "state" for t in targets):
                        yield where, "assigned"
                elif isinstance(node, ast.Call):
                    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                    named = any(k.arg == "state" for k in node.keywords)
                    if (named and name in ("values", "Task")) or (name == "setattr" and "'state'" in ast.dump(node)):
                        yield where, name


def test_only_the_movers_change_the_state_of_a_task() -> None:
    found = set(changes_of_state())

    assert {where for where, _ in found} == MOVERS | {MAKER}
    assert {how for where, how in found if where == MAKER} == {"Task"}


@pytest.mark.parametrize(("before", "to"), list(product(TaskState, TaskState)))
def test_a_statement_moves_only_rows_that_may_move(database: Database, before: TaskState, to: TaskState) -> None:
    with database.write() as session:
        about = {"project_id": "prj_1", "kind": "probe", "queue": "fast", "input_key": "k", "inputs": {}}
        session.add(Task(id="tsk_1", state=before.value, **about))

    with database.write() as session:
        session.execute(moving(to))

    with database.read() as session:
        after = session.get_one(Task, "tsk_1").state
    assert after == (to if to in MOVES[before] else before)
    if to not in MOVES[before]:
        with pytest.raises(ImpossibleMove):
            moving(to, before)
