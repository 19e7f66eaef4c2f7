"""Stored files that nothing names: which go, and above all which stay."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from clipper_core.adapters.storage import LocalStorage
from clipper_core.db.migrate import migrate
from clipper_core.db.models import Asset, Project, Show, now
from clipper_core.db.session import Database
from clipper_core.domain.ids import DEFAULT_SHOW, SAMPLE_PROJECT
from clipper_core.services.orphans import AT_ONCE, Orphans

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
                Project(id=name, show_id=DEFAULT_SHOW, title="T", filename="t.wav", wishes={}, deleted_at=deleted)
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


def test_a_file_that_no_asset_names_goes_and_one_that_is_named_stays(database: Database, storage: LocalStorage) -> None:
    kept = stored(storage, "projects/prj_1/source")
    named(database, "projects/prj_1/source")
    orphan = stored(storage, "projects/prj_1/tsk_1-1/map.json.gz")

    assert Orphans(database, storage).sweep() == 1
    assert kept.exists()
    assert not orphan.exists()


def test_a_file_that_may_be_about_to_be_named_stays(database: Database, storage: LocalStorage) -> None:
    young = stored(storage, "projects/prj_1/tsk_1-1/map.json.gz", age_s=DAY - 60)

    assert Orphans(database, storage).sweep(DAY) == 0
    assert young.exists()


def test_files_of_projects_that_this_database_does_not_know_stay(database: Database, storage: LocalStorage) -> None:
    foreign = [
        stored(storage, "projects/prj_of_another_clipper/source"),
        stored(storage, "projects/prj_1_too/source"),
        stored(storage, "projects/prj_1"),
        stored(storage, "notes/prj_1/readme"),
    ]
    foreign.pop(2).unlink()

    assert Orphans(database, storage).sweep() == 0
    assert all(path.exists() for path in foreign)


def test_files_of_the_sample_stay_since_every_clipper_has_one(database: Database, storage: LocalStorage) -> None:
    sample = stored(storage, f"projects/{SAMPLE_PROJECT}/tsk_of_another_clipper-1/render.mp4")

    assert Orphans(database, storage).sweep() == 0
    assert sample.exists()


def test_a_deleted_recording_keeps_what_is_named_since_it_can_come_back(
    database: Database, storage: LocalStorage
) -> None:
    kept = stored(storage, "projects/prj_gone/source")
    named(database, "projects/prj_gone/source")
    orphan = stored(storage, "projects/prj_gone/tsk_1-1/preview.mp4")

    assert Orphans(database, storage).sweep() == 1
    assert kept.exists()
    assert not orphan.exists()


def test_more_files_than_fit_into_one_question_are_all_looked_at(database: Database, storage: LocalStorage) -> None:
    for n in range(AT_ONCE + 3):
        stored(storage, f"projects/prj_1/tsk_{n}-1/x")

    assert Orphans(database, storage).sweep() == AT_ONCE + 3
    assert list(storage.files()) == []


def test_what_broken_off_puts_left_goes_too(database: Database, storage: LocalStorage) -> None:
    part = stored(storage, "projects/prj_unknown/source.part")

    assert Orphans(database, storage).sweep() == 1
    assert not part.exists()
