"""Renders: one per version and preset, cancelled and retried only in the right states."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from clipper_core.domain.task import TaskState
from clipper_core.errors import BadSettings, ClipNotFound, NotApproved, RenderNotFound, WrongState
from tests.unit.review_room import Room, open_room


@pytest.fixture
def room() -> Iterator[Room]:
    with open_room() as room:
        yield room


def test_an_approval_asks_for_its_render(room: Room) -> None:
    clip = room.decided(room.made(10, 40))

    [render] = room.app.renders.of_project("prj_1")

    assert (render.clip_id, render.state, render.still_approved) == (clip["id"], TaskState.QUEUED, True)
    assert render.length_ms == 30_000


def test_the_same_render_asked_for_twice_is_one(room: Room) -> None:
    clip = room.decided(room.made(10, 40))

    one, other = (room.app.renders.request(clip["id"]).id for _ in range(2))
    sound = room.app.renders.request(clip["id"], "audio")

    assert one == other != sound.id
    assert sound.preset == "audio"


def test_only_an_approved_clip_is_rendered(room: Room) -> None:
    clip = room.made(10, 40)

    with pytest.raises(NotApproved):
        room.app.renders.request(clip["id"])
    with pytest.raises(ClipNotFound):
        room.app.renders.request("clp_nowhere")
    room.decided(clip)
    with pytest.raises(BadSettings):
        room.app.renders.request(clip["id"], "hologram")


def test_a_cancelled_render_can_be_retried(room: Room) -> None:
    render_id = room.app.renders.request(room.decided(room.made(10, 40))["id"]).id

    with pytest.raises(WrongState):
        room.app.renders.retry(render_id)
    assert room.app.renders.cancel(render_id).state is TaskState.CANCELLED
    with pytest.raises(WrongState):
        room.app.renders.cancel(render_id)
    assert room.app.renders.retry(render_id).state is TaskState.QUEUED


def test_a_finished_render_is_neither_cancelled_nor_retried(room: Room) -> None:
    render_id = room.app.renders.request(room.decided(room.made(10, 40))["id"]).id
    room.render_all()

    view = room.app.renders.get(render_id)
    assert (view.state, view.size, view.mime is not None) == (TaskState.SUCCEEDED, 8, True)
    for steer in (room.app.renders.cancel, room.app.renders.retry):
        with pytest.raises(WrongState):
            steer(render_id)


def test_renders_of_a_deleted_project_are_not_found(room: Room) -> None:
    clip = room.decided(room.made(10, 40))
    render_id = room.app.renders.request(clip["id"]).id
    room.app.projects.delete("prj_1")

    for ask in (room.app.renders.get, room.app.renders.cancel):
        with pytest.raises(RenderNotFound):
            ask(render_id)
    with pytest.raises(ClipNotFound):
        room.app.renders.request(clip["id"])
    assert room.app.renders.of_project() == []


def test_a_clip_shows_its_approved_versions_render(room: Room) -> None:
    clip = room.decided(room.made(10, 40))
    edited = room.change(clip, "versions", {"start_s": 11, "end_s": 39})
    assert room.app.renders.of_clips([clip["id"]]) == {}

    room.decided(edited)

    assert room.app.renders.of_clips([clip["id"]])[clip["id"]].version == 2
