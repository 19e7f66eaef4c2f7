"""Clips divided, made into one, put away and brought back: all or nothing, and nothing of it decided by itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.domain.time_range import TimeRange, total_ms, union
from clipper_core.errors import BadRange
from clipper_core.services.clips.changes import MIN_RANGE_MS
from clipper_core.services.clips.structure import next_part, split_ranges
from clipper_core.services.clips.views import MAX_TITLE_CHARS
from tests.unit.review_room import Room, open_room


@pytest.fixture(scope="module")
def room() -> Iterator[Room]:
    with open_room() as room:
        yield room


def spans(clip: dict[str, Any]) -> list[tuple[float, float]]:
    return [(r["start_s"], r["end_s"]) for r in clip["ranges"]]


def refused(room: Room, clip: dict[str, Any], verb: str, body: dict[str, Any]) -> tuple[int, str]:
    answer = room.send("POST", f"/api/clips/{clip['id']}/{verb}", body, seen=clip["etag"])
    return answer.status_code, answer.json()["code"]


# -- dividing


def test_a_split_makes_a_version_and_a_new_clip(room: Room) -> None:
    clip = room.decided(room.made(10, 40, "The first hire"))

    first, second = room.change(clip, "split", {"at_s": 25.0, "by": "Ben"})["clips"]

    assert (first["id"], first["version"], first["status"]) == (clip["id"], 2, "proposed")
    assert (second["version"], second["status"], second["origin"]) == (1, "proposed", "manual")
    assert (spans(first), spans(second)) == ([(10.0, 25.0)], [(25.0, 40.0)])
    assert (first["title"], second["title"]) == ("The first hire", "The first hire, part 2")
    assert (first["changed_by"], second["changed_by"]) == ("Ben", "Ben")
    assert [c["at_s"] for c in (*first["cuts"], *second["cuts"])] == [10.0, 25.0, 25.0, 40.0]
    assert all(c["reason"] for c in (*first["cuts"], *second["cuts"]))


def test_a_split_falls_inside_or_between_ranges(room: Room) -> None:
    ranges = [{"start_s": 10, "end_s": 20}, {"start_s": 30, "end_s": 40}]
    inside = room.change(room.made(1, 9), "versions", {"ranges": ranges})
    between = room.change(room.made(1, 9), "versions", {"ranges": ranges})

    one = room.change(inside, "split", {"at_s": 35})["clips"]
    two = room.change(between, "split", {"at_s": 25})["clips"]

    assert [spans(c) for c in one] == [[(10.0, 20.0), (30.0, 35.0)], [(35.0, 40.0)]]
    assert [spans(c) for c in two] == [[(10.0, 20.0)], [(30.0, 40.0)]]


@pytest.mark.parametrize("at_s", [5, 10, 10.1, 39.9, 40, 50])
def test_a_split_at_or_outside_the_edges_is_refused(room: Room, at_s: float) -> None:
    clip = room.made(10, 40)

    assert refused(room, clip, "split", {"at_s": at_s}) == (422, "bad_range")
    assert room.clip(clip) == clip


RANGES = st.lists(st.integers(0, 100_000), min_size=2, max_size=12, unique=True).map(
    lambda edges: [TimeRange(a, b) for a, b in zip(sorted(edges)[::2], sorted(edges)[1::2], strict=False)]
)


@given(RANGES, st.integers(0, 100_000))
def test_a_division_loses_nothing_and_doubles_nothing(ranges: list[TimeRange], at_ms: int) -> None:
    try:
        before, after = split_ranges(ranges, at_ms)
    except BadRange:
        pieces = [r.length_ms for r in ranges]
        pieces += [p for r in ranges if r.start_ms < at_ms < r.end_ms for p in (at_ms - r.start_ms, r.end_ms - at_ms)]
        outside = at_ms <= ranges[0].start_ms or at_ms >= ranges[-1].end_ms
        assert outside or min(pieces) < MIN_RANGE_MS
        return
    assert total_ms(before) + total_ms(after) == total_ms(ranges)
    assert before[-1].end_ms <= at_ms <= after[0].start_ms
    assert union([*before, *after]) == union(ranges)


@pytest.mark.parametrize(
    ("title", "next_title"),
    [("A", "A, part 2"), ("A, part 2", "A, part 3"), ("A, part of it", "A, part of it, part 2")],
)
def test_the_rest_of_a_rest_is_counted_on(title: str, next_title: str) -> None:
    assert next_part(title) == next_title


@given(st.text(max_size=400))
def test_the_name_of_a_rest_is_never_too_long(title: str) -> None:
    assert len(next_part(title)) <= MAX_TITLE_CHARS
    assert next_part(title).rpartition(" ")[2].isdigit()


# -- making one of two


def test_a_merge_keeps_one_clip_and_deletes_the_other(room: Room) -> None:
    one, other = room.decided(room.made(10, 40, "One")), room.made(50, 70, "Other")

    done = room.change(one, "merge", {"other": other["id"], "other_etag": other["etag"], "by": "Ben"})

    assert (done["clip"]["id"], done["clip"]["title"], done["clip"]["version"]) == (one["id"], "One", 2)
    assert spans(done["clip"]) == [(10.0, 40.0), (50.0, 70.0)]
    assert (done["clip"]["status"], len(done["clip"]["cuts"])) == ("proposed", 4)
    assert (done["removed"], done["removed_etag"]) == (other["id"], '"2"')
    gone = room.client.get(f"/api/clips/{other['id']}")
    assert (gone.status_code, gone.json()["detail"][:23]) == (404, "Ben deleted this clip. ")


def test_a_merge_takes_the_ranges_of_the_desk(room: Room) -> None:
    one, other = room.made(10, 40), room.made(35, 70)
    whole = [{"start_s": 10, "end_s": 70}]

    done = room.change(one, "merge", {"other": other["id"], "other_etag": other["etag"], "ranges": whole})

    assert spans(done["clip"]) == [(10.0, 70.0)]


def test_notes_of_a_merged_clip_move_along(room: Room) -> None:
    one, other = room.made(10, 40), room.made(50, 70)
    room.send("POST", f"/api/clips/{other['id']}/notes", {"at_s": 55.0, "text": "Too loud", "by": "Ana"})

    done = room.change(one, "merge", {"other": other["id"], "other_etag": other["etag"]})

    assert [(n["text"], n["at_s"]) for n in done["clip"]["notes"]] == [("Too loud", 55.0)]


@pytest.mark.parametrize("changed", ["one", "other"])
def test_a_merge_of_a_changed_clip_changes_nothing(room: Room, changed: str) -> None:
    clips = {"one": room.made(10, 40), "other": room.made(50, 70)}
    room.change(clips[changed], "versions", {"title": "Changed", "by": "Ben"})
    now = [room.clip(c) for c in clips.values()]

    one, other = clips.values()
    body = {"other": other["id"], "other_etag": other["etag"]}

    assert refused(room, one, "merge", body) == (412, "stale")
    assert [room.clip(c) for c in clips.values()] == now


def test_a_clip_merges_only_within_its_recording(room: Room) -> None:
    clip = room.made(10, 40)

    assert refused(room, clip, "merge", {"other": clip["id"], "other_etag": clip["etag"]}) == (422, "bad_settings")
    assert refused(room, clip, "merge", {"other": "clp_nobody", "other_etag": '"1"'}) == (404, "clip_not_found")
    assert room.clip(clip) == clip


# -- putting away and bringing back


def test_a_deleted_clip_comes_back_as_it_was_decided(room: Room) -> None:
    clip = room.decided(room.made(10, 40), "rejected", reason="ends_weak")
    gone = room.send("DELETE", f"/api/clips/{clip['id']}?by=Ben", seen=clip["etag"])
    assert (gone.status_code, gone.headers["etag"]) == (204, '"3"')
    assert clip["id"] not in [c["id"] for c in room.clips()]

    back = room.change({**clip, "etag": gone.headers["etag"]}, "restore", {"by": "Ana"})

    assert back["etag"] == '"4"'
    assert {**back, "etag": clip["etag"]} == clip
    assert clip["id"] in [c["id"] for c in room.clips()]


def test_a_restore_needs_the_revision_of_the_deletion(room: Room) -> None:
    clip = room.made(10, 40)
    assert refused(room, clip, "restore", {}) == (409, "wrong_state")
    room.send("DELETE", f"/api/clips/{clip['id']}", seen=clip["etag"])

    assert refused(room, clip, "restore", {}) == (412, "stale")
    assert room.client.post(f"/api/clips/{clip['id']}/restore", json={}).status_code == 428
    assert room.client.get(f"/api/clips/{clip['id']}").status_code == 404
