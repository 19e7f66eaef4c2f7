"""The routes that split, merge and restore answer with every clip that changed."""

from __future__ import annotations

from tests.unit.review_room import Room


def test_a_split_answers_with_both_clips_and_the_etag_of_the_first(room: Room) -> None:
    clip = room.made(10, 40)

    answer = room.send("POST", f"/api/clips/{clip['id']}/split", {"at_s": 25}, seen=clip["etag"])

    first, second = answer.json()["clips"]
    assert answer.headers["etag"] == first["etag"] == '"2"'
    assert (first["end_s"], second["start_s"], second["etag"]) == (25.0, 25.0, '"1"')


def test_a_merge_names_the_removed_clip_and_its_etag(room: Room) -> None:
    one, other = room.made(10, 40), room.made(50, 70)

    merge = room.change(one, "merge", {"other": other["id"], "other_etag": other["etag"]})

    assert merge["removed"] == other["id"]
    back = room.send("POST", f"/api/clips/{other['id']}/restore", seen=merge["removed_etag"])
    assert back.status_code == 201


def test_a_merge_with_an_etag_of_nobody_is_stale(room: Room) -> None:
    one, other = room.made(10, 40), room.made(50, 70)
    body = {"other": other["id"], "other_etag": "abc"}

    answer = room.send("POST", f"/api/clips/{one['id']}/merge", body, seen=one["etag"])

    assert (answer.status_code, answer.json()["code"]) == (412, "stale")
