"""Rows that go to another database arrive exactly as they were."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import JSON, text

from clipper_core.db.migrate import migrate
from clipper_core.db.models import Base, Project, Show
from clipper_core.db.session import Database
from clipper_core.db.transfer import TABLES, is_newest, put_rows, rows_of, snapshot, tally

PROJECTS = next(t for t in TABLES if t.name == "projects")

words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
numbers = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
documents = st.recursive(
    st.none() | st.booleans() | numbers | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4),
    max_leaves=12,
)
moments = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))
projects = st.fixed_dictionaries(
    {
        "title": words,
        "filename": words,
        "wishes": st.dictionaries(words, documents, max_size=3),
        "media": st.dictionaries(words, documents, max_size=3) | st.sampled_from([None, JSON.NULL]),
        "source_id": st.none() | words.map(lambda w: w[:40]),
        "created_at": moments,
        "deleted_at": st.none() | moments,
    }
)


@contextmanager
def two_databases() -> Iterator[tuple[Database, Database]]:
    with ExitStack() as held:
        folder = Path(held.enter_context(tempfile.TemporaryDirectory()))
        for name in ("a.db", "b.db"):
            (folder / name).write_bytes(new_database())
        one, other = (Database(f"sqlite:///{folder / name}") for name in ("a.db", "b.db"))
        held.enter_context(closing(one))
        held.enter_context(closing(other))
        yield one, other


@functools.cache
def new_database() -> bytes:
    """An SQLite file with all tables and one show."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "clipper.db")
        with closing(Database(f"sqlite:///{path}", keep_connections=False)) as database:
            migrate(database)
            with database.write() as session:
                session.add(Show(id="shw_1", name="Show", defaults={}, created_at=datetime(2026, 1, 1, tzinfo=UTC)))
        return path.read_bytes()


def rows(given_rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    empty = {c.name: None for c in PROJECTS.columns}
    return [{**empty, "id": f"prj_{n}", "show_id": "shw_1", "revision": 1, **row} for n, row in enumerate(given_rows)]


@settings(max_examples=25, deadline=None)
@given(st.lists(projects, max_size=5))
def test_transferred_rows_read_back_the_same(given_rows: list[dict[str, Any]]) -> None:
    meant = rows(given_rows)
    with two_databases() as (one, other):
        with one.write() as session:
            put_rows(session, PROJECTS, meant, lambda _n: None)

        with snapshot(one) as here, other.write() as there:
            sent = put_rows(there, PROJECTS, rows_of(here, PROJECTS), lambda _n: None)
            arrived = list(rows_of(there, PROJECTS))

        assert arrived == meant
        assert sent == tally(arrived) == tally(reversed(meant))
        with one.read() as here, other.read() as there:
            raw = text("select id, wishes, media, created_at, deleted_at from projects order by id")
            assert here.execute(raw).all() == there.execute(raw).all()


def test_null_and_the_null_of_json_stay_apart() -> None:
    with two_databases() as (one, other):
        with one.write() as session:
            put_rows(session, PROJECTS, rows([blank(media=None), blank(media=JSON.NULL)]), lambda _n: None)

        with snapshot(one) as here, other.write() as there:
            put_rows(there, PROJECTS, rows_of(here, PROJECTS), lambda _n: None)

        with other.read() as there:
            assert there.execute(text("select media from projects order by id")).scalars().all() == [None, "null"]


@pytest.mark.parametrize(
    "change", [{"title": "a"}, {"media": {"x": 1.0}}, {"deleted_at": datetime(2026, 1, 1, tzinfo=UTC)}]
)
def test_a_single_changed_value_changes_the_digest(change: dict[str, Any]) -> None:
    before, after = rows([blank(), blank()]), rows([blank(), {**blank(), **change}])

    assert tally(before).rows == tally(after).rows
    assert tally(before) != tally(after)


def test_values_that_changed_places_change_the_digest() -> None:
    before, after = rows([blank(title="a", filename="b")]), rows([blank(title="b", filename="a")])

    assert tally(before) != tally(after)


def test_tables_follow_those_they_refer_to() -> None:
    seen: set[str] = set()
    for table in TABLES:
        assert {key.column.table.name for key in table.foreign_keys} <= seen
        seen.add(table.name)

    assert seen == set(Base.metadata.tables)


def test_more_rows_than_a_batch_arrive_all() -> None:
    with two_databases() as (one, other):
        with one.write() as session:
            session.add(Project(id="prj_1", show_id="shw_1", title="", filename="", preferences={}))
        told: list[int] = []

        with snapshot(one) as here, other.write() as there:
            row = next(rows_of(here, PROJECTS))
            many = ({**row, "id": f"prj_{n}"} for n in range(1_234))
            sent = put_rows(there, PROJECTS, many, told.append)

        assert sent.rows == told[-1] == 1_234
        with other.read() as there:
            assert tally(rows_of(there, PROJECTS)) == sent


def test_a_snapshot_sees_nothing_that_is_saved_later() -> None:
    with two_databases() as (one, _), snapshot(one) as here:
        before = tally(rows_of(here, PROJECTS))
        with one.write() as session:
            session.add(Project(id="prj_1", show_id="shw_1", title="", filename="", preferences={}))

        assert tally(rows_of(here, PROJECTS)) == before


def test_tables_are_the_newest_once_they_are_migrated(tmp_path: Path) -> None:
    with closing(Database(f"sqlite:///{tmp_path / 'clipper.db'}")) as database:
        assert not is_newest(database)

        migrate(database)

        assert is_newest(database)


def blank(**values: Any) -> dict[str, Any]:
    empty = {"title": "", "filename": "", "wishes": {}, "media": None}
    return {**empty, "created_at": datetime(2026, 1, 1, tzinfo=UTC), **values}
