"""Recordings are found, renamed, deleted and brought back; captions have a size limit."""

from __future__ import annotations

import pytest

from clipper_core.web.projects import MAX_CAPTION_BYTES
from tests.unit.review_room import PROJECT, Room


def test_a_recording_is_found_by_its_title(room: Room) -> None:
    def found(words: str) -> list[str]:
        return [p["id"] for p in room.client.get("/api/projects", params={"q": words}).json()["projects"]]

    assert (found("talk"), found("nothing like it")) == (["prj_1"], [])


def test_a_deleted_recording_comes_back_with_its_new_title(room: Room) -> None:
    assert room.client.delete(PROJECT).status_code == 204
    assert room.client.get(PROJECT).status_code == 404

    back = room.client.patch(PROJECT, json={"deleted": False, "title": "A talk again"}).json()

    assert (back["title"], back["deleted_at"]) == ("A talk again", None)
    assert room.client.get(PROJECT).json()["title"] == "A talk again"


def test_only_the_sample_is_made_without_an_upload(room: Room) -> None:
    answer = room.send("POST", "/api/projects", {})

    assert (answer.status_code, answer.json()["code"]) == (422, "bad_settings")


def test_captions_beyond_the_limit_are_refused(room: Room) -> None:
    answer = room.client.put(f"{PROJECT}/captions", content=b"x" * (MAX_CAPTION_BYTES + 1))

    assert (answer.status_code, answer.json()["code"]) == (422, "bad_settings")


@pytest.mark.parametrize("query", ["points=0", "from=-1", "from=nan", "points=20001"])
def test_a_waveform_no_screen_could_show_is_refused(room: Room, query: str) -> None:
    assert room.client.get(f"{PROJECT}/peaks?{query}").status_code == 422
