"""Shows are listed and made; a name without letters is refused."""

from __future__ import annotations

from tests.unit.review_room import Room


def test_a_new_show_is_listed(room: Room) -> None:
    show = room.send("POST", "/api/shows", {"name": "Evenings"})

    assert show.status_code == 201
    assert set(show.json()) == {"id", "name", "defaults"}
    assert show.json() in room.client.get("/api/shows").json()["shows"]


def test_a_show_without_a_name_is_refused(room: Room) -> None:
    answer = room.send("POST", "/api/shows", {"name": "  "})

    assert (answer.status_code, answer.json()["code"]) == (422, "bad_settings")
