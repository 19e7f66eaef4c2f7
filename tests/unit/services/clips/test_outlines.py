"""Outlines tell the same of clips as their views, without the records."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from clipper_core.services.clips.outlines import outlines_of
from tests.unit.review_room import Room, open_room


@pytest.fixture(scope="module")
def room() -> Iterator[Room]:
    with open_room() as room:
        yield room


def test_an_outline_agrees_with_the_view_of_its_clip(room: Room) -> None:
    room.made(500, 520)
    room.decided(room.decided(room.decided(room.made(540, 560)), "rejected"), "withdrawn")
    app = room.app

    views = app.clips.of_project("prj_1")
    drawn = app.clips.outlines("prj_1")

    shared = ("id", "rank", "version_id", "title", "ranges", "preset", "status")
    assert [[getattr(v, f) for f in shared] for v in views] == [[getattr(o, f) for f in shared] for o in drawn]
    assert len({o.status for o in drawn}) > 1


def test_a_deleted_clip_still_has_an_outline(room: Room) -> None:
    clip = room.decided(room.made(100, 120))
    room.send("DELETE", f"/api/clips/{clip['id']}", seen=clip["etag"])

    with room.app.database.read() as session:
        outline = outlines_of(session, [clip["id"]])[clip["id"]]

    assert (outline.status, outline.start_ms) == ("approved", 100_000)
    assert clip["id"] not in [o.id for o in room.app.clips.outlines("prj_1")]
