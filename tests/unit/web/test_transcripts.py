"""The routes of words name revisions by ETag, and refuse an older one."""

from __future__ import annotations

import pytest

from tests.unit.review_room import PROJECT, Room

URL = f"{PROJECT}/transcript"


def test_words_are_answered_with_their_revision(room: Room) -> None:
    answer = room.client.get(URL)

    assert answer.headers["etag"] == f'"{answer.json()["revision"]}"'
    assert answer.json()["words"][0].keys() == {"text", "start_s", "end_s", "timed"}


def test_a_replacement_is_a_new_revision_of_its_author(room: Room) -> None:
    revision = room.say("tree", 20)
    body = {"find": "tree", "replace": "oak", "by": "Ana"}

    answer = room.send("POST", f"{URL}/replace", body, seen=f'"{revision}"')
    late = room.send("POST", f"{URL}/replace", body, seen=f'"{revision}"')

    assert answer.status_code == 201
    assert set(answer.json()) == {"revision", "changed", "clips"}
    assert answer.headers["etag"] == f'"{answer.json()["revision"]}"'
    assert room.client.get(URL).json()["edited_by"] == "Ana"
    assert (late.status_code, late.json()["code"]) == (412, "transcript_stale")


@pytest.mark.parametrize(("seen", "status"), [(None, 428), (" ", 428), ("abc", 412), ('"a b"', 412)])
def test_a_correction_without_an_etag_of_ours_is_refused(room: Room, seen: str | None, status: int) -> None:
    body = {"edits": [{"index": 0, "was": "Word", "text": "Lord"}]}

    assert room.send("POST", f"{URL}/words", body, seen=seen).status_code == status
