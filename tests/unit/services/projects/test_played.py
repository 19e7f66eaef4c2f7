"""Played ranges are stored once, however often and by how many clients they are sent."""

from __future__ import annotations

import threading

import pytest

from clipper_core.db.models import Project, now
from clipper_core.db.session import Database
from clipper_core.domain.time_range import TimeRange
from clipper_core.errors import ProjectNotFound
from clipper_core.services.projects.played import PlayedRanges


@pytest.fixture
def listening(database: Database) -> PlayedRanges:
    with database.write() as session:
        session.get_one(Project, "prj_1").media = {"v": 1, "duration_ms": 60_000}
    return PlayedRanges(database)


def test_new_played_ranges_merge_with_the_stored_ones(listening: PlayedRanges):
    listening.add("prj_1", [TimeRange(0, 5_000), TimeRange(20_000, 30_000)])
    listening.add("prj_1", [TimeRange(4_000, 9_000), TimeRange(55_000, 70_000)])

    assert listening.of("prj_1") == (TimeRange(0, 9_000), TimeRange(20_000, 30_000), TimeRange(55_000, 60_000))


def test_two_listeners_at_once_lose_no_range(listening: PlayedRanges):
    def listen(first_s: int) -> None:
        for second in range(first_s, 60, 4):
            listening.add("prj_1", [TimeRange(second * 1_000, second * 1_000 + 100)])

    threads = [threading.Thread(target=listen, args=(n,)) for n in (0, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [r.start_ms for r in listening.of("prj_1")] == list(range(0, 60_000, 2_000))


def test_a_deleted_recording_takes_no_more(listening: PlayedRanges, database: Database):
    with database.write() as session:
        session.get_one(Project, "prj_1").deleted_at = now()

    with pytest.raises(ProjectNotFound):
        listening.add("prj_1", [TimeRange(0, 1_000)])
    assert listening.of("prj_1") == ()
