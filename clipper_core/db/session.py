"""The one way to the database."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from sqlalchemy.orm import Session, sessionmaker

from clipper_core.errors import (
    BadText,
    DatabaseBusy,
    DatabaseForbidden,
    DatabaseMissing,
    DatabaseNotTrusted,
    DatabasePasswordRefused,
    DatabaseUnavailable,
    DiskFull,
    FolderNotWritable,
    SetupProblem,
)

NO_TABLES = "The database has no tables yet. Run `python -m clipper_core migrate`, then try again."
BAD_URL = (
    "DATABASE_URL can't be read. It is postgresql://user:password@host/name, where @ : / in the password are written "
    "%40 %3A %2F."
)
OTHER_DATABASE = "DATABASE_URL: only postgresql:// and sqlite:/// can be used."
POOL_WAIT_S = 10
RENEW_S = 1800  # no connection is used for longer: a firewall in between may forget it
# The server's login failures, by their text: there is no code, since no session has begun.
REFUSALS: tuple[tuple[str, type[DatabaseUnavailable]], ...] = (
    (r"password authentication failed|no password supplied|no pg_hba.conf entry", DatabasePasswordRefused),
    (r"role .* (does not exist|is not permitted to log in)", DatabasePasswordRefused),
    (r"database .* does not exist", DatabaseMissing),
    (r"too many (clients|connections)|connection slots are reserved", DatabaseBusy),
    (
        r"certificate verify failed|does not support SSL|root certificate file|server certificate for",
        DatabaseNotTrusted,
    ),
)
NO_RIGHT = "42501"  # PostgreSQL: insufficient_privilege


class Database:
    """Sessions on one database, each a transaction: ``read()`` sees one moment, ``write()`` saves all or nothing.

    Up to ``pool`` connections to PostgreSQL stay open, and as many again may be for a moment. With ``keep_connections``
    False nothing stays open between transactions, so that a process may fork. Raises SetupProblem where ``url`` can't
    be used.
    """

    def __init__(self, url: str, *, keep_connections: bool = True, pool: int = 5) -> None:
        self.url = url
        parsed = _parsed(url)
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        options: dict[str, Any] = {"poolclass": NullPool} if not keep_connections else {"pool_pre_ping": True}
        if self.is_sqlite:
            _folder_for(url)
            options["connect_args"] = {"timeout": 30}
        else:
            options["connect_args"] = _connect_options(parsed)
            if keep_connections:
                options |= {"pool_size": pool, "max_overflow": pool}
                options |= {"pool_timeout": POOL_WAIT_S, "pool_recycle": RENEW_S}
        self.engine: Engine = create_engine(parsed, **options)
        if self.is_sqlite:
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)
        # SQLite's readers see one moment anyway; PostgreSQL's would see another one with each statement.
        moment: dict[str, Any] = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        readers = self.engine.execution_options(reading=True, **moment)
        self._readers = sessionmaker(readers, expire_on_commit=False)

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A transaction that commits at the end, or leaves nothing behind. Raises DatabaseUnavailable, DiskFull."""
        with translated(), self._sessions.begin() as session:
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A read-only transaction."""
        with translated(), self._readers() as session:
            yield session

    def check(self) -> None:
        """Raise DatabaseUnavailable unless the database answers."""
        with self.read() as session:
            session.execute(text("select 1 from projects limit 1"))

    def close(self) -> None:
        self.engine.dispose()


@contextmanager
def translated() -> Iterator[None]:
    """Translates the driver's errors into ours. Their details name hosts, users and databases, and never a password."""
    try:
        yield
    except DataError as error:
        raise BadText(detail=str(error.orig)) from error
    except PoolExhausted as error:
        raise DatabaseBusy(detail=str(error)) from error
    except DBAPIError as error:
        translation = _translation(error)
        if translation is None:
            raise
        raise translation from error


def _translation(error: DBAPIError) -> DatabaseUnavailable | DiskFull | SetupProblem | None:
    message, detail = str(error), str(error.orig)
    if "no such table" in message or "UndefinedTable" in message:
        return SetupProblem(NO_TABLES, detail=detail)
    if getattr(error.orig, "sqlstate", None) == NO_RIGHT:
        return DatabaseForbidden(detail=detail)
    if "invalid connection option" in detail:
        return SetupProblem(BAD_URL, detail=detail)
    if isinstance(error, OperationalError):
        if "disk is full" in message or "No space left" in message:
            return DiskFull(detail=detail)
        return _refusal(detail)(detail=detail)
    return DatabaseUnavailable(detail=detail) if error.connection_invalidated else None


def _refusal(detail: str) -> type[DatabaseUnavailable]:
    """The error class for a failed or lost connection, by the server's message."""
    return next((kind for message, kind in REFUSALS if re.search(message, detail)), DatabaseUnavailable)


def _parsed(url: str) -> URL:
    """The URL, parsed. Raises SetupProblem without quoting it, since a part of it may be a password."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise SetupProblem(BAD_URL) from None
    if "@" in (parsed.host or ""):
        raise SetupProblem(BAD_URL)
    if parsed.drivername not in ("sqlite", "sqlite+pysqlite", "postgresql+psycopg"):
        raise SetupProblem(OTHER_DATABASE)
    return parsed


def _connect_options(url: URL) -> dict[str, Any]:
    """Our options for a PostgreSQL connection, less those the URL sets: a name, and timeouts for a dead host."""
    defaults = {
        "application_name": "clipper",
        "connect_timeout": 5,
        "keepalives_idle": 30,
        "keepalives_interval": 10,
        "keepalives_count": 3,
        "tcp_user_timeout": 30_000,
    }
    return {name: value for name, value in defaults.items() if name not in url.query}


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
    # FULL: a change that was confirmed to the user must survive a power cut.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
