"""Promises about PostgreSQL alone; `make test-services` shows that everything else works there too."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import select, text

from clipper_core.db import session as session_module
from clipper_core.db.migrate import migrate
from clipper_core.db.models import Project, Show, Task
from clipper_core.db.session import Database
from clipper_core.domain.task import Kind, TaskState
from clipper_core.errors import (
    DatabaseBusy,
    DatabaseForbidden,
    DatabaseMissing,
    DatabasePasswordRefused,
    DatabaseUnavailable,
)
from clipper_core.settings import Settings
from tests.servers import ROOT, Postgres, Redis, Stack, free_port, postgres_folder, running_stack, until
from tests.services import RedisCorner, Services, only_on_services

pytestmark = [only_on_services, pytest.mark.servers]

WRONG = "not-the-password"


@pytest.fixture
def url(services: Services) -> Iterator[str]:
    """The URL of an empty database of the session's server."""
    with services.database(empty=True) as made:
        yield made


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    """A server that a test may stop."""
    programs = postgres_folder()
    if programs is None:
        pytest.skip("no PostgreSQL is installed here")
    with tempfile.TemporaryDirectory(prefix="cp-") as folder:
        server = Postgres(Path(folder), programs)
        server.start()
        try:
            yield server
        finally:
            server.stop()


def opened(url: str, **options: int) -> Database:
    return Database(Settings(database_url=url, _env_file=None).database, **options)


def clipper(command: str, url: str, folder: Path) -> subprocess.Popen[str]:
    environment = {"DATABASE_URL": url, "CLIPPER_DATA_DIR": str(folder), "PATH": "/usr/bin:/bin"}
    line = [sys.executable, "-m", "clipper_core", command]
    return subprocess.Popen(line, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)


# -- migrations


def test_several_processes_that_start_together_migrate_once(url: str, tmp_path: Path) -> None:
    together = [clipper("migrate", url, tmp_path) for _ in range(4)]
    complaints = [process.communicate(timeout=120)[1] for process in together]

    assert [process.returncode for process in together] == [0] * 4, complaints
    database = opened(url)
    with database.read() as session:
        assert [show.id for show in session.scalars(select(Show))] == ["shw_default"]
        assert [project.id for project in session.scalars(select(Project))] == ["prj_test"]
        assert len(session.execute(text("select * from alembic_version")).all()) == 1
    database.close()


def test_a_user_who_cannot_create_tables_is_told(url: str, services: Services) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("create role guest login password 'hunter2hunter2'")
        connection.execute("revoke create on schema public from public")
    guest = opened(services.postgres.url_of(url.rsplit("/", 1)[1], user="guest", password="hunter2hunter2"))

    with pytest.raises(DatabaseForbidden, match="owner"):
        migrate(guest)

    guest.close()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("drop role guest")


# -- who is not let in, and what is not there


def urls_that_lead_nowhere(server: Postgres) -> dict[type[DatabaseUnavailable], str]:
    return {
        DatabasePasswordRefused: server.url_of("postgres", password=WRONG),
        DatabaseMissing: server.url_of("nowhere"),
        DatabaseUnavailable: f"postgresql://clipper:{WRONG}@127.0.0.1:{free_port()}/postgres",
    }


@pytest.mark.parametrize("kind", [DatabasePasswordRefused, DatabaseMissing, DatabaseUnavailable])
def test_an_unreachable_database_is_reported_without_its_password(
    services: Services, redis_server: Redis | RedisCorner, tmp_path: Path, kind: type[DatabaseUnavailable]
) -> None:
    nowhere = urls_that_lead_nowhere(services.postgres)[kind]
    with services.database() as good, running_stack(tmp_path / "stack", redis_server, database_url=good) as stack:
        migrating = clipper("migrate", nowhere, tmp_path)
        client = stack.api(DATABASE_URL=nowhere)
        worker = stack.worker(DATABASE_URL=nowhere)

        said = migrating.communicate(timeout=60)[1]
        health = client.get("/health")
        projects = client.get("/api/projects")
        until(lambda: kind().message in worker.log.read_text(), saying="the worker says why")
        logs = [process.log.read_text(errors="replace") for process in stack.processes]

    assert (migrating.returncode, said.strip()) == (1, f"{kind.code}: {kind().message}")
    assert health.json()["database"] == {"status": "failed", "code": kind.code, "message": kind().message}
    assert (projects.status_code, projects.json()["code"]) == (503, kind.code)
    for text_of in (said, health.text, projects.text, *logs):
        assert WRONG not in text_of
        assert services.postgres.password not in text_of


# -- connections


def test_operators_see_whose_the_connections_are(url: str) -> None:
    database = opened(url)
    with database.read() as session:
        name = session.scalar(text("select application_name from pg_stat_activity where pid = pg_backend_pid()"))
    database.close()

    assert name == "clipper"


def test_a_reader_sees_one_snapshot(url: str) -> None:
    database = opened(url)
    migrate(database)
    with database.read() as reading:
        before = reading.scalars(select(Show.name)).all()
        with database.write() as session:
            session.add(Show(id="shw_later", name="Later"))

        assert reading.scalars(select(Show.name)).all() == before

    with database.read() as reading:
        assert "Later" in reading.scalars(select(Show.name)).all()
    database.close()


def test_the_pool_bounds_a_processs_connections(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "POOL_WAIT_S", 0.2)
    database = opened(url, pool=1)

    with database.read() as one, database.read() as two, pytest.raises(DatabaseBusy, match="CLIPPER_DATABASE_POOL"):
        for session in (one, two):
            session.execute(text("select 1"))
        with database.read() as three:
            three.execute(text("select 1"))

    with database.read() as again:
        assert again.scalar(text("select 1")) == 1
    database.close()


def test_a_restarted_server_is_used_again(own_postgres: Postgres) -> None:
    database = opened(own_postgres.url)
    migrate(database)
    database.check()

    own_postgres.stop()
    own_postgres.start()

    database.check()
    database.close()


def test_a_request_during_a_restart_fails_cleanly(
    own_postgres: Postgres, redis_server: Redis | RedisCorner, tmp_path: Path
) -> None:
    with running_stack(tmp_path, redis_server, database_url=own_postgres.url) as stack:
        client = stack.api()
        assert client.get("/api/projects").status_code == 200

        own_postgres.stop()
        during = client.get("/api/projects")
        own_postgres.start()
        after = client.get("/api/projects")

    assert (during.status_code, during.json()["code"]) == (503, "database_unavailable")
    assert after.status_code == 200


def test_a_transaction_without_connection_saves_nothing(url: str) -> None:
    database, other = opened(url), opened(url)
    migrate(database)

    with pytest.raises(DatabaseUnavailable), database.write() as session:
        session.add(Show(id="shw_1", name="Lost", defaults={}))
        session.flush()
        mine = session.scalar(text("select pg_backend_pid()"))
        with other.write() as ending:
            ending.execute(text("select pg_terminate_backend(:pid)"), {"pid": mine})
        session.add(Show(id="shw_2", name="Lost too", defaults={}))

    with database.read() as session:
        assert session.scalars(select(Show)).all() == []
    database.close()
    other.close()


# -- several at once


@pytest.mark.slow
def test_stretches_that_finish_at_once_are_aligned_once(
    services: Services, redis_server: Redis | RedisCorner, tmp_path: Path, podcast: Path
) -> None:
    with services.database() as url, running_stack(tmp_path, redis_server, database_url=url) as stack:
        for _ in range(3):
            stack.worker("speech,fast")
        project_id = stack.upload(podcast)

        run = stack.finished(project_id)

        assert run.state is TaskState.SUCCEEDED, run.failure
        assert aligned(stack, project_id) == 1


def aligned(stack: Stack, project_id: str) -> int:
    with stack.app.database.read() as session:
        query = select(Task).where(Task.project_id == project_id, Task.kind == Kind.ALIGN)
        return len(session.scalars(query).all())
