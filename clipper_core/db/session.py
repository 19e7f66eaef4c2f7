"""The one way to the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, NullPool, create_engine, event, text
from sqlalchemy.exc import DataError, DBAPIError, OperationalError, ProgrammingError
from sqlalchemy.orm import Session, sessionmaker

from clipper_core.errors import BadText, DatabaseUnavailable, DiskFull, FolderNotWritable, SetupProblem

NO_TABLES = "The database has no tables yet. Run `python -m clipper_core migrate`, then try again."


class Database:
    """Sessions on one database, each a transaction: ``read()`` sees one moment, ``write()`` saves all or nothing.

    With ``keep_connections`` False nothing stays open between transactions, so that a process may fork.
    """

    def __init__(self, url: str, *, keep_connections: bool = True) -> None:
        self.url = url
        self.is_sqlite = url.startswith("sqlite")
        options: dict[str, Any] = {"poolclass": NullPool} if not keep_connections else {"pool_pre_ping": True}
        if self.is_sqlite:
            _folder_for(url)
            options["connect_args"] = {"timeout": 30}
        else:
            options["connect_args"] = {"connect_timeout": 5}
        self.engine: Engine = create_engine(url, **options)
        if self.is_sqlite:
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)
        self._readers = sessionmaker(self.engine.execution_options(reading=True), expire_on_commit=False)

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A transaction that commits at the end, or leaves nothing behind. Raises DatabaseUnavailable, DiskFull."""
        with _translated(), self._sessions.begin() as session:
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A transaction that only looks."""
        with _translated(), self._readers() as session:
            yield session

    def check(self) -> None:
        """Raise DatabaseUnavailable unless the database answers."""
        with self.read() as session:
            session.execute(text("select 1 from projects limit 1"))

    def close(self) -> None:
        self.engine.dispose()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except DataError as error:
        raise BadText(detail=str(error.orig)) from error
    except (OperationalError, ProgrammingError) as error:
        if "no such table" in str(error) or "UndefinedTable" in str(error):
            raise SetupProblem(NO_TABLES, detail=str(error.orig)) from error
        if isinstance(error, ProgrammingError):
            raise
        if "disk is full" in str(error) or "No space left" in str(error):
            raise DiskFull(detail=str(error.orig)) from error
        raise DatabaseUnavailable(detail=str(error.orig)) from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise DatabaseUnavailable(detail=str(error.orig)) from error
        raise


def _folder_for(url: str) -> None:
    folder = Path(url.removeprefix("sqlite:///")).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FolderNotWritable(detail=str(error)) from error


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver's own transactions begin too late to protect a read that a write depends on.
    connection.isolation_level = None
    cursor = connection.cursor()
    # FULL: what a user was told is saved must survive a power cut.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
