"""Migrations run once, however many processes start together."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from sqlalchemy import text

from clipper_core.db.migrate import migrate
from clipper_core.db.session import Database
from clipper_core.db.transfer import is_newest


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'clipper.db'}"


def test_migrating_twice_changes_nothing(url: str) -> None:
    database = Database(url)

    migrate(database)
    migrate(database)

    assert is_newest(database)
    database.close()


def test_steps_after_a_migration_run_one_by_one(url: str) -> None:
    at_work, most_at_once = 0, 0
    lock = threading.Lock()

    def then() -> None:
        nonlocal at_work, most_at_once
        with lock:
            at_work += 1
            most_at_once = max(most_at_once, at_work)
        with database.write() as session:
            session.execute(text("create table if not exists marks (n int)"))
            session.execute(text("insert into marks values (1)"))
        with lock:
            at_work -= 1

    database = Database(url)
    migrate(database)
    starting = [threading.Thread(target=migrate, args=(database, then)) for _ in range(4)]
    for thread in starting:
        thread.start()
    for thread in starting:
        thread.join()

    with database.read() as session:
        assert session.scalar(text("select count(*) from marks")) == 4
    assert most_at_once == 1
    database.close()


def test_a_failure_after_migrating_releases_the_lock(url: str) -> None:
    database = Database(url)

    def fail() -> None:
        raise RuntimeError("sample missing")

    with pytest.raises(RuntimeError):
        migrate(database, fail)
    migrate(database)

    assert is_newest(database)
    database.close()
