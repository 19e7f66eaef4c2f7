"""Requests that are sent twice: each change is made once, however often its answer was lost on the way."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from clipper_core.db.models import AnsweredRequest, Clip, ClipVersion, Decision, now
from tests.unit.review_room import PROJECT, Room, open_room


@pytest.fixture(scope="module")
def room() -> Iterator[Room]:
    with open_room() as room:
        yield room


def rows(room: Room) -> tuple[int, ...]:
    with room.app.database.read() as session:
        return tuple(session.scalar(select(func.count()).select_from(t)) or 0 for t in (Clip, ClipVersion, Decision))


def changes(clip: dict[str, Any], other: dict[str, Any]) -> dict[str, tuple[str, str, Any]]:
    """Each change of a clip there is: method, path below the clip, body."""
    return {
        "version": ("POST", "/versions", {"start_s": 11.0, "end_s": 39.0}),
        "decision": ("POST", "/decisions", {"decision": "approved"}),
        "split": ("POST", "/split", {"at_s": 25.0}),
        "merge": ("POST", "/merge", {"other": other["id"], "other_etag": other["etag"]}),
        "delete": ("DELETE", "?by=Ana", None),
    }


@pytest.mark.parametrize("name", ["version", "decision", "split", "merge", "delete"])
def test_a_change_sent_twice_is_applied_once(room: Room, name: str) -> None:
    clip, other = room.made(10, 40), room.made(50, 70)
    method, path, body = changes(clip, other)[name]
    url = f"/api/clips/{clip['id']}{path}"

    first = room.send(method, url, body, seen=clip["etag"], key=f"{name}-1")
    after = rows(room)
    again = room.send(method, url, body, seen=clip["etag"], key=f"{name}-1")

    assert first.status_code in (201, 204)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["etag"] == first.headers["etag"] == '"2"'
    assert rows(room) == after
    assert room.send(method, url, body, seen=clip["etag"], key=f"{name}-2").status_code in (404, 412)


def test_one_key_creates_one_clip(room: Room) -> None:
    body = {"start_s": 100, "end_s": 120}
    before = len(room.clips())

    first, again = (room.send("POST", f"{PROJECT}/clips", body, key="made") for _ in range(2))
    other = room.send("POST", f"{PROJECT}/clips", body, key="made too")

    assert first.json() == again.json()
    assert other.json()["id"] != first.json()["id"]
    assert len(room.clips()) == before + 2


def test_a_restored_clip_is_restored_once(room: Room) -> None:
    clip = room.made(10, 40)
    gone = room.send("DELETE", f"/api/clips/{clip['id']}", seen=clip["etag"])
    url = f"/api/clips/{clip['id']}/restore"

    first, again = (room.send("POST", url, {"by": "Ana"}, seen=gone.headers["etag"], key="back") for _ in range(2))
    unnamed = room.send("POST", url, {"by": "Ana"}, seen=gone.headers["etag"])

    assert (first.status_code, again.status_code, unnamed.status_code) == (201, 201, 409)
    assert first.json() == again.json()


def test_a_replayed_key_answers_with_the_current_clip(room: Room) -> None:
    clip = room.made(10, 40)
    approved = room.change(clip, "decisions", {"decision": "approved"}, key="a")
    room.change(approved, "versions", {"title": "Renamed"}, key="b")

    again = room.change(clip, "decisions", {"decision": "approved"}, key="a")

    assert (again["title"], again["version"], again["status"], again["etag"]) == ("Renamed", 2, "proposed", '"3"')


def test_a_key_whose_clip_was_deleted_since_says_so(room: Room) -> None:
    clip = room.made(10, 40)
    approved = room.change(clip, "decisions", {"decision": "approved"}, key="a")
    room.send("DELETE", f"/api/clips/{clip['id']}?by=Ben", seen=approved["etag"])

    again = room.send("POST", f"/api/clips/{clip['id']}/decisions", {"decision": "approved"}, seen='"1"', key="a")

    assert (again.status_code, again.json()["code"]) == (404, "clip_not_found")


def test_a_replayed_split_answers_with_the_clips_left(room: Room) -> None:
    clip = room.made(10, 40)
    _, second = room.change(clip, "split", {"at_s": 25.0}, key="s")["clips"]
    room.send("DELETE", f"/api/clips/{second['id']}", seen=second["etag"])

    again = room.change(clip, "split", {"at_s": 25.0}, key="s")

    assert [c["id"] for c in again["clips"]] == [clip["id"]]


def test_the_key_of_one_clip_means_nothing_to_another(room: Room) -> None:
    one, other = room.made(10, 40), room.made(50, 70)

    first = room.change(one, "decisions", {"decision": "approved"}, key="same")
    second = room.change(other, "decisions", {"decision": "rejected"}, key="same")

    assert (first["status"], second["status"]) == ("approved", "rejected")


def test_a_refused_change_does_not_use_up_its_key(room: Room) -> None:
    clip = room.made(10, 40)
    url = f"/api/clips/{clip['id']}/decisions"

    refused = room.send("POST", url, {"decision": "withdrawn"}, seen=clip["etag"], key="w")
    room.decided(clip)
    done = room.send("POST", url, {"decision": "withdrawn"}, seen='"2"', key="w")

    assert (refused.status_code, done.status_code) == (409, 201)


def test_a_key_does_not_replace_the_expected_revision(room: Room) -> None:
    clip = room.made(10, 40)

    answer = room.send("POST", f"/api/clips/{clip['id']}/decisions", {"decision": "approved"}, key="k")

    assert answer.status_code == 428


@pytest.mark.parametrize(("key", "status"), [("k" * 80, 201), ("k" * 81, 422), ("", 201)])
def test_a_key_has_up_to_eighty_characters(room: Room, key: str, status: int) -> None:
    clip = room.made(10, 40)
    headers = {"If-Match": clip["etag"], "Idempotency-Key": key}

    answer = room.client.post(f"/api/clips/{clip['id']}/decisions", json={"decision": "approved"}, headers=headers)

    assert answer.status_code == status


@pytest.mark.parametrize("name", ["version", "decision", "split", "merge", "delete"])
def test_the_same_key_on_another_route_is_new(room: Room, name: str) -> None:
    clip, other = room.made(10, 40), room.made(50, 70)
    noted = room.send("POST", f"/api/clips/{clip['id']}/notes", {"text": "Too long"}, key="one")
    method, path, body = changes(clip, other)[name]
    before = rows(room)

    answer = room.send(method, f"/api/clips/{clip['id']}{path}", body, seen=clip["etag"], key="one")

    assert (noted.status_code, answer.status_code) == (201, 204 if name == "delete" else 201)
    assert answer.headers["etag"] == '"2"'
    assert rows(room) != before or name == "delete"


def test_a_clip_and_a_correction_may_share_a_key(room: Room) -> None:
    words = room.client.get(f"{PROJECT}/transcript")
    made = room.send("POST", f"{PROJECT}/clips", {"start_s": 100, "end_s": 120}, key="both")

    body = {"find": words.json()["words"][0]["text"], "replace": "Other"}
    corrected = room.send("POST", f"{PROJECT}/transcript/replace", body, seen=words.headers["etag"], key="both")

    assert (made.status_code, corrected.status_code) == (201, 201)
    assert corrected.json()["changed"] > 0


@pytest.mark.parametrize("name", ["version", "decision", "split", "merge", "delete"])
def test_equal_requests_that_arrive_together_are_one_change(room: Room, name: str) -> None:
    clip, other = room.made(10, 40), room.made(50, 70)
    method, path, body = changes(clip, other)[name]
    before = rows(room)
    codes = at_once(
        6, lambda: room.send(method, f"/api/clips/{clip['id']}{path}", body, seen=clip["etag"], key="together")
    )

    grown = tuple(a - b for a, b in zip(rows(room), before, strict=True))
    assert len(set(codes)) == 1 and codes[0] in (201, 204)
    assert grown == {"version": (0, 1, 0), "decision": (0, 0, 1), "split": (1, 2, 0), "merge": (0, 1, 0)}.get(
        name, (0, 0, 0)
    )


def test_equal_clips_that_are_made_together_are_one(room: Room) -> None:
    before = rows(room)[0]

    codes = at_once(
        6, lambda: room.send("POST", f"{PROJECT}/clips", {"start_s": 100, "end_s": 120}, key="made together")
    )

    assert codes == [201] * 6
    assert rows(room)[0] == before + 1


def at_once(many: int, send: Any) -> list[int]:
    together = threading.Barrier(many)
    codes: list[int] = []

    def person() -> None:
        together.wait()
        codes.append(send().status_code)

    people = [threading.Thread(target=person) for _ in range(many)]
    for one in people:
        one.start()
    for one in people:
        one.join()
    return codes


def test_keys_are_forgotten_after_a_month_and_not_before(room: Room) -> None:
    clip = room.made(10, 40)
    by_key: dict[str, str] = {}
    for key, decision, days in (("old", "approved", 31), ("new", "rejected", 29)):
        room.change(room.clip(clip), "decisions", {"decision": decision}, key=key)
        with room.app.database.write() as session:
            kept = session.scalars(select(AnsweredRequest).where(AnsweredRequest.scope == clip["id"]))
            row = next(r for r in kept if r.key not in by_key.values())
            by_key[key], row.created_at = row.key, now() - timedelta(days=days)

    room.app.idempotency_keys.sweep()

    with room.app.database.read() as session:
        left = session.scalars(select(AnsweredRequest.key).where(AnsweredRequest.scope == clip["id"])).all()
    assert left == [by_key["new"]]
