"""Changes come from our own pages alone, and the API answers its own paths alone."""

from __future__ import annotations

import pytest

from clipper_core.web.middleware import OWN_PATHS, is_own
from tests.unit.review_room import Room

HERE = {"host": "testserver"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": "https://elsewhere.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://["}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"origin": "http://testserver"}, 201),
        ({"origin": "https://name.example", "x-forwarded-host": "name.example"}, 201),
        ({}, 201),
    ],
)
def test_only_our_own_pages_change_anything(room: Room, headers: dict[str, str], status: int) -> None:
    answer = room.client.post("/api/shows", json={"name": "S"}, headers=headers)

    assert answer.status_code == status
    if status == 403:
        assert answer.json()["code"] == "foreign_origin"


def test_reading_is_open_to_other_sites(room: Room) -> None:
    assert room.client.get("/api/shows", headers={"origin": "https://elsewhere.example"}).status_code == 200


@pytest.mark.parametrize("path", OWN_PATHS)
def test_a_path_is_ours_whole_or_with_more_behind(path: str) -> None:
    assert is_own(path) and is_own(f"{path}/more")
    assert not is_own(f"{path}more")
    assert not is_own("/")
