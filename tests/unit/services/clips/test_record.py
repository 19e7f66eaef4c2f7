"""A clip's record says who made which version and who decided what on it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest

from clipper_core.db.models import Clip, Project
from clipper_core.domain.clip import Proposal
from clipper_core.domain.time_range import TimeRange
from clipper_core.services.clips.proposals import RunProposals, add_proposals
from clipper_core.services.clips.record import Records, read_records
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


def test_a_proposal_is_by_clipper(room: Room) -> None:
    with room.app.database.write() as session:
        proposal = Proposal(TimeRange(300_000, 330_000), 1.0, "P", ())
        add_proposals(session, session.get_one(Project, "prj_1"), RunProposals("run_1", [proposal], "map_1", "trs_1"))

    (clip,) = (c for c in room.clips() if c["origin"] == "proposed")

    assert [v["by"] for v in clip["versions"]] == ["Clipper"]


def test_both_parts_of_a_split_name_its_author(room: Room) -> None:
    clip = room.made(100, 140)

    parts = room.change(clip, "split", {"at_s": 120, "by": "Cem"})["clips"]

    assert [[v["by"] for v in part["versions"]] for part in parts] == [["Ana", "Cem"], ["Cem"]]


def test_the_list_shows_each_clip_as_itself(room: Room) -> None:
    room.decided(room.change(room.decided(room.made(200, 240)), "versions", {"title": "New", "by": "Ben"}), "rejected")

    listed = room.clips()

    assert listed == [room.clip(c) for c in listed]
    assert sum(len(c["versions"]) for c in listed) > len(listed)


def test_cached_records_are_never_out_of_date(room: Room) -> None:
    clip = room.made(400, 430)
    room.clips()

    for n in range(4):
        clip = room.decided(clip) if n % 2 else room.change(clip, "versions", {"title": f"T{n}", "by": "Ben"})
        assert room.clip(clip) == clip
        assert clip in room.clips()


def test_a_refused_change_leaves_no_cached_record(room: Room) -> None:
    clip = room.made(450, 480)
    url = f"/api/clips/{clip['id']}/decisions"
    assert room.send("POST", url, {"decision": "withdrawn"}, seen=clip["etag"]).status_code == 409

    decided = room.decided(clip)

    assert [d["decision"] for d in room.clip(clip)["decisions"]] == ["approved"]
    assert room.clip(clip) == decided


def test_the_oldest_cached_records_are_dropped_first(room: Room) -> None:
    clips = [room.made(500, 520) for _ in range(3)]
    records = Records(max_entries=2)
    with room.app.database.read() as session:
        rows = [session.get_one(Clip, c["id"]) for c in clips]
        first, second, _ = [records.read(session, [row])[row.id] for row in rows]

        assert records.read(session, [rows[1]])[rows[1].id] is second
        assert records.read(session, [rows[0]])[rows[0].id] is not first
        assert records.read(session, rows) == read_records(session, rows)
