"""Clips asked for in one stretch: a run of its own that only adds, refused where nothing could come of it."""

from __future__ import annotations

import pytest

from clipper_core.db.models import Project
from clipper_core.db.session import Database
from clipper_core.domain.clip import Proposal
from clipper_core.domain.task import Kind, TaskState
from clipper_core.domain.time_range import TimeRange
from clipper_core.errors import BadRange, NotReady, WrongState
from clipper_core.services.clips.proposals import RunProposals, add_beside, add_proposals, all_ranges
from clipper_core.services.runs.stretch_runs import Stretches
from tests.unit.services.runs.test_runs import House, house  # noqa: F401 - a fixture

STRETCH = TimeRange(60_000, 150_000)


@pytest.fixture
def mapped(house: House) -> House:  # noqa: F811
    house.runs.start("prj_1")
    house.finish_all()
    with house.database.write() as session:
        project = session.get_one(Project, "prj_1")
        project.map_id, project.transcript_id, project.media = "map_1", "trs_1", {"v": 1, "duration_ms": 180_000}
    return house


def stretches(house: House) -> Stretches:  # noqa: F811
    return Stretches(house.database, house.tasks, house.runs)


def test_proposing_in_a_range_is_a_run_of_its_own(mapped: House) -> None:
    run = stretches(mapped).propose("prj_1", STRETCH, by="Ana")

    (task,) = mapped.waiting(Kind.PROPOSE)
    assert [t.kind for t in run.tasks] == [Kind.PROPOSE]
    assert task.inputs["within"] == [60_000, 150_000] and task.inputs["transcript"] == "trs_1"
    mapped.finish(Kind.PROPOSE)
    assert mapped.run(run).state is TaskState.SUCCEEDED


def test_a_range_asked_for_twice_is_one_run(mapped: House) -> None:
    run = stretches(mapped).propose("prj_1", STRETCH)

    assert stretches(mapped).propose("prj_1", STRETCH).id == run.id
    with pytest.raises(WrongState):
        stretches(mapped).propose("prj_1", TimeRange(0, 60_000))


def test_a_cancelled_one_is_retried_in_the_same_stretch(mapped: House) -> None:
    run = stretches(mapped).propose("prj_1", STRETCH)
    mapped.runs.cancel(run.id)

    again = mapped.runs.retry(run.id)

    assert [t.kind for t in again.tasks] == [Kind.PROPOSE]
    assert mapped.waiting(Kind.PROPOSE)[0].inputs["within"] == [60_000, 150_000]


def test_a_range_shorter_than_any_clip_is_refused(mapped: House) -> None:
    with pytest.raises(BadRange, match="shorter than the shortest clip, 20 s"):
        stretches(mapped).propose("prj_1", TimeRange(0, 19_999))
    with pytest.raises(BadRange):
        stretches(mapped).propose("prj_1", TimeRange(170_000, 400_000))


def test_stopped_work_is_retried_before_proposing_in_a_range(house: House) -> None:  # noqa: F811
    with pytest.raises(NotReady):
        stretches(house).propose("prj_1", STRETCH)
    run = house.runs.start("prj_1")
    house.runs.cancel(run.id)
    with house.database.write() as session:
        project = session.get_one(Project, "prj_1")
        project.map_id, project.media = "map_1", {"v": 1, "duration_ms": 180_000}

    with pytest.raises(WrongState, match="Retry"):
        stretches(house).propose("prj_1", STRETCH)


def test_proposals_beside_others_put_nothing_away_and_overlap_nothing(database: Database) -> None:
    def proposal(start_s: int) -> Proposal:
        return Proposal(TimeRange(start_s * 1_000, start_s * 1_000 + 30_000), 1.0, f"At {start_s}", ())

    with database.write() as session:
        project = session.get_one(Project, "prj_1")
        project.media, project.map_id = {"v": 1, "duration_ms": 600_000}, "map_1"
        add_proposals(session, project, RunProposals("run_1", [proposal(0), proposal(100)], "map_1", None))

    with database.write() as session:
        project = session.get_one(Project, "prj_1")
        add_beside(session, project, RunProposals("run_2", [proposal(120), proposal(200)], "map_1", None))
        starts = sorted(r.start_ms for r in all_ranges(session, "prj_1"))

    assert starts == [0, 100_000, 200_000]
