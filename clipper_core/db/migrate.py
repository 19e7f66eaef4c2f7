"""Brings the tables to the newest form, once, however many processes start together."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from clipper_core.db.session import Database, translated

LOCK = 0x436C6970  # any number, the same in every process


def migrate(database: Database, then: Callable[[], None] = lambda: None) -> None:
    """Apply the missing migrations, then call ``then``, all under one lock.

    Raises DatabaseUnavailable and its kinds.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with translated(), _alone(database):
        with database.engine.connect() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()
        then()


@contextmanager
def _alone(database: Database) -> Iterator[None]:
    """Hold the migration lock: PostgreSQL's own, or a lock on a file beside an SQLite database."""
    if not database.is_sqlite:
        with database.engine.connect() as connection, _advisory(connection):
            yield
        return
    with Path(database.url.removeprefix("sqlite:///") + ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def _advisory(connection: Connection) -> Iterator[None]:
    connection.execute(text("select pg_advisory_lock(:n)"), {"n": LOCK})
    connection.commit()
    try:
        yield
    finally:
        connection.execute(text("select pg_advisory_unlock(:n)"), {"n": LOCK})
        connection.commit()
