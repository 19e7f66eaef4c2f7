"""Stored files: which may be served, and as which type."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from clipper_core.errors import AssetNotFound, NoLongerApproved
from tests.unit.review_room import Room, open_room


@pytest.fixture
def room() -> Iterator[Room]:
    with open_room() as room:
        yield room


def test_the_source_has_the_probed_media_type(room: Room) -> None:
    file = room.app.media.get("ast_source")

    assert (file.mime, file.of_approval) == ("audio/wav", False)
    assert b"".join(room.app.media.read(file, 1, 3)) == b"IF"


@pytest.mark.parametrize("asset", ["ast_map", "ast_trs_1", "ast_nowhere", ""])
def test_a_file_of_another_kind_is_not_found(room: Room, asset: str) -> None:
    with pytest.raises(AssetNotFound):
        room.app.media.get(asset)


def test_files_of_a_deleted_recording_are_not_found(room: Room) -> None:
    room.app.projects.delete("prj_1")

    with pytest.raises(AssetNotFound):
        room.app.media.get("ast_source")


def test_a_render_is_served_only_while_approved(room: Room) -> None:
    clip = room.decided(room.made(10, 40))
    room.render_all()
    [render] = room.app.renders.of_project("prj_1")
    assert render.asset_id is not None
    assert room.app.media.get(render.asset_id).of_approval

    room.decided(room.clip(clip), "rejected")

    with pytest.raises(NoLongerApproved):
        room.app.media.get(render.asset_id)
