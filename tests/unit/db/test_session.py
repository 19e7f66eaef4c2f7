"""Transactions: all or nothing, one moment, and errors a user can act on."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from clipper_core.db.models import Project
from clipper_core.db.session import Database, _refusal
from clipper_core.errors import DatabasePasswordRefused, DatabaseUnavailable, FolderNotWritable, SetupProblem


def title(database: Database) -> str:
    with database.read() as session:
        return session.get_one(Project, "prj_1").title


def test_a_write_that_fails_leaves_nothing_behind(database: Database) -> None:
    with pytest.raises(KeyError), database.write() as session:
        session.get_one(Project, "prj_1").title = "New"
        session.flush()
        raise KeyError

    assert title(database) == "T"


def test_a_read_sees_one_moment_throughout(database: Database) -> None:
    with database.read() as session:
        before = session.scalar(text("select title from projects"))
        with database.write() as other:
            other.get_one(Project, "prj_1").title = "New"
        again = session.scalar(text("select title from projects"))

    assert (before, again, title(database)) == ("T", "T", "New")


def test_without_tables_the_command_is_named(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'empty.db'}")

    with pytest.raises(SetupProblem, match="clipper_core migrate"):
        database.check()
    database.close()


def test_an_impossible_database_folder_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(FolderNotWritable):
        Database(f"sqlite:///{tmp_path / 'file' / 'clipper.db'}")


@pytest.mark.parametrize("url", ["mysql://host/name", "nonsense", "postgresql://a@b@c/name"])
def test_an_unusable_database_address_is_refused(url: str) -> None:
    with pytest.raises(SetupProblem, match="DATABASE_URL"):
        Database(url)


def test_a_login_failure_differs_from_an_unreachable_server() -> None:
    assert _refusal('FATAL: password authentication failed for user "x"') is DatabasePasswordRefused
    assert _refusal("could not connect: Connection refused") is DatabaseUnavailable
