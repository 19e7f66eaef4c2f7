"""A clip's record says who made which version and who decided what on it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest

from clipper_core.db.models import Project
from clipper_core.domain.clip import Proposal
from clipper_core.domain.time_range import TimeRange
from clipper_core.services.proposals import add_proposals
from tests.unit.review_room import Room, open_room


@pytest.fixture(scope="module")
def room() -> Iterator[Room]:
    with open_room() as room:
        yield room


def test_a_clip_says_who_made_each_version_and_when(room: Room) -> None:
    clip = room.made(10, 40)
    clip = room.change(clip, "versions", {"title": "Better", "by": "Ben"})
    clip = room.change(room.decided(clip), "versions", {"end_s": 39, "start_s": 10})

    assert [(v["number"], v["by"]) for v in clip["versions"]] == [(1, "Ana"), (2, "Ben"), (3, "")]
    at = [datetime.fromisoformat(v["at"]) for v in clip["versions"]]
    assert at == sorted(at)
    assert at[1] <= datetime.fromisoformat(clip["decisions"][0]["at"]) <= at[2]


def test_the_first_version_of_a_proposal_is_made_by_clipper(room: Room) -> None:
    with room.app.database.write() as session:
        proposal = Proposal(TimeRange(300_000, 330_000), 1.0, "P", ())
        add_proposals(session, session.get_one(Project, "prj_1"), "run_1", [proposal], "map_1", "trs_1")

    (clip,) = (c for c in room.clips() if c["origin"] == "proposed")

    assert [v["by"] for v in clip["versions"]] == ["Clipper"]


def test_both_parts_of_a_divided_clip_are_by_whoever_divided_it(room: Room) -> None:
    clip = room.made(100, 140)

    parts = room.change(clip, "split", {"at_s": 120, "by": "Cem"})["clips"]

    assert [[v["by"] for v in part["versions"]] for part in parts] == [["Ana", "Cem"], ["Cem"]]


def test_the_list_tells_the_same_of_each_clip_as_the_clip_itself(room: Room) -> None:
    room.decided(room.change(room.decided(room.made(200, 240)), "versions", {"title": "New", "by": "Ben"}), "rejected")

    listed = room.clips()

    assert listed == [room.clip(c) for c in listed]
    assert sum(len(c["versions"]) for c in listed) > len(listed)
