"""A recording's row is found and locked, or its absence raises the right error."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import event
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import ORMExecuteState, Session

from clipper_core.db import lookups
from clipper_core.db.models import Project, now
from clipper_core.db.session import Database
from clipper_core.errors import NotReady, ProjectNotFound

Lookup = Callable[..., Project]


def change(database: Database, **values: object) -> None:
    with database.write() as session:
        row = session.get_one(Project, "prj_1")
        for name, value in values.items():
            setattr(row, name, value)


def locks(session: Session, lookup: Callable[[Session], object]) -> bool:
    """True if a look-up asks PostgreSQL for the row's lock."""
    statements: list[str] = []

    def note(state: ORMExecuteState) -> None:
        statements.append(str(state.statement.compile(dialect=postgresql.dialect())))

    event.listen(session, "do_orm_execute", note)
    lookup(session)
    event.remove(session, "do_orm_execute", note)
    assert statements
    return any("FOR UPDATE" in statement for statement in statements)


@pytest.mark.parametrize("lookup", [lookups.project, lookups.mapped_project])
def test_a_mapped_project_is_found(database: Database, lookup: Lookup) -> None:
    change(database, map_id="map_1")

    with database.read() as session:
        assert lookup(session, "prj_1").title == "T"


@pytest.mark.parametrize("lookup", [lookups.project, lookups.mapped_project])
def test_an_unknown_project_is_not_found(database: Database, lookup: Lookup) -> None:
    with database.read() as session, pytest.raises(ProjectNotFound):
        lookup(session, "prj_2")


@pytest.mark.parametrize("lookup", [lookups.project, lookups.mapped_project])
def test_a_deleted_project_is_not_found(database: Database, lookup: Lookup) -> None:
    change(database, deleted_at=now(), map_id="map_1")

    with database.read() as session, pytest.raises(ProjectNotFound):
        lookup(session, "prj_1")


def test_a_project_without_a_map_is_not_ready(database: Database) -> None:
    with database.read() as session, pytest.raises(NotReady) as refused:
        lookups.mapped_project(session, "prj_1")

    assert refused.value.message == "The silences of this recording are not mapped yet. Wait until the desk opens."


@pytest.mark.parametrize("lookup", [lookups.project, lookups.mapped_project])
def test_the_row_is_locked_only_on_request(database: Database, lookup: Lookup) -> None:
    change(database, map_id="map_1")

    with database.write() as session:
        assert not locks(session, lambda s: lookup(s, "prj_1"))
    with database.write() as session:
        assert locks(session, lambda s: lookup(s, "prj_1", lock=True))


def test_a_locked_row_is_read_again(database: Database) -> None:
    with database.write() as session:
        lookups.project(session, "prj_1")
        session.connection().exec_driver_sql("update projects set title = 'New' where id = 'prj_1'")

        assert lookups.project(session, "prj_1", lock=True).title == "New"


def test_a_deleted_project_can_still_be_locked(database: Database) -> None:
    change(database, deleted_at=now())

    with database.write() as session:
        assert locks(session, lambda s: lookups.lock_project(s, "prj_1"))
