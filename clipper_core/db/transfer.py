"""Copies whole tables exactly: NULL and JSON's null, numbers, moments to the microsecond."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import JSON, MetaData, Table, insert, null, select
from sqlalchemy.exc import DataError
from sqlalchemy.orm import Session

from clipper_core.db.models import Base
from clipper_core.db.session import Database
from clipper_core.errors import BadText

BATCH = 100  # rows at a time: one silence map alone may take hundreds of kilobytes
DIGEST = 1 << 256

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Tally:
    """A number of rows, and a digest of their values that does not depend on their order."""

    rows: int = 0
    digest: int = 0

    def __add__(self, row: Row) -> Tally:
        text = json.dumps(list(row.values()), default=_json_value, ensure_ascii=True, separators=(",", ":"))
        number = int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")
        return Tally(self.rows + 1, (self.digest + number) % DIGEST)


def _json_value(value: object) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if value is JSON.NULL:
        return {"JSON": "null"}
    raise TypeError(type(value))


def _exact() -> MetaData:
    """Our tables, with None for NULL alone in JSON columns: their own type writes JSON's null for it."""
    copy = MetaData()
    for table in Base.metadata.sorted_tables:
        for column in table.to_metadata(copy).columns:
            if isinstance(column.type, JSON):
                column.type = JSON(none_as_null=True)
    return copy


TABLES: tuple[Table, ...] = tuple(_exact().sorted_tables)
"""All tables, each after those it refers to."""


def rows_of(session: Session, table: Table) -> Iterator[Row]:
    """Every row, in no order, with constant memory."""
    nullable = [c.name for c in table.columns if isinstance(c.type, JSON) and c.nullable]
    marks = [table.c[name].is_(null()).label(f"no {name}") for name in nullable]
    result = session.execute(select(*table.columns, *marks), execution_options={"yield_per": BATCH})
    for row in result.mappings():
        values = {column.name: row[column.name] for column in table.columns}
        for name in nullable:
            if values[name] is None and not row[f"no {name}"]:
                values[name] = JSON.NULL
        yield values


def tally(rows: Iterable[Row]) -> Tally:
    done = Tally()
    for row in rows:
        done += row
    return done


def put_rows(session: Session, table: Table, rows: Iterable[Row], progress: Callable[[int], None]) -> Tally:
    """Insert rows in batches.

    Args:
        session: A transaction on the new database.
        table: The table they belong to.
        rows: The rows.
        progress: Called after each batch with the number of rows so far.

    Returns:
        The tally of the rows as they were sent.

    Raises:
        BadText: The database can't keep a text or number.
    """
    done = Tally()
    remaining = iter(rows)
    while batch := list(islice(remaining, BATCH)):
        try:
            session.execute(insert(table), batch)
        except DataError as error:
            raise BadText(
                f"The table {table.name} holds a text or number that the other database can't keep.",
                detail=str(error.orig),
            ) from error
        for row in batch:
            done += row
        progress(done.rows)
    return done


@contextmanager
def snapshot(database: Database) -> Iterator[Session]:
    """A read-only transaction that sees one moment throughout, however long it takes."""
    with database.read() as session:
        if not database.is_sqlite:
            session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        yield session


def is_newest(database: Database) -> bool:
    """True if every migration has been applied."""
    script = ScriptDirectory(str(Path(__file__).parent / "migrations"))
    with database.read() as session:
        applied = MigrationContext.configure(session.connection()).get_current_heads()
    return set(applied) == set(script.get_heads())
