"""Task rows: claimed once, renewed, finished once, taken back when their worker dies."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from clipper_core.db.models import Task, now
from clipper_core.db.session import Database
from clipper_core.domain.task import Kind
from clipper_core.errors import ClipperError, LeaseLost, QueueUnavailable
from clipper_core.pipeline import NewTask
from clipper_core.services.runs.tasks import Tasks


class FakeBell:
    """A queue that remembers, and can be out of order."""

    def __init__(self) -> None:
        self.rung: list[str] = []
        self.broken = False

    def ring(self, queue: str, task_id: str, attempt: int, *, first: bool = False) -> None:
        if self.broken:
            raise QueueUnavailable
        self.rung.append(f"{task_id}-{attempt}")

    def waiting(self) -> set[str]:
        if self.broken:
            raise QueueUnavailable
        return set(self.rung)


@pytest.fixture
def bell() -> FakeBell:
    return FakeBell()


@pytest.fixture
def tasks(database: Database, bell: FakeBell) -> Tasks:
    return Tasks(database, bell)


def added(database: Database, tasks: Tasks, **inputs: object) -> Task:
    with database.write() as session:
        task, _ = tasks.add(session, "prj_1", None, NewTask(Kind.PROBE, dict(inputs)))
    tasks.ring([task])
    return task


def row(database: Database, task: Task) -> Task:
    with database.read() as session:
        return session.get_one(Task, task.id)


def change(database: Database, task: Task, **values: object) -> None:
    with database.write() as session:
        held = session.get_one(Task, task.id)
        for name, value in values.items():
            setattr(held, name, value)


def test_equal_work_is_one_task(database: Database, tasks: Tasks) -> None:
    first = added(database, tasks, source="a")
    second = added(database, tasks, source="a")
    other = added(database, tasks, source="b")

    assert first.id == second.id
    assert other.id != first.id


def test_of_many_workers_exactly_one_gets_a_task(database: Database, tasks: Tasks) -> None:
    task = added(database, tasks)
    got: list[object] = []
    together = threading.Barrier(8)

    def claim() -> None:
        together.wait()
        got.append(tasks.claim(task.id, 1))

    workers = [threading.Thread(target=claim) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert sum(claim is not None for claim in got) == 1


def test_an_attempt_that_is_over_cannot_be_claimed(database: Database, tasks: Tasks) -> None:
    task = added(database, tasks)
    change(database, task, attempt=2)

    assert tasks.claim(task.id, 1) is None
    assert tasks.claim(task.id, 2) is not None


def test_a_worker_whose_lease_was_lost_stores_nothing(database: Database, tasks: Tasks) -> None:
    task = added(database, tasks)
    slow = tasks.claim(task.id, 1)
    assert slow is not None
    change(database, task, lease_until=now() - timedelta(seconds=1))
    tasks.reconcile()
    quick = tasks.claim(task.id, 2)
    assert quick is not None

    with pytest.raises(LeaseLost):
        tasks.finish(slow, {"by": "slow"}, lambda _s, _t: pytest.fail("nothing may be stored"))
    tasks.finish(quick, {"by": "quick"}, lambda _s, _t: [])

    assert row(database, task).result == {"by": "quick"}
    assert not tasks.renew(slow, 0.5)
    assert not tasks.fail(slow, ClipperError())


def test_the_third_interruption_fails_a_task_and_says_so(database: Database, tasks: Tasks, bell: FakeBell) -> None:
    task = added(database, tasks)

    for attempt in (1, 2, 3):
        assert tasks.claim(task.id, attempt) is not None
        change(database, task, lease_until=now() - timedelta(seconds=1))
        tasks.reconcile()

    ended = row(database, task)
    assert (ended.state, ended.error_code, ended.interruptions) == ("failed", "interrupted", 3)
    assert bell.rung == [f"{task.id}-{n}" for n in (1, 2, 3)]


def test_a_dead_worker_of_this_machine_loses_its_task(database: Database, tasks: Tasks) -> None:
    task = added(database, tasks)
    tasks.claim(task.id, 1)
    host = row(database, task).worker.split(":")[0]
    change(database, task, worker=f"{host}:{2**22 + 1}:1")

    tasks.reconcile()

    assert (row(database, task).state, row(database, task).attempt) == ("queued", 2)


def test_a_live_lease_is_left_alone(database: Database, tasks: Tasks) -> None:
    task = added(database, tasks)
    tasks.claim(task.id, 1)

    assert tasks.reconcile() == 0
    assert row(database, task).state == "running"


def test_a_row_the_queue_forgot_is_rung_for_again(database: Database, tasks: Tasks, bell: FakeBell) -> None:
    task = added(database, tasks)
    bell.rung.clear()
    change(database, task, queued_at=now() - timedelta(seconds=60))

    tasks.reconcile()

    assert bell.rung == [f"{task.id}-2"]


def test_a_task_waiting_in_the_queue_is_not_rung_again(database: Database, tasks: Tasks, bell: FakeBell) -> None:
    task = added(database, tasks)
    change(database, task, queued_at=now() - timedelta(seconds=60))

    tasks.reconcile()

    assert bell.rung == [f"{task.id}-1"]


def test_without_a_queue_work_waits_in_the_database(database: Database, tasks: Tasks, bell: FakeBell) -> None:
    bell.broken = True
    task = added(database, tasks)
    change(database, task, queued_at=now() - timedelta(seconds=60))
    assert tasks.reconcile() == 0
    bell.broken = False

    tasks.reconcile()

    assert bell.rung == [f"{task.id}-2"]


def test_a_stopped_worker_gives_its_task_back(database: Database, tasks: Tasks) -> None:
    task = added(database, tasks)
    tasks.claim(task.id, 1)
    pid = int(row(database, task).worker.split(":")[1])

    tasks.give_back(pid)

    assert (row(database, task).state, row(database, task).interruptions) == ("queued", 0)


def test_a_finished_task_can_not_be_retried(database: Database, tasks: Tasks) -> None:
    task = added(database, tasks)
    with database.write() as session:
        tasks.cancel(session, session.scalars(select(Task)))
    with database.write() as session:
        again = tasks.retry(session, session.scalars(select(Task)))
    claim = tasks.claim(task.id, again[0].attempt)
    assert claim is not None
    tasks.finish(claim, {}, lambda _s, _t: [])

    with database.write() as session:
        assert tasks.retry(session, session.scalars(select(Task))) == []
