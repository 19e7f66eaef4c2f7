"""Silence settings: tried in the stored envelope, used, and reverted."""

from __future__ import annotations

import pytest

from clipper_core.db.models import Project
from clipper_core.domain.documents import silence_json
from clipper_core.domain.silence import Silence, SilenceBasis, SilenceSettings
from clipper_core.errors import BadSettings, NotReady, ProjectNotFound, Stale
from clipper_core.services.silences.settings import checked_settings
from tests.unit.services.silences.mapped import House

FIXED = SilenceSettings(threshold_db=-50.0, min_silence_ms=300, dead_air_ms=2_000)


# -- trying


def test_trying_other_settings_stores_nothing(house: House) -> None:
    before = house.project()

    tried = house.silences.show("prj_1", FIXED)

    assert tried.revision == "map_1"
    assert [s.length_ms >= 300 for s in tried.silence_map.silences] == [True] * 20
    assert tried.silence_map.settings == FIXED and len(tried.silence_map.dead_air) == 1
    assert (house.rows(), house.project().revision) == (2, before.revision)


def test_without_settings_it_is_the_stored_map(house: House) -> None:
    assert house.silences.show("prj_1").silence_map == house.evidence.silence_map("map_1")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"threshold_db": 3.0}, "from -120 to 0"),
        ({"threshold_db": -130.0}, "from -120 to 0"),
        ({"threshold_db": float("nan")}, "from -120 to 0"),
        ({"offset_db": 21.0}, "at most 20 dB"),
        ({"offset_db": float("inf")}, "at most 20 dB"),
        ({"min_silence_ms": 0}, "10 to 600000 ms"),
        ({"dead_air_ms": 600_001}, "10 to 600000 ms"),
        ({"threshold_db": -40.0, "offset_db": 2.0}, "Leave it out"),
    ],
)
def test_settings_beyond_reason_are_refused_in_words(asked: dict[str, float], said: str) -> None:
    with pytest.raises(BadSettings, match=said):
        checked_settings(**asked)  # type: ignore[arg-type]


# -- using


def test_used_settings_replace_the_projects_map(house: House) -> None:
    used = house.silences.use("prj_1", FIXED)

    assert house.project().map_id == used.revision != "map_1"
    assert house.silences.show("prj_1") == used
    assert used.silence_map.settings == FIXED
    assert house.evidence.silence_map(used.revision) == used.silence_map
    assert house.evidence.envelope(used.revision) is house.evidence.envelope("map_1")


def test_going_back_takes_the_maps_there_were(house: House) -> None:
    fixed = house.silences.use("prj_1", FIXED).revision

    assert house.silences.use("prj_1", SilenceSettings()).revision == "map_1"
    assert house.silences.use("prj_1", FIXED).revision == fixed
    assert house.silences.use("prj_1", FIXED).revision == fixed
    assert house.rows() == 3


def test_settings_for_a_stale_map_are_refused(house: House) -> None:
    house.silences.use("prj_1", FIXED, expected_revision="map_1")

    with pytest.raises(Stale, match="silences"):
        house.silences.use("prj_1", SilenceSettings(offset_db=3), expected_revision="map_1")

    assert house.silences.show("prj_1").silence_map.settings == FIXED


def test_without_a_map_silences_are_not_ready(house: House) -> None:
    with house.database.write() as session:
        session.get_one(Project, "prj_1").map_id = None

    for ask in (lambda: house.silences.show("prj_1"), lambda: house.silences.use("prj_1", FIXED)):
        with pytest.raises(NotReady):
            ask()
    with pytest.raises(ProjectNotFound):
        house.silences.show("prj_none")


# -- as JSON


def test_json_has_confidence_only_where_it_was_judged() -> None:
    assert silence_json(Silence(0, 500, -60.04)) == {"start_s": 0.0, "end_s": 0.5, "level_db": -60.0}
    assert silence_json(Silence(0, 500, -60.0, 0.876, SilenceBasis.NOBODY)) == {
        "start_s": 0.0,
        "end_s": 0.5,
        "level_db": -60.0,
        "confidence": 0.88,
        "evidence": "nobody",
    }
