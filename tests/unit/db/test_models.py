"""Values come back from the tables as they went in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.dialects import sqlite

from clipper_core.db.models import Project, Upload, UtcTime
from clipper_core.db.session import Database

ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1), timezones=ZONES))
def test_a_moment_of_any_zone_becomes_utc(moment: datetime) -> None:
    column, dialect = UtcTime(), sqlite.dialect()

    bound = column.process_bind_param(moment, dialect)
    assert bound is not None
    loaded = column.process_result_value(bound.replace(tzinfo=None), dialect)

    assert loaded == moment
    assert loaded is not None and loaded.tzinfo is UTC


def test_no_moment_stays_none() -> None:
    assert UtcTime().process_bind_param(None, sqlite.dialect()) is None
    assert UtcTime().process_result_value(None, sqlite.dialect()) is None


@pytest.mark.parametrize("table", ["projects", "uploads"])
def test_preferences_are_stored_in_the_column_wishes(database: Database, table: str) -> None:
    with database.write() as session:
        session.get_one(Project, "prj_1").preferences = {"track": 1}
        session.add(Upload(id="upl_1", filename="", filetype="", size=0, preferences={"track": 1}))

    with database.read() as session:
        assert '"track": 1' in str(session.scalar(text(f"select cast(wishes as text) from {table}")))
