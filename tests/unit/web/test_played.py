"""Played ranges are taken as often as they are sent."""

from __future__ import annotations

from clipper_core.domain.time_range import TimeRange
from tests.unit.review_room import PROJECT, Room


def test_ranges_sent_twice_are_stored_once(room: Room) -> None:
    body = {"ranges": [{"start_s": 1.5, "end_s": 30}, {"start_s": 60, "end_s": 61}]}

    answers = [room.send("POST", f"{PROJECT}/listened", body) for _ in range(2)]

    assert [a.status_code for a in answers] == [204, 204]
    assert room.app.played.of("prj_1") == (TimeRange(1_500, 30_000), TimeRange(60_000, 61_000))


def test_an_empty_range_is_refused(room: Room) -> None:
    answer = room.send("POST", f"{PROJECT}/listened", {"ranges": [{"start_s": 3, "end_s": 3}]})

    assert (answer.status_code, answer.json()["code"]) == (422, "bad_range")
