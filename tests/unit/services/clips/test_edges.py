"""An edge is certified where it is, and the other places for it lie near and are better."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from clipper_core.domain.cut import Grade, Side
from clipper_core.errors import BadRange, ProjectNotFound
from tests.unit.review_room import LENGTH_S, Room, open_room


@pytest.fixture(scope="module")
def room() -> Iterator[Room]:
    with open_room() as room:
        yield room


def test_an_edge_in_speech_is_offered_cleaner_ones(room: Room) -> None:
    edge = room.app.edges.around("prj_1", Side.IN, 12_400)

    assert (edge.cut.at_ms, edge.cut.side, edge.cut.certificate.grade) == (12_400, Side.IN, Grade.POOR)
    assert 0 < len(edge.others) <= 4
    assert all(o.side is Side.IN and o.certificate.grade is Grade.CLEAN for o in edge.others)


def test_no_other_place_lies_beyond_the_opposite_edge(room: Room) -> None:
    free = room.app.edges.around("prj_1", Side.OUT, 39_400)
    bound = room.app.edges.around("prj_1", Side.OUT, 39_400, 35_000)

    assert any(o.at_ms < 35_000 for o in free.others)
    assert all(o.at_ms > 35_000 for o in bound.others)


@pytest.mark.parametrize("at_ms", [-1, LENGTH_S * 1_000 + 1])
def test_an_edge_outside_the_recording_is_refused(room: Room, at_ms: int) -> None:
    with pytest.raises(BadRange):
        room.app.edges.around("prj_1", Side.IN, at_ms)


def test_an_unknown_recording_has_no_edges(room: Room) -> None:
    with pytest.raises(ProjectNotFound):
        room.app.edges.around("prj_9", Side.IN, 0)
