"""A change is refused unless it rests on the newest revision and makes a possible clip."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from clipper_core.db.models import Clip, Decision, Project
from clipper_core.db.session import Database
from clipper_core.domain.clip import ClipEdit, ClipStatus, NewDecision, Verdict
from clipper_core.domain.time_range import TimeRange, in_order
from clipper_core.errors import BadRange, ClipNotFound, Stale
from clipper_core.services.clips.changes import (
    MAX_RANGES,
    MIN_RANGE_MS,
    ExpectedClip,
    bump_revision,
    check_ranges,
    single,
)
from clipper_core.services.clips.idempotency import Sender
from clipper_core.services.clips.review import Clips
from tests.unit.review_room import Room, open_room
from tests.unit.services.clips.proposing import SPAN, proposed

LENGTH_MS = 10_000
RANGES = st.lists(st.builds(lambda a, n: TimeRange(a, a + n), st.integers(0, 11_000), st.integers(1, 900)), max_size=4)


@pytest.fixture(scope="module")
def room() -> Iterator[Room]:
    with open_room() as room:
        yield room


def test_the_second_writer_is_refused_and_nothing_is_lost(database: Database, clips: Clips) -> None:
    proposed(database, SPAN)
    seen = clips.of_project("prj_1")[0]
    clips.decide(seen.id, seen.revision, NewDecision(Verdict.APPROVED), Sender("Ana"))

    with pytest.raises(Stale):
        clips.decide(seen.id, seen.revision, NewDecision(Verdict.REJECTED), Sender("Ben"))
    with pytest.raises(Stale):
        clips.revise(seen.id, seen.revision, ClipEdit((TimeRange(0, 5_000),)), Sender("Ben"))

    assert clips.get(seen.id).status is ClipStatus.APPROVED


def test_of_concurrent_decisions_exactly_one_is_stored(database: Database, clips: Clips) -> None:
    proposed(database, SPAN)
    clip = clips.of_project("prj_1")[0]
    together = threading.Barrier(6)
    refused: list[Stale] = []

    def decide(number: int) -> None:
        together.wait()
        try:
            clips.decide(clip.id, clip.revision, NewDecision(Verdict.APPROVED), Sender(str(number)))
        except Stale as error:
            refused.append(error)

    people = [threading.Thread(target=decide, args=(n,)) for n in range(6)]
    for person in people:
        person.start()
    for person in people:
        person.join()

    assert len(refused) == 5
    with database.read() as session:
        assert len(session.scalars(select(Decision)).all()) == 1


def test_the_second_writer_learns_who_was_first(room: Room) -> None:
    clip = room.made(10, 40)
    room.change(clip, "versions", {"title": "Changed", "by": "Ben"})

    answer = room.send("POST", f"/api/clips/{clip['id']}/decisions", {"decision": "approved"}, seen=clip["etag"])

    assert (answer.status_code, answer.json()["detail"].split(" while")[0]) == (412, "Ben changed this clip")


@pytest.mark.parametrize(
    "ranges",
    [
        (),
        (TimeRange(0, 700_000),),
        (TimeRange(0, 100),),
        (TimeRange(5_000, 9_000), TimeRange(8_000, 12_000)),
        (TimeRange(20_000, 30_000), TimeRange(5_000, 9_000)),
    ],
    ids=["none", "past the end", "too short", "overlapping", "out of order"],
)
def test_a_clip_lies_inside_the_recording_in_order(clips: Clips, ranges: tuple[TimeRange, ...]) -> None:
    with pytest.raises(BadRange):
        clips.create("prj_1", ranges)


@given(RANGES)
def test_exactly_the_possible_ranges_are_accepted(ranges: list[TimeRange]) -> None:
    project = Project(media={"duration_ms": LENGTH_MS})
    possible = (
        bool(ranges) and in_order(ranges) and all(r.end_ms <= LENGTH_MS and r.length_ms >= MIN_RANGE_MS for r in ranges)
    )

    if possible:
        check_ranges(ranges, project)
    else:
        with pytest.raises(BadRange):
            check_ranges(ranges, project)


def test_more_than_the_most_ranges_are_refused() -> None:
    project = Project(media={"duration_ms": 1_000_000})
    ranges = [TimeRange(n * 1_000, n * 1_000 + 500) for n in range(MAX_RANGES + 1)]

    check_ranges(ranges[:-1], project)
    with pytest.raises(BadRange):
        check_ranges(ranges, project)


def test_a_revision_is_bumped_once_and_only_if_expected(database: Database, clips: Clips) -> None:
    proposed(database, SPAN)
    clip = clips.of_project("prj_1")[0]

    with database.write() as session:
        assert bump_revision(session, ExpectedClip(clip.id, clip.revision), rank=7).rank == 7
    with database.write() as session, pytest.raises(Stale):
        bump_revision(session, ExpectedClip(clip.id, clip.revision))
    with database.write() as session, pytest.raises(ClipNotFound):
        bump_revision(session, ExpectedClip("clp_9", 1))

    assert clips.get(clip.id).revision == clip.revision + 1


def test_a_bump_tells_deleted_clips_from_others(database: Database, clips: Clips) -> None:
    proposed(database, SPAN)
    clip = clips.of_project("prj_1")[0]
    revision = clips.delete(clip.id, clip.revision, Sender("Ana"))

    with database.write() as session, pytest.raises(ClipNotFound, match="Ana deleted this clip"):
        bump_revision(session, ExpectedClip(clip.id, revision))
    with database.write() as session:
        restored = bump_revision(session, ExpectedClip(clip.id, revision), deleted=True, deleted_at=None)
        assert restored.deleted_at is None
    with database.read() as session:
        assert session.get_one(Clip, clip.id).revision == revision + 1


def test_a_change_without_clips_left_says_so() -> None:
    with pytest.raises(ClipNotFound):
        single([])
