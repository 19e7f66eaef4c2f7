"""The page that describes the API loads nothing from elsewhere and can be read."""

from __future__ import annotations

import re

from tests.unit.review_room import Room


def test_the_page_loads_its_scripts_from_here(room: Room) -> None:
    page = room.client.get("/docs").text

    linked = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert linked and all(link.startswith("/docs/static/") for link in linked)
    assert all(room.client.get(link).status_code == 200 for link in linked)


def test_the_page_names_its_language_and_its_api(room: Room) -> None:
    page = room.client.get("/docs").text

    assert '<html lang="en">' in page
    assert page.index("<style>") < page.index("</head>")
    assert "/docs" not in room.client.get("/openapi.json").json()["paths"]
