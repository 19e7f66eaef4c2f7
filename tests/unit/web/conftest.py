"""One recording on review for all tests of routes, which must not rely on what others left in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.review_room import Room, open_room


@pytest.fixture(scope="package")
def room() -> Iterator[Room]:
    with open_room() as room:
        yield room
