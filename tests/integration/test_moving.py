"""Moving from the embedded default to services by one command, and back: everything arrives, or nothing happens."""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from clipper_core.app import build_app, relocation_for
from clipper_core.db.models import Asset, Base, Project, Task, now
from clipper_core.db.session import Database
from clipper_core.domain.clip import ClipEdit, NewDecision, Verdict
from clipper_core.domain.ids import DEFAULT_SHOW
from clipper_core.domain.task import TaskState
from clipper_core.domain.time_range import TimeRange
from clipper_core.errors import WrongState
from clipper_core.services.clips.idempotency import Sender
from clipper_core.services.server.serve import check_folder, hold_folder
from clipper_core.settings import Settings
from tests.servers import ROOT, Reachable, Stack, until
from tests.services import Services, fresh_redis

pytestmark = pytest.mark.servers

TITLE = "Größe, 日本語 & 🎬 “quotes” 'o\\n' %s {x} <b>"
NOTE = "Zu lang – bitte\nkürzen\t; drop table clips; -- \\u0000 \\ud83c"
EXACT = 0.1 + 0.2

Row = dict[str, Any]
Contents = dict[str, dict[Any, Row]]


# -- a Clipper somebody has worked with


@dataclass(frozen=True)
class Used:
    """A data folder, and what to find in it: clips of the sample, and other recordings."""

    data: Path
    approved: str
    rejected: str
    queued: str  # a recording whose steps wait
    orphaned: str  # one whose worker was lost long ago
    deleted: str
    upload: str  # a tenth of it has arrived


@contextlib.contextmanager
def clipper_in(data: Path, redis: Reachable, **places: Any) -> Iterator[Stack]:
    """A Clipper with its data in that folder, which may be there already, and no processes yet."""
    data.mkdir(parents=True, exist_ok=True)
    settings = Settings(data_dir=data, redis_url=redis.url, _env_file=None, **places)
    stack = Stack(data.parent, redis, settings, build_app(settings))
    try:
        yield stack
    finally:
        stack.stop()


@pytest.fixture(scope="module")
def used_once(tmp_path_factory: pytest.TempPathFactory, media: Path) -> Used:
    data = tmp_path_factory.mktemp("used") / "data"
    with fresh_redis(embedded=True) as redis, clipper_in(data, redis) as stack:
        stack.app.migrate()
        stack.worker()
        stack.app.runs.start("prj_test")
        stack.finished("prj_test")
        approved, rejected = review(stack)
        stack.processes.pop().stop()
        queued, deleted, orphaned = (stack.upload(media / "jfk.flac", title=t) for t in (TITLE, "Deleted", "Orphan"))
        stack.app.projects.delete(deleted)
        orphan(stack.app.database, orphaned)
        return Used(data, approved, rejected, queued, orphaned, deleted, begun_upload(stack))


def review(stack: Stack) -> tuple[str, str]:
    """Approve a clip under another title, reject one, make one by hand and delete it; wait for the render."""
    clips = stack.app.clips
    first, second, *_ = clips.of_project("prj_test")
    changed = clips.revise(first.id, first.revision, ClipEdit(title=TITLE), Sender("Zoë"))
    approved = clips.decide(changed.id, changed.revision, NewDecision(Verdict.APPROVED), Sender("Zoë")).id
    rejected = clips.decide(second.id, second.revision, NewDecision(Verdict.REJECTED, note=NOTE), Sender("Łukasz")).id
    made = clips.create("prj_test", (TimeRange(1_000, 9_000), TimeRange(12_000, 15_500)), title="By hand")
    clips.delete(made.id, made.revision)
    assert rendered(stack, approved).state is TaskState.SUCCEEDED
    return approved, rejected


def rendered(stack: Stack, clip_id: str) -> Any:
    def over() -> Any:
        found = [r for r in stack.app.renders.of_project("prj_test") if r.clip_id == clip_id]
        return found[0] if found and found[0].state.is_final else None

    return until(over, seconds=60, saying="the render ends")


def orphan(database: Database, project_id: str) -> None:
    """As a worker of another computer leaves a step when its power goes."""
    lost = {"state": "running", "token": "tok_1", "worker": "elsewhere:1:2", "lease_until": now() - timedelta(hours=1)}
    with database.write() as session:
        session.execute(update(Task).where(Task.project_id == project_id).values(**lost, progress=EXACT))


def begun_upload(stack: Stack) -> str:
    upload_id = stack.app.uploads.create(1_000, {"filename": "later.mp3", "filetype": "audio/mpeg"})
    piece = stack.app.uploads.open_piece(upload_id, 0)
    piece.write(b"x" * 100)
    piece.break_off()
    return upload_id


@pytest.fixture
def used(used_once: Used, tmp_path: Path) -> Used:
    """A copy of it for one test."""
    shutil.copytree(used_once.data, tmp_path / "data", ignore=shutil.ignore_patterns("run"))
    return replace(used_once, data=tmp_path / "data")


@pytest.fixture
def old(used: Used, redis_server: Reachable) -> Iterator[Stack]:
    with clipper_in(used.data, redis_server) as stack:
        yield stack


def to(*names: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("places", names, indirect=True)


@pytest.fixture(params=["postgresql"])
def places(request: pytest.FixtureRequest, tmp_path: Path, redis_server: Reachable) -> Iterator[dict[str, Any]]:
    """The place to move to, as settings."""
    if request.param == "another folder":
        yield {"data": tmp_path / "there"}
        return
    services: Services = request.getfixturevalue("services")
    store = services.store() if "s3" in request.param else {}
    with services.database(empty=True) as url:
        yield {"data": tmp_path / "there", "database_url": url, **store}


# -- the command, and what it leaves


def asked(places: dict[str, Any]) -> list[str]:
    names = {"--to-database": "database_url", "--to-storage": "storage_url", "--to-data-dir": "data"}
    return [word for option, name in names.items() if name in places for word in (option, str(places[name]))]


def environment(old: Stack, places: dict[str, Any]) -> dict[str, str]:
    """The environment of the command: the old place, and how to reach the new store."""
    more = {n.upper(): str(v) for n, v in places.items() if n.startswith(("s3_", "aws_"))}
    return old.environment(**more) | {"DATABASE_URL": old.settings.database_url or ""}


def move(old: Stack, places: dict[str, Any], *more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "clipper_core", "move", *asked(places), *more]
    told = environment(old, places)
    return subprocess.run(command, cwd=ROOT, env=told, capture_output=True, text=True, timeout=120)


def moved(old: Stack, places: dict[str, Any]) -> dict[str, Any]:
    done = move(old, places, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def sentence(old: Stack, places: dict[str, Any], *more: str) -> str:
    """The command's refusal: one line, and nothing on stdout."""
    done = move(old, places, *more)
    assert done.returncode in (1, 2)
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    return done.stderr.strip()


@contextlib.contextmanager
def opened(places: dict[str, Any], redis: Reachable) -> Iterator[Stack]:
    """A Clipper at the new place, started as `make run` starts it."""
    settings = {name: value for name, value in places.items() if name != "data"}
    with clipper_in(places["data"], redis, **settings) as stack:
        stack.app.migrate()
        yield stack


def contents(database: Database) -> Contents:
    """Every value of every row, by table and key."""
    with database.read() as session:
        return {
            mapper.class_.__tablename__: {
                tuple(mapper.primary_key_from_instance(row)): {c.key: getattr(row, c.key) for c in mapper.column_attrs}
                for row in session.scalars(select(mapper.class_))
            }
            for mapper in Base.registry.mappers
        }


def as_moved(before: Contents) -> Contents:
    """The rows expected to arrive: an interrupted step is queued again, an unfinished upload stays behind."""
    waits = {"state": "queued", "token": None, "worker": None, "lease_until": None, "progress": 0.0}
    tasks = {key: {**row, **waits} if row["state"] == "running" else row for key, row in before["tasks"].items()}
    uploads = {key: row for key, row in before["uploads"].items() if row["project_id"]}
    return {**before, "tasks": tasks, "uploads": uploads}


def files(stack: Stack) -> dict[str, bytes]:
    """Every stored file that a row names."""
    with stack.app.database.read() as session:
        keys = session.scalars(select(Asset.key)).all()
    return {key: b"".join(stack.storage.read(key)) for key in keys}


def faces(client: httpx.Client) -> dict[str, Any]:
    """The sample as the pages show it."""
    ways = ("", "/clips", "/transcript", "/silence-map", "/renders")
    return {way: client.get(f"/api/projects/prj_test{way}").json() for way in ways}


# -- the promises


@to("postgresql", "postgresql and s3", "another folder")
def test_a_move_copies_everything_and_changes_nothing(
    old: Stack, places: dict[str, Any], redis_server: Reachable
) -> None:
    before, stored = contents(old.app.database), files(old)

    told = moved(old, places)

    assert contents(old.app.database) == before
    assert files(old) == stored
    with opened(places, redis_server) as new:
        arrived = contents(new.app.database)
        assert arrived == as_moved(before)
        assert files(new) == stored
    assert told["rows"] == {table: len(rows) for table, rows in arrived.items()}
    assert told["files"] == {"copied": len(stored), "bytes": sum(map(len, stored.values())), "already_there": 0}
    assert told["unfinished_tasks"] == 2
    assert told["uploads_left"] == 1
    assert not (places["data"] / "moving").exists()


@to("postgresql", "postgresql and s3")
def test_the_new_place_is_reviewed_served_and_worked_on(
    old: Stack, used: Used, places: dict[str, Any], redis_server: Reachable
) -> None:
    before = old.api()
    seen, bytes_seen = faces(before), {a: before.get(f"/media-files/{a}").content for a in served(old)}
    old.processes.pop().stop()
    tasks = contents(old.app.database)["tasks"]
    moved(old, places)

    with opened(places, redis_server) as new:
        client = new.api()
        assert faces(client) == seen
        assert {a: client.get(f"/media-files/{a}").content for a in served(new)} == bytes_seen
        assert client.get(f"/api/projects/{used.queued}").json()["title"] == TITLE
        assert client.get(f"/api/projects/{used.deleted}").status_code == 404
        note = new.app.clips.get(used.rejected).decisions[-1]
        assert (note.note, note.by) == (old.app.clips.get(used.rejected).decisions[-1].note, "Łukasz")
        new.worker()
        for waiting in (used.queued, used.orphaned):
            run = new.finished(waiting)
            assert run.state is TaskState.SUCCEEDED, run.failure
            interrupted = {key: row["interruptions"] for key, row in tasks.items()}
            assert all(task.interruptions == interrupted.get((task.id,), 0) for task in run.tasks)
        restored = new.app.projects.restore(used.deleted)
        assert restored.title == "Deleted"
        other = next(c for c in new.app.clips.of_project("prj_test") if c.id not in (used.approved, used.rejected))
        new.app.clips.decide(other.id, other.revision, NewDecision(Verdict.APPROVED), Sender("Zoë"))
        assert rendered(new, other.id).state is TaskState.SUCCEEDED


def served(stack: Stack) -> list[str]:
    with stack.app.database.read() as session:
        wanted = select(Asset.id).where(Asset.project_id == "prj_test", Asset.kind.in_(("source", "render")))
        return list(session.scalars(wanted.order_by(Asset.id)))


@to("postgresql and s3", "another folder")
def test_back_again(old: Stack, places: dict[str, Any], redis_server: Reachable, tmp_path: Path) -> None:
    moved(old, places)
    home = {"data": tmp_path / "home"}

    with opened(places, redis_server) as new:
        before, stored = contents(new.app.database), files(new)
        done = move(new, home, "--to-database", "default", "--to-storage", "default")

    assert done.returncode == 0, done.stderr
    with opened(home, redis_server) as back:
        assert back.app.database.is_sqlite
        assert contents(back.app.database) == before
        assert files(back) == stored


DEATHS = [("moving files", 0.0), ("moving files", 0.5), ("moving rows", 0.3), ("moving rows", 1.0)]


@to("postgresql and s3", "another folder")
def test_killed_anywhere_and_started_again_it_ends_right(
    old: Stack, places: dict[str, Any], redis_server: Reachable, tmp_path: Path
) -> None:
    before, stored = contents(old.app.database), files(old)
    script = tmp_path / "dies.py"
    script.write_text(DIES)

    for step, fraction in DEATHS:
        command = [sys.executable, str(script), step, str(fraction), "move", *asked(places)]
        told = environment(old, places) | {"PYTHONPATH": str(ROOT)}
        killed = subprocess.run(command, cwd=ROOT, env=told, capture_output=True, timeout=120)
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        assert contents(old.app.database) == before

    told_at_last = moved(old, places)

    assert told_at_last["files"]["copied"] + told_at_last["files"]["already_there"] == len(stored)
    with opened(places, redis_server) as new:
        assert contents(new.app.database) == as_moved(before)
        assert files(new) == stored


DIES = """
import os, signal, sys
from clipper_core.__main__ import main
from clipper_core.command_line import move as command

class Dies(command.Progress):
    def __call__(self, step, fraction):
        if step == sys.argv[1] and fraction >= float(sys.argv[2]):
            os.kill(os.getpid(), signal.SIGKILL)

command.Progress = Dies
sys.exit(main(sys.argv[3:]))
"""


def test_done_again_it_finds_everything_there(old: Stack, places: dict[str, Any]) -> None:
    first = moved(old, places)

    again = moved(old, places)

    assert again["rows"] == first["rows"]
    assert again["files"] == {"copied": 0, "bytes": 0, "already_there": first["files"]["copied"]}


def test_a_new_place_that_was_only_started_is_taken_over(
    old: Stack, places: dict[str, Any], redis_server: Reachable
) -> None:
    before, stored = contents(old.app.database), files(old)
    with opened(places, redis_server) as new:
        assert new.app.projects.get("prj_test")

    moved(old, places)

    with opened(places, redis_server) as new:
        assert contents(new.app.database) == as_moved(before)
        assert {f.key for f in new.storage.files()} == set(stored)


@to("another folder")
def test_a_place_in_use_is_not_overwritten(
    old: Stack, places: dict[str, Any], redis_server: Reachable, media: Path
) -> None:
    with opened(places, redis_server) as new:
        new.upload(media / "jfk.flac")
        held = contents(new.app.database), files(new)

    said = sentence(old, places)

    assert said.startswith("wrong_state: The new database already holds other recordings.")
    with opened(places, redis_server) as new:
        assert (contents(new.app.database), files(new)) == held


@to("another folder")
def test_decisions_after_a_move_are_not_overwritten(
    old: Stack, used: Used, places: dict[str, Any], redis_server: Reachable
) -> None:
    moved(old, places)
    with opened(places, redis_server) as new:
        clip = new.app.clips.get(used.rejected)
        new.app.clips.decide(clip.id, clip.revision, NewDecision(Verdict.APPROVED), Sender("Ana"))

    said = sentence(old, places)

    assert said.startswith("wrong_state: The new database already holds other recordings.")


def test_the_lines_for_the_settings_show_no_password(old: Stack, services: Services) -> None:
    with services.database(empty=True) as url:
        password = services.postgres.password

        done = move(old, {"database_url": url})

    assert done.returncode == 0, done.stderr
    assert f"\nDATABASE_URL={url.replace(password, '…')}\n" in done.stdout
    assert password not in done.stdout + done.stderr


def test_in_the_same_data_folder_an_upload_goes_on(
    old: Stack, used: Used, services: Services, redis_server: Reachable
) -> None:
    with services.database(empty=True) as url:
        told = moved(old, {"database_url": url})

        with opened({"data": used.data, "database_url": url}, redis_server) as new:
            assert new.app.uploads.state(used.upload).offset == 100
    assert told["uploads_left"] == 0
    assert told["files"]["copied"] == 0


def test_files_alone_can_be_moved(old: Stack, services: Services, redis_server: Reachable, used: Used) -> None:
    stored = files(old)
    store = services.store()

    told = moved(old, store)

    assert told["rows"] == {}
    with clipper_in(used.data, redis_server, **store) as new:
        assert files(new) == stored


def test_a_file_already_missing_does_not_stop_the_move(
    old: Stack, places: dict[str, Any], redis_server: Reachable
) -> None:
    stored = files(old)
    with old.app.database.read() as session:
        lost = session.scalars(select(Asset).where(Asset.kind == "render")).first()
        short = session.scalars(select(Asset).where(Asset.kind == "source", Asset.project_id != "prj_test")).first()
    assert lost is not None
    assert short is not None
    old.storage.delete(lost.key)
    (old.settings.data / "files" / short.key).write_bytes(b"cut off")

    done = move(old, places, "--json")

    assert done.returncode == 0
    told = json.loads(done.stdout)
    assert {(f["key"], f["problem"]) for f in told["flaws"]} == {(lost.key, "missing"), (short.key, "size")}
    assert done.stderr.count("before the move") == 2
    with opened(places, redis_server) as new:
        there = {f.key: f.size for f in new.storage.files()}
    assert there == {k: len(v) for k, v in stored.items() if k != lost.key} | {short.key: 7}


# -- when it is refused


@to("another folder")
def test_a_step_under_way_is_not_torn_away(old: Stack, used: Used, places: dict[str, Any]) -> None:
    with old.app.database.write() as session:
        soon = now() + timedelta(minutes=5)
        session.execute(update(Task).where(Task.project_id == used.orphaned).values(lease_until=soon))

    said = sentence(old, places)

    assert said == "wrong_state: Work is under way. Stop Clipper, wait half a minute, then move."


@pytest.mark.parametrize("which", ["old", "new"])
def test_nothing_moves_while_clipper_runs(old: Stack, tmp_path: Path, which: str) -> None:
    folders = {"old": old.settings.data, "new": tmp_path / "there"}
    check_folder(folders[which])

    with hold_folder(folders[which]):
        said = sentence(old, {"data": folders["new"]})

    assert said.startswith(f"setup_problem: Clipper is already running with the data folder {folders[which]}.")


def new_settings(places: dict[str, Any]) -> Settings:
    there = {name: value for name, value in places.items() if name != "data"}
    return Settings(data_dir=places["data"], _env_file=None, **there)


def meddling(old: Stack, step: str) -> Callable[[str, float], None]:
    """Somebody who makes a recording at the end of a step."""

    def meddle(at: str, fraction: float) -> None:
        if at == step and fraction == 1:
            with old.app.database.write() as session:
                session.merge(Project(id="prj_late", show_id=DEFAULT_SHOW, title="", filename="", preferences={}))

    return meddle


@to("another folder")
def test_rows_made_during_the_copy_are_moved_too(old: Stack, places: dict[str, Any], redis_server: Reachable) -> None:
    relocation_for(old.settings, new_settings(places)).move(meddling(old, "moving files"))

    with opened(places, redis_server) as new:
        assert ("prj_late",) in contents(new.app.database)["projects"]


@to("another folder")
def test_a_file_arriving_during_the_copy_ends_the_move(
    old: Stack, places: dict[str, Any], redis_server: Reachable, media: Path
) -> None:
    def meddle(at: str, fraction: float) -> None:
        if at == "moving files" and fraction == 1:
            old.upload(media / "jfk.flac")

    with pytest.raises(WrongState, match="changed while they were moved"):
        relocation_for(old.settings, new_settings(places)).move(meddle)

    with opened(places, redis_server) as new:
        assert set(contents(new.app.database)["projects"]) == {("prj_test",)}


def test_a_row_made_during_the_move_ends_it(old: Stack, places: dict[str, Any], redis_server: Reachable) -> None:
    with pytest.raises(WrongState, match="changed while they were moved"):
        relocation_for(old.settings, new_settings(places)).move(meddling(old, "moving rows"))

    with opened(places, redis_server) as new:
        assert set(contents(new.app.database)["projects"]) == {("prj_test",)}


def test_an_inaccessible_new_database_is_reported(old: Stack, services: Services) -> None:
    wrong = services.postgres.url_of("postgres", password="not-this-one")

    said = sentence(old, {"database_url": wrong})

    assert said.startswith("database_password_refused: In the new place: ")
    assert "not-this-one" not in said


def test_a_missing_bucket_is_said(old: Stack, services: Services) -> None:
    said = sentence(old, {**services.store(), "storage_url": "s3://no-such-bucket/x"})

    assert said.startswith("bucket_missing: In the new place: ")


def test_an_address_of_no_kind_is_said(old: Stack) -> None:
    assert sentence(old, {"database_url": "mysql://a:b@c/d"}).startswith("setup_problem: DATABASE_URL")
    assert sentence(old, {"storage_url": "ftp://a/b"}).startswith("setup_problem: CLIPPER_STORAGE_URL")


def test_no_target_and_the_same_place_are_refused(old: Stack) -> None:
    assert sentence(old, {}).startswith("bad_settings: Say where to move")
    assert sentence(old, {"data": old.settings.data}).startswith("wrong_state: There is nothing to move")
    here = f"sqlite:///{old.settings.data}/../{old.settings.data.name}/clipper.db"
    assert sentence(old, {"database_url": here}).startswith("wrong_state: There is nothing to move")


def test_a_folder_without_tables_cannot_be_moved(tmp_path: Path, redis_server: Reachable) -> None:
    with clipper_in(tmp_path / "empty", redis_server) as empty:
        said = sentence(empty, {"data": tmp_path / "there"})

    assert said.startswith("wrong_state: The database to move from has no tables, or old ones.")
