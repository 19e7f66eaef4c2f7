"""The steps that propose and render clips."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from clipper_core.db.map_rows import map_row
from clipper_core.db.models import Clip, Project
from clipper_core.db.session import Database
from clipper_core.domain.clip import Lengths
from clipper_core.domain.silence import Silence, SilenceMap
from clipper_core.domain.task_inputs import ProposeInputs
from clipper_core.domain.time_range import TimeRange
from clipper_core.services.engines.choosing import NOTHING_PROPOSED_ON_DESK
from clipper_core.services.engines.registry import EngineSet
from clipper_core.services.runs.clip_steps import ClipSteps, measured_json, nothing_proposed, nothing_within
from clipper_core.stages.media.render import RenderedFile
from clipper_core.stages.selection.ask import ClipRequest
from tests.unit.services.runs.step_room import StepRoom

LONG = SilenceMap(600_000, tuple(Silence(at, at + 600, -60.0) for at in range(5_000, 595_000, 5_000)))
SPAN = TimeRange(100_000, 300_000)


@pytest.fixture
def room(database: Database, tmp_path: Path) -> StepRoom:
    room = StepRoom(database, tmp_path)
    room.furnish()
    with database.write() as session:
        session.add(map_row("map_2", "prj_1", "ast_map", LONG))
        project = session.get_one(Project, "prj_1")
        project.map_id, project.media = "map_2", {**(project.media or {}), "duration_ms": 600_000}
    return room


def propose(room: StepRoom, map_id: str, selector: str = "offline", within: TimeRange | None = None) -> dict[str, Any]:
    steps = ClipSteps(room.database, room.files, room.measured, None, EngineSet({}, lambda: None))  # type: ignore[arg-type, return-value]
    inputs = ProposeInputs(map_id, None, selector, "run_1", Lengths(30_000, 60_000, 4), within)
    outcome = steps.propose(room.context(inputs))
    room.save(outcome)
    return outcome.result


def clips(room: StepRoom) -> int:
    with room.database.read() as session:
        return len(session.scalars(select(Clip).where(Clip.deleted_at.is_(None))).all())


def test_proposals_become_clips_of_the_recording(room: StepRoom) -> None:
    result = propose(room, "map_2")

    assert result["clips"] == clips(room) > 0
    assert result["warnings"] == []


def test_a_switched_off_service_gives_a_warning(room: StepRoom) -> None:
    assert [w["code"] for w in propose(room, "map_2", "chat")["warnings"]] == ["chosen_offline"]


def test_a_recording_too_short_for_clips_gives_a_warning(room: StepRoom) -> None:
    result = propose(room, "map_1")

    assert result == {"clips": 0, "warnings": [NOTHING_PROPOSED_ON_DESK.to_json()]}


def test_clips_within_a_range_are_added_beside_others(room: StepRoom) -> None:
    first = propose(room, "map_2")["clips"]

    more = propose(room, "map_2", within=SPAN)

    assert clips(room) == first + more["clips"]


def test_an_empty_search_is_explained_unless_clips_do() -> None:
    assert nothing_proposed(ClipRequest()) == [NOTHING_PROPOSED_ON_DESK]
    assert nothing_proposed(ClipRequest(avoid=(SPAN,))) == []
    assert nothing_proposed(ClipRequest(avoid=(SPAN,), within=SPAN)) == [nothing_within(SPAN)]


def test_an_empty_search_names_its_range() -> None:
    warning = nothing_within(TimeRange(63_000, 3_661_999))

    assert warning.to_json() == {
        "code": "no_clips_within",
        "message": "Nothing more could be proposed from 1:03 to 1:01:01: what is left beside the clips that are there "
        "is too short, or too little is said in it. You can still make a clip there by hand.",
    }


def test_measurements_of_sound_alone_name_no_frames(tmp_path: Path) -> None:
    measured = measured_json(RenderedFile(tmp_path, 1_500, 0, 48_000, 1, "aac", -60.04, -61.0))

    assert (measured["duration_s"], measured["frames"], measured["video_codec"]) == (1.5, None, None)
    assert measured["first_level_db"] == -60.0
