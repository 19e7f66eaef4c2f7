"""A recording is told with what the desk plays, before and after it is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from clipper_core.web.views.projects import project_json
from tests.unit.review_room import Room, open_room


@pytest.fixture(scope="module")
def room() -> Iterator[Room]:
    with open_room() as room:
        yield room


def test_a_mapped_recording_can_be_played(room: Room) -> None:
    room.made(10, 40)

    document = project_json(room.app.projects.get("prj_1"))

    assert (document["duration_s"], document["has_video"], document["frame_rate"]) == (600.0, False, None)
    assert document["player"] == {"url": "/media-files/ast_source", "mime": "audio/wav", "kind": "audio"}
    assert (document["state"], document["run_id"], document["warnings"]) == ("none", None, [])
    assert document["clips"]["proposed"] == 1
    assert document == room.client.get("/api/projects/prj_1").json()


def test_an_unread_recording_is_told_without_media(room: Room) -> None:
    unread = replace(room.app.projects.get("prj_1"), media=None, player=None, map_id=None)

    document = project_json(unread)

    assert [document[k] for k in ("duration_s", "has_video", "media", "player")] == [None, None, None, None]
    assert document["desk_open"] is False
