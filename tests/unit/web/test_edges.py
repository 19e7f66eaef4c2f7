"""The route of cuts takes and answers seconds."""

from __future__ import annotations

import pytest

from tests.unit.review_room import PROJECT, Room


def test_a_cut_is_told_in_seconds_with_others_near(room: Room) -> None:
    edge = room.client.get(f"{PROJECT}/cuts", params={"side": "in", "at": 12.4}).json()

    assert (edge["cut"]["at_s"], edge["cut"]["grade"]) == (12.4, "poor")
    assert 0 < len(edge["others"]) <= 4
    assert all(o["side"] == "in" and o["grade"] == "clean" for o in edge["others"])


@pytest.mark.parametrize("asked", [{}, {"side": "up", "at": 1}, {"side": "in"}, {"side": "in", "at": "nan"}])
def test_an_incomplete_question_is_refused(room: Room, asked: dict[str, str]) -> None:
    answer = room.client.get(f"{PROJECT}/cuts", params=asked)

    assert (answer.status_code, answer.json()["code"]) == (422, "bad_request")
