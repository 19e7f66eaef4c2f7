"""An approval carried over to a newer version: by a person, on the record, and never past a rejection."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.domain.clip import Verdict, carries_from, standing
from clipper_core.services.clips.verdicts import NewestDecision
from tests.unit.review_room import Room, open_room


@pytest.fixture(scope="module")
def room() -> Iterator[Room]:
    with open_room() as room:
        yield room


def edited(room: Room, clip: dict[str, Any]) -> dict[str, Any]:
    return room.change(clip, "versions", {"title": f"{clip['title']}.", "by": "Ben"})


def test_the_record_shows_a_carried_approval(room: Room) -> None:
    clip = edited(room, room.decided(room.made(10, 40)))
    assert (clip["carry_from"], clip["decision"]) == (1, None)

    carried = room.decided(clip, carry=True)

    assert (carried["status"], carried["carry_from"]) == ("approved", None)
    assert (carried["decision"]["carried_from"], carried["decision"]["by"]) == (1, "Ana")
    assert [(d["version"], d["carried_from"]) for d in carried["decisions"]] == [(1, None), (2, 1)]


def test_a_carried_approval_can_be_withdrawn_and_carried_on(room: Room) -> None:
    carried = room.decided(edited(room, room.decided(room.made(10, 40))), carry=True)

    back = room.decided(carried, "withdrawn")
    again = room.decided(back, carry=True)
    third = edited(room, again)

    assert (back["status"], back["decision"], back["carry_from"]) == ("proposed", None, 1)
    assert third["carry_from"] == 2
    assert [d["decision"] for d in third["decisions"]] == ["approved", "approved", "withdrawn", "approved"]


def test_carrying_needs_an_approval_and_an_undecided_version(room: Room) -> None:
    def refused(clip: dict[str, Any]) -> str:
        body = {"decision": "approved", "carry": True}
        answer = room.send("POST", f"/api/clips/{clip['id']}/decisions", body, seen=clip["etag"])
        assert answer.status_code == 409
        assert room.clip(clip) == clip
        assert clip["carry_from"] is None
        return str(answer.json()["code"])

    fresh = room.made(10, 40)
    rejected = edited(room, room.decided(room.made(10, 40), "rejected"))
    withdrawn = edited(room, room.decided(room.decided(room.made(10, 40)), "withdrawn"))
    approved = room.decided(room.made(10, 40))
    decided, before = (
        room.decided(edited(room, room.decided(room.made(10, 40))), "changes_requested") for _ in range(2)
    )
    passed_over = edited(room, before)

    for clip in (fresh, rejected, withdrawn, approved, decided, passed_over):
        assert refused(clip) == "nothing_to_carry"


def test_only_an_approval_is_carried(room: Room) -> None:
    clip = edited(room, room.decided(room.made(10, 40)))
    body = {"decision": "rejected", "carry": True}

    answer = room.send("POST", f"/api/clips/{clip['id']}/decisions", body, seen=clip["etag"])

    assert (answer.status_code, answer.json()["code"]) == (422, "bad_settings")


DECISIONS = st.builds(NewestDecision, st.sampled_from(list(Verdict)))
ON_VERSIONS = st.dictionaries(st.integers(1, 6), st.lists(DECISIONS, max_size=5))


@given(ON_VERSIONS, st.integers(1, 7))
def test_only_the_last_decision_in_effect_is_carried(decisions: dict[int, list[NewestDecision]], newest: int) -> None:
    source = carries_from(decisions, newest)

    stands = {n: standing(v)[-1].verdict for n, v in decisions.items() if n <= newest and standing(v)}
    last = max(stands, default=None)
    if source is None:
        assert last is None or last == newest or stands[last] is not Verdict.APPROVED
    else:
        assert source == last != newest
        assert stands[source] is Verdict.APPROVED
