"""The routes of a clip: each answer carries the ETag that the next change has to name."""

from __future__ import annotations

import pytest

from tests.unit.review_room import PROJECT, Room


def test_an_answer_carries_the_etag_of_its_clip(room: Room) -> None:
    clip = room.made(10, 40)

    read = room.client.get(f"/api/clips/{clip['id']}")
    answer = room.send("POST", f"/api/clips/{clip['id']}/decisions", {"decision": "approved"}, seen=clip["etag"])

    assert read.headers["etag"] == read.json()["etag"] == clip["etag"] == '"1"'
    assert answer.headers["etag"] == answer.json()["etag"] == '"2"'


@pytest.mark.parametrize("verb", ["versions", "decisions"])
def test_a_change_without_an_etag_is_refused(room: Room, verb: str) -> None:
    clip = room.made(10, 40)

    answer = room.send("POST", f"/api/clips/{clip['id']}/{verb}", {"decision": "approved", "title": "New"})

    assert (answer.status_code, answer.json()["code"]) == (428, "precondition_required")
    assert room.clip(clip) == clip


@pytest.mark.parametrize("body", [{}, {"title": "  "}, {"by": "Ana"}])
def test_a_version_that_changes_nothing_is_refused(room: Room, body: dict[str, str]) -> None:
    clip = room.made(10, 40)

    answer = room.send("POST", f"/api/clips/{clip['id']}/versions", body, seen=clip["etag"])

    assert (answer.status_code, answer.json()["code"]) == (422, "bad_range")


@pytest.mark.parametrize("body", [{"start_s": 1}, {"end_s": 9}, {}, {"start_s": 9, "end_s": 1}, {"ranges": []}])
def test_a_clip_without_both_ends_is_refused(room: Room, body: dict[str, float]) -> None:
    before = len(room.clips())

    assert room.send("POST", f"{PROJECT}/clips", body).status_code == 422
    assert len(room.clips()) == before


def test_a_deletion_answers_with_the_etag_of_its_restoration(room: Room) -> None:
    clip = room.made(10, 40)

    gone = room.send("DELETE", f"/api/clips/{clip['id']}", seen=clip["etag"])

    assert (gone.status_code, gone.content) == (204, b"")
    back = room.send("POST", f"/api/clips/{clip['id']}/restore", seen=gone.headers["etag"])
    assert (back.status_code, back.json()["etag"]) == (201, '"3"')
