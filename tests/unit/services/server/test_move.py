"""Moving everything to another data folder: all of it or nothing, and the old place stays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from clipper_core.adapters.store.local import LocalStorage
from clipper_core.db.models import Asset, Project, Show, Task, Upload, now
from clipper_core.db.session import Database
from clipper_core.domain.ids import DEFAULT_SHOW
from clipper_core.domain.task import TaskState
from clipper_core.errors import WrongState
from clipper_core.services.server.move import Place, Relocation
from tests.services import fresh_database


def place(database: Database, folder: Path) -> Place:
    return Place(database, LocalStorage(folder / "files"), folder, database.url, str(folder / "files"))


@pytest.fixture
def old(tmp_path: Path) -> Iterator[Place]:
    """A recording with one file, a task at work whose lease is over, and an upload on its way."""
    folder = tmp_path / "old"
    with fresh_database(folder) as database:
        made = place(database, folder)
        path = made.storage.folder / "projects/prj_1/source"
        path.parent.mkdir(parents=True)
        path.write_bytes(b"content")
        with database.write() as session:
            session.add(Show(id=DEFAULT_SHOW, name="My recordings", defaults={}))
            session.flush()
            session.add(
                Project(id="prj_1", show_id=DEFAULT_SHOW, title="T", filename="t.wav", preferences={"track": 1})
            )
            session.add(Upload(id="upl_1", filename="u.wav", filetype="", size=9, preferences={}))
            session.flush()
            key = "projects/prj_1/source"
            session.add(Asset(id="ast_1", project_id="prj_1", kind="source", key=key, mime="audio/wav", size=7))
            task = Task(id="tsk_1", project_id="prj_1", kind="probe", queue="fast", input_key="k", inputs={})
            task.state, task.token, task.lease_until = TaskState.RUNNING, "t", now() - timedelta(hours=1)
            session.add(task)
        yield made


@pytest.fixture
def new(tmp_path: Path) -> Iterator[Place]:
    with fresh_database(tmp_path / "new") as database:
        yield place(database, tmp_path / "new")


def nothing(_step: str, _done: float) -> None:
    pass


def test_rows_and_files_are_copied_not_moved(old: Place, new: Place) -> None:
    report = Relocation(old, new).move(nothing)

    assert report.files.copied == 1 and report.flaws == ()
    assert (report.unfinished_tasks, report.uploads_left) == (1, 1)
    with new.database.read() as session:
        assert session.get_one(Project, "prj_1").preferences == {"track": 1}
        assert session.get(Upload, "upl_1") is None
        assert (session.get_one(Task, "tsk_1").state, session.get_one(Task, "tsk_1").token) == ("queued", None)
    with old.database.read() as session:
        assert session.get_one(Task, "tsk_1").state == "running"
    assert [f.size for f in old.storage.files()] == [f.size for f in new.storage.files()] == [7]


def test_moving_again_copies_nothing(old: Place, new: Place) -> None:
    first = Relocation(old, new).move(nothing)

    again = Relocation(old, new).move(nothing)

    assert again.rows == first.rows
    assert (again.files.copied, again.files.already) == (0, 1)


def test_a_place_with_other_recordings_is_left_alone(old: Place, new: Place) -> None:
    with new.database.write() as session:
        session.add(Show(id="shw_other", name="Other"))

    with pytest.raises(WrongState, match="already holds other recordings"):
        Relocation(old, new).move(nothing)

    with new.database.read() as session:
        assert session.get(Project, "prj_1") is None


def hold_a_lease(old: Place) -> None:
    with old.database.write() as session:
        session.get_one(Task, "tsk_1").lease_until = now() + timedelta(hours=1)


def test_work_under_way_is_not_moved(old: Place, new: Place) -> None:
    hold_a_lease(old)

    with pytest.raises(WrongState, match="Stop Clipper"):
        Relocation(old, new).move(nothing)


def test_the_same_place_is_no_target(old: Place) -> None:
    with pytest.raises(WrongState, match="nothing to move"):
        Relocation(old, old).move(nothing)


def meddling(old: Place) -> Callable[[str, float], None]:
    """A listener to the move's progress that adds a file while the others are copied."""

    def say(step: str, _done: float) -> None:
        if step == "moving files":
            with old.database.write() as session:
                asset = Asset(id="ast_2", project_id="prj_1", kind="x", key="projects/2", mime="x/y", size=1)
                session.merge(asset)

    return say


def test_a_new_file_meanwhile_aborts_the_move(old: Place, new: Place) -> None:
    with pytest.raises(WrongState, match="changed while they were moved"):
        Relocation(old, new).move(meddling(old))

    with new.database.read() as session:
        assert session.get(Project, "prj_1") is None
