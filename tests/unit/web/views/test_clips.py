"""The JSON of a clip holds all that the desk shows of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from clipper_core.domain.captions import Caption
from clipper_core.web.views.clips import captions_json, clip_json
from clipper_core.web.views.renders import render_json
from tests.unit.review_room import Room, open_room


@pytest.fixture(scope="module")
def room() -> Iterator[Room]:
    with open_room() as room:
        yield room


def test_a_clip_is_told_as_the_route_answers_it(room: Room) -> None:
    clip = room.decided(room.made(10, 40))
    view = room.app.clips.get(clip["id"])
    render = room.app.renders.of_clips([clip["id"]])[clip["id"]]

    document = clip_json(view, render)

    assert document == room.clip(clip)
    assert list(document)[:3] == ["id", "title", "reasons"] and list(document)[-1] == "etag"
    assert document["render"] == render_json(render)
    assert clip_json(view, None) == {**document, "render": None}


def test_the_decision_is_the_last_one_in_effect(room: Room) -> None:
    rejected = room.decided(room.decided(room.made(10, 40)), "rejected")
    withdrawn = room.decided(rejected, "withdrawn")

    assert (rejected["decision"]["decision"], withdrawn["decision"]["decision"]) == ("rejected", "approved")
    assert withdrawn["decision"] == withdrawn["decisions"][0]
    assert [d["decision"] for d in withdrawn["decisions"]] == ["approved", "rejected", "withdrawn"]


def test_captions_are_told_in_seconds() -> None:
    assert captions_json([Caption(600, 6_100, "Word")]) == {
        "captions": [{"start_s": 0.6, "end_s": 6.1, "text": "Word"}]
    }
