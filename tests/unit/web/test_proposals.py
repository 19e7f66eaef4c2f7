"""Proposing in a part of a recording starts a run, or says why not."""

from __future__ import annotations

from tests.unit.review_room import Room, open_room


def test_a_part_long_enough_starts_a_run() -> None:
    with open_room() as room:
        job = propose(room, 100, 200)
        again = propose(room, 300, 400)

    assert (job["project_id"], job["state"]) == ("prj_1", "queued")
    assert set(job) == {"id", "project_id", "state", "stage", "progress", "error"}
    assert again.get("id") != job["id"]


def propose(room: Room, start_s: float, end_s: float) -> dict[str, str]:
    body = {"start_s": start_s, "end_s": end_s, "by": "Ana"}
    return dict(room.send("POST", "/api/projects/prj_1/proposals", body).json())


def test_a_part_too_short_for_a_clip_is_refused(room: Room) -> None:
    answer = room.send("POST", "/api/projects/prj_1/proposals", {"start_s": 100, "end_s": 101})

    assert 400 <= answer.status_code < 500
    assert answer.headers["content-type"] == "application/problem+json"
