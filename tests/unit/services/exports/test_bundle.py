"""The bundle: every approved render once, under a name of its own."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.errors import NotReady, ProjectNotFound
from clipper_core.services.exports.bundle import _free_name
from tests.unit.review_room import PROJECT, Room, open_room


@pytest.fixture
def room() -> Iterator[Room]:
    with open_room() as room:
        yield room


def test_without_a_render_there_is_no_bundle(room: Room) -> None:
    with pytest.raises(NotReady):
        room.app.exports.bundle("prj_1", [])
    with pytest.raises(ProjectNotFound):
        room.app.exports.bundle("prj_nowhere", [])


def test_clips_with_equal_titles_get_different_names(room: Room) -> None:
    for start_s in (10, 50):
        room.decided(room.made(start_s, start_s + 20, title="Pricing"))
    room.render_all()

    name, blocks = room.app.exports.bundle("prj_1", room.app.renders.of_project("prj_1"))
    with zipfile.ZipFile(io.BytesIO(b"".join(blocks))) as archive:
        names = archive.namelist()
        media = [n for n in names if not n.endswith((".srt", ".vtt"))]
        contents = {archive.read(n) for n in media}

    assert name == "A talk.zip"
    assert len({n.casefold() for n in names}) == len(names)
    assert (len(media), contents) == (2, {b"the clip"})
    assert room.client.get(f"{PROJECT}/bundle").status_code == 200


@given(st.lists(st.sampled_from(["a.mp4", "A.mp4", "a 2.mp4", "b", "a.srt", ".mp4"]), max_size=12))
def test_every_name_is_free_on_any_file_system(wanted: list[str]) -> None:
    taken: set[str] = set()

    names = [_free_name(name, taken) for name in wanted]

    assert len({n.casefold() for n in names}) == len(names)
    assert all(n.rpartition(".")[2] == w.rpartition(".")[2] or "." not in w for n, w in zip(names, wanted, strict=True))
