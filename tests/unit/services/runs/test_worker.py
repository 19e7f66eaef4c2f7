"""One task from its claim to its end: what is stored, and what is left behind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from clipper_core.adapters.store.local import LocalStorage
from clipper_core.db.models import Asset, Project, Task
from clipper_core.db.session import Database
from clipper_core.domain.task import Kind
from clipper_core.domain.task_inputs import MapInputs, ProbeInputs, TranscribeInputs
from clipper_core.domain.time_range import TimeRange
from clipper_core.errors import DiskFull, LeaseLost, NotMedia, ServiceUnavailable
from clipper_core.pipeline import NewTask
from clipper_core.services.assets.files import NewFile
from clipper_core.services.runs.attempt_files import AttemptFiles
from clipper_core.services.runs.runs import Runs
from clipper_core.services.runs.tasks import Tasks
from clipper_core.services.runs.worker import Outcome, TaskContext, TaskWorker
from tests.unit.services.runs.test_tasks import FakeBell

Context = TaskContext[Any]


class Workshop:
    """A worker, a store, and one step that does what a test says."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.storage = LocalStorage(folder / "files")
        self.storage.prepare()
        self.tasks = Tasks(database, FakeBell())
        self.step: Callable[[Context], Outcome] = self.stores_a_file
        runs = Runs(database, self.tasks, lambda *_: pytest.fail("no run is started here"))
        steps = dict.fromkeys(Kind, lambda task: self.step(task))
        self.scratch = folder / "scratch"
        self.worker = TaskWorker(database, self.tasks, runs, steps, AttemptFiles(self.storage, self.scratch))

    def add(self, *inputs: Any) -> list[str]:
        with self.database.write() as session:
            return [self.tasks.add(session, "prj_1", None, NewTask.of(one))[0].id for one in inputs]

    def row(self, task_id: str) -> Task:
        with self.database.read() as session:
            return session.get_one(Task, task_id)

    def stored(self) -> list[str]:
        return sorted(file.key for file in self.storage.files())

    def left(self) -> list[Path]:
        return list(self.scratch.iterdir()) if self.scratch.is_dir() else []

    @staticmethod
    def stores_a_file(task: Context) -> Outcome:
        path = task.folder / "out"
        path.write_bytes(b"the result")

        def save(_session: Any, project: Project, assets: dict[str, Asset]) -> None:
            project.preview_id = assets["out"].id

        return Outcome({"size": 10}, [NewFile("out", "preview", path, "x/y")], save)


@pytest.fixture
def shop(database: Database, tmp_path: Path) -> Workshop:
    return Workshop(database, tmp_path)


def test_a_step_gets_typed_inputs_and_stores_its_result(shop: Workshop) -> None:
    seen: list[Any] = []

    def step(task: Context) -> Outcome:
        seen.append(task.inputs)
        return shop.stores_a_file(task)

    shop.step = step
    (task_id,) = shop.add(MapInputs("ast_1", 2))
    shop.worker.perform(task_id, 1)

    with shop.database.read() as session:
        (asset,) = session.scalars(select(Asset)).all()
        project = session.get_one(Project, "prj_1")
    assert seen == [MapInputs("ast_1", 2)]
    assert (shop.row(task_id).state, shop.row(task_id).result) == ("succeeded", {"size": 10})
    assert (project.preview_id, project.revision, asset.size) == (asset.id, 2, 10)
    assert shop.stored() == [asset.key] and not shop.left()


def test_a_refused_recording_fails_the_task_alone(shop: Workshop) -> None:
    def step(_task: Context) -> Outcome:
        raise NotMedia(detail="x" * 9_000)

    shop.step = step
    (task_id,) = shop.add(ProbeInputs("ast_1"))
    shop.worker.perform(task_id, 1)

    row = shop.row(task_id)
    assert (row.state, row.error_code) == ("failed", NotMedia.code)
    assert len(row.error_detail or "") == 8_000


@pytest.mark.parametrize("error", [DiskFull(), ZeroDivisionError("a fault of ours")])
def test_a_fault_is_stored_and_raised(shop: Workshop, error: Exception) -> None:
    def step(_task: Context) -> Outcome:
        raise error

    shop.step = step
    (task_id,) = shop.add(ProbeInputs("ast_1"))
    with pytest.raises(type(error)):
        shop.worker.perform(task_id, 1)

    assert shop.row(task_id).state == "failed" and shop.row(task_id).error


def test_an_unreadable_row_fails(shop: Workshop) -> None:
    with shop.database.write() as session:
        task, _ = shop.tasks.add(session, "prj_1", None, NewTask(Kind.PROBE, {"of": "another time"}))

    with pytest.raises(KeyError):
        shop.worker.perform(task.id, 1)

    assert shop.row(task.id).state == "failed"


def test_a_cancelled_step_leaves_nothing_behind(shop: Workshop) -> None:
    def step(task: Context) -> Outcome:
        outcome = shop.stores_a_file(task)
        with shop.database.write() as session:
            shop.tasks.cancel(session, session.scalars(select(Task)))
        return outcome

    shop.step = step
    (task_id,) = shop.add(ProbeInputs("ast_1"))
    shop.worker.perform(task_id, 1)

    assert shop.row(task_id).state == "cancelled"
    assert not shop.stored() and not shop.left()


def test_the_next_attempt_removes_what_a_killed_one_stored(shop: Workshop, tmp_path: Path) -> None:
    (task_id,) = shop.add(ProbeInputs("ast_1"))
    (tmp_path / "half").write_bytes(b"half")
    shop.storage.put(tmp_path / "half", f"projects/prj_1/{task_id}-1/out")
    with shop.database.write() as session:
        session.get_one(Task, task_id).attempt = 2

    shop.worker.perform(task_id, 2)

    assert shop.stored() == [f"projects/prj_1/{task_id}-2/out"]


def test_a_sweep_removes_killed_attempts_and_keeps_finished_work(shop: Workshop, tmp_path: Path) -> None:
    done, killed = shop.add(ProbeInputs("ast_1"), ProbeInputs("ast_2"))
    shop.worker.perform(done, 1)
    for task_id in (done, killed):
        (shop.scratch / f"{task_id}-1").mkdir(parents=True)
    (tmp_path / "half").write_bytes(b"half")
    shop.storage.put(tmp_path / "half", f"projects/prj_1/{killed}-1/out")

    assert shop.worker.sweep() == 2
    assert shop.stored() == [f"projects/prj_1/{done}-1/out"] and not shop.left()


def test_a_service_that_is_down_fails_waiting_parts(shop: Workshop) -> None:
    def step(_task: Context) -> Outcome:
        raise ServiceUnavailable

    shop.step = step
    parts = [TranscribeInputs("map_1", "ast_1", "en", "openai", TimeRange(i, i + 1)) for i in range(3)]
    first, *others = shop.add(*parts)
    with pytest.raises(ServiceUnavailable):
        shop.worker.perform(first, 1)

    assert {shop.row(t).state for t in others} == {"failed"}


def test_a_lease_that_is_lost_is_no_failure(shop: Workshop) -> None:
    def step(_task: Context) -> Outcome:
        raise LeaseLost

    shop.step = step
    (task_id,) = shop.add(ProbeInputs("ast_1"))
    shop.worker.perform(task_id, 1)

    assert shop.row(task_id).state == "running"
