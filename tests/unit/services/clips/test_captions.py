"""Captions of a clip run on its own clock, and are those its file will have."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest

from clipper_core.services.clips.captions import captions_of
from tests.unit.review_room import Room, open_room


@pytest.fixture(scope="module")
def room() -> Iterator[Room]:
    with open_room() as room:
        yield room


def test_captions_start_with_the_clip_and_end_within_it(room: Room) -> None:
    clip = room.made(100, 130)

    captions = captions_of(room.app.measured, room.app.clips.get(clip["id"]))

    assert captions and all(0 <= c.start_ms < c.end_ms <= 30_000 for c in captions)
    assert all(a.end_ms <= b.start_ms for a, b in pairwise(captions))
    assert {w.strip(".").lower() for c in captions for w in c.text.split()} == {"word"}


def test_a_clip_on_drafted_words_has_no_captions(room: Room) -> None:
    room.say("guess", draft=True)
    clip = room.made(200, 230)

    assert captions_of(room.app.measured, room.app.clips.get(clip["id"])) == ()
