"""Silence maps as rows, and which of a recording's maps is in use."""

from __future__ import annotations

from pathlib import Path

import pytest

from clipper_core.db.map_rows import map_in_use, map_of_row, map_row
from clipper_core.db.models import Project
from clipper_core.db.session import Database
from clipper_core.domain.silence import Silence, SilenceBasis, SilenceMap, SilenceSettings
from tests.unit.services.silences.mapped import LENGTH_MS, House

FIXED = SilenceSettings(threshold_db=-50.0, min_silence_ms=300, dead_air_ms=2_000)


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    return House(database, tmp_path)


def test_a_changed_map_replaces_only_maps_of_its_envelope(house: House) -> None:
    used = house.silences.use("prj_1", FIXED).revision

    with house.database.read() as session:
        project = session.get_one(Project, "prj_1")
        assert map_in_use(session, project, "map_1") == used
        assert map_in_use(session, project, used) == used
        assert map_in_use(session, project, "map_other") == "map_other"


def test_a_map_survives_its_row_with_confidence(database: Database) -> None:
    silences = (
        Silence(0, 500, -60.25, 0.875, SilenceBasis.BANDS),
        Silence(600, 900, -50.0),
        Silence(1_000, 9_000, -70.0, 1.0),
    )
    there = SilenceMap(LENGTH_MS, silences, -45.5, SilenceSettings(None, 120, 2.5, 800, False))

    assert map_of_row(map_row("map_1", "prj_1", "ast_1", there)) == there


def test_a_first_version_row_has_default_settings(database: Database) -> None:
    row = map_row("map_1", "prj_1", "ast_1", SilenceMap(LENGTH_MS))
    row.settings = {"threshold_db": None, "min_silence_ms": 100}
    row.silences = {"v": 1, "silences": [[10, 500, -60.0]]}

    assert map_of_row(row).settings == SilenceSettings()
    assert map_of_row(row).silences == (Silence(10, 500, -60.0),)
