"""The sweep of unnamed files: which are removed, and above all which stay."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from clipper_core.adapters.store.local import LocalStorage
from clipper_core.db.migrate import migrate
from clipper_core.db.models import Asset, Project, Show, Task, now
from clipper_core.db.session import Database
from clipper_core.domain.ids import DEFAULT_SHOW, SAMPLE_PROJECT
from clipper_core.services.server.sweep import AT_ONCE, StoreSweeper

DAY = 86_400


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A database with one recording, one that was deleted, and the sample."""
    made = Database(f"sqlite:///{tmp_path / 'clipper.db'}")
    migrate(made)
    with made.write() as session:
        session.add(Show(id=DEFAULT_SHOW, name="Show", defaults={}))
        session.flush()
        for name, deleted in (("prj_1", None), ("prj_gone", now()), (SAMPLE_PROJECT, None)):
            session.add(
                Project(id=name, show_id=DEFAULT_SHOW, title="T", filename="t.wav", preferences={}, deleted_at=deleted)
            )
    yield made
    made.close()


@pytest.fixture
def storage(tmp_path: Path) -> LocalStorage:
    return LocalStorage(tmp_path / "files")


def stored(storage: LocalStorage, key: str, age_s: float = 2 * DAY) -> Path:
    path = storage.folder / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"content")
    os.utime(path, (time.time() - age_s, time.time() - age_s))
    return path


def named(database: Database, key: str) -> None:
    with database.write() as session:
        project = key.split("/")[1]
        session.add(Asset(id=f"ast_{key[-12:]}", project_id=project, kind="source", key=key, mime="audio/wav", size=7))


def task(database: Database, task_id: str, state: str = "succeeded", attempt: int = 2, project: str = "prj_1") -> None:
    with database.write() as session:
        session.add(
            Task(
                id=task_id,
                project_id=project,
                kind="probe",
                queue="fast",
                input_key=task_id,
                inputs={},
                state=state,
                attempt=attempt,
            )
        )


def test_unnamed_files_of_a_superseded_attempt_are_removed(database: Database, storage: LocalStorage) -> None:
    task(database, "tsk_1")
    kept = stored(storage, "projects/prj_1/tsk_1-2/map")
    named(database, "projects/prj_1/tsk_1-2/map")
    orphan = stored(storage, "projects/prj_1/tsk_1-1/map")

    assert StoreSweeper(database, storage).sweep() == 1
    assert kept.exists()
    assert not orphan.exists()


@pytest.mark.parametrize(("state", "goes"), [("failed", True), ("cancelled", True), ("queued", False)])
@pytest.mark.parametrize("project", ["prj_1", "prj_gone", SAMPLE_PROJECT])
def test_files_of_a_failed_last_attempt_are_removed(
    database: Database, storage: LocalStorage, project: str, state: str, goes: bool
) -> None:
    task(database, "tsk_1", state, project=project)
    left = stored(storage, f"projects/{project}/tsk_1-2/clip")

    StoreSweeper(database, storage).sweep()

    assert left.exists() is not goes


@pytest.mark.parametrize("state", ["running", "succeeded"])
def test_files_of_the_present_attempt_stay(database: Database, storage: LocalStorage, state: str) -> None:
    task(database, "tsk_1", state)
    fresh = stored(storage, "projects/prj_1/tsk_1-2/map")
    later = stored(storage, "projects/prj_1/tsk_1-3/map")  # of the database this one was copied from

    assert StoreSweeper(database, storage).sweep() == 0
    assert fresh.exists() and later.exists()


def test_a_recent_file_stays(database: Database, storage: LocalStorage) -> None:
    task(database, "tsk_1")
    young = stored(storage, "projects/prj_1/tsk_1-1/map", age_s=DAY - 60)

    assert StoreSweeper(database, storage).sweep(DAY) == 0
    assert young.exists()


def test_everything_that_another_database_may_name_stays(database: Database, storage: LocalStorage) -> None:
    foreign = [
        stored(storage, "projects/prj_of_another_clipper/source"),
        stored(storage, "projects/prj_1/source"),
        stored(storage, "projects/prj_1/cap_1"),
        stored(storage, "projects/prj_1/tsk_of_another_clipper-1/render.mp4"),
        stored(storage, f"projects/{SAMPLE_PROJECT}/tsk_of_another_clipper-1/render.mp4"),
        stored(storage, "notes/prj_1/readme"),
    ]

    assert StoreSweeper(database, storage).sweep() == 0
    assert all(path.exists() for path in foreign)


def test_more_files_than_one_query_are_all_checked(database: Database, storage: LocalStorage) -> None:
    task(database, "tsk_1", attempt=AT_ONCE + 9)
    for n in range(1, AT_ONCE + 4):
        stored(storage, f"projects/prj_1/tsk_1-{n}/x")

    assert StoreSweeper(database, storage).sweep() == AT_ONCE + 3
    assert list(storage.files()) == []


def test_leftovers_of_interrupted_puts_are_removed(database: Database, storage: LocalStorage) -> None:
    part = stored(storage, "projects/prj_unknown/source.part")

    assert StoreSweeper(database, storage).sweep() == 1
    assert not part.exists()
