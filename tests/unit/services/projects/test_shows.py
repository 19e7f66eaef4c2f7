"""Shows: there is always one, and each has a name."""

from __future__ import annotations

import pytest

from clipper_core.db.session import Database
from clipper_core.domain.ids import DEFAULT_SHOW
from clipper_core.errors import BadSettings, ShowNotFound
from clipper_core.services.projects.shows import Shows, existing_show


def test_the_default_show_is_made_once(database: Database) -> None:
    shows = Shows(database)

    shows.ensure_default()
    shows.ensure_default()

    assert [s.id for s in shows.all()] == [DEFAULT_SHOW]


def test_a_new_show_is_listed_after_the_others(database: Database) -> None:
    shows = Shows(database)

    made = shows.create("  Morning\n talk \x00 ")

    assert made.name == "Morning talk"
    assert shows.all()[-1] == made


@pytest.mark.parametrize("name", ["", " \n", "\x00\x01"])
def test_a_show_without_a_name_is_refused(database: Database, name: str) -> None:
    with pytest.raises(BadSettings):
        Shows(database).create(name)


def test_no_show_asked_for_means_the_default_one(database: Database) -> None:
    with database.read() as session:
        assert existing_show(session, None).id == DEFAULT_SHOW
        with pytest.raises(ShowNotFound):
            existing_show(session, "shw_nowhere")
