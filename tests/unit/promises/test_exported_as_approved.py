"""Only an approved version leaves as approved: after an edit nothing does, until somebody decides again."""

from __future__ import annotations

import contextlib
import io
import threading
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import select

from clipper_core.db import lookups
from clipper_core.db.models import Clip, Render, Task
from clipper_core.domain.task import TaskState
from clipper_core.domain.task_inputs import RenderInputs
from clipper_core.errors import ClipperError, LeaseLost
from clipper_core.services.runs.worker import Outcome, TaskContext
from tests.unit.review_room import PROJECT, Room, open_room

Json = dict[str, Any]


@pytest.fixture
def room() -> Iterator[Room]:
    with open_room() as room:
        yield room


def trim(room: Room, clip: Json) -> Json:
    return room.change(clip, "versions", {"start_s": 11, "end_s": 39})


def rename(room: Room, clip: Json) -> Json:
    return room.change(clip, "versions", {"title": "Another name"})


def split(room: Room, clip: Json) -> Json:
    return dict(room.change(clip, "split", {"at_s": 25})["clips"][0])


def merge(room: Room, clip: Json) -> Json:
    other = room.made(50, 70)
    return dict(room.change(clip, "merge", {"other": other["id"], "other_etag": other["etag"]})["clip"])


def take_words(room: Room, clip: Json) -> Json:
    room.say("corrected", 20)
    return room.change(clip, "versions", {"take_words": True})


def take_back(room: Room, clip: Json) -> Json:
    return room.decided(clip, "withdrawn")


def reject(room: Room, clip: Json) -> Json:
    return room.decided(clip, "rejected")


def delete(room: Room, clip: Json) -> Json:
    room.send("DELETE", f"/api/clips/{clip['id']}", seen=clip["etag"])
    return clip


def merge_away(room: Room, clip: Json) -> Json:
    room.change(room.made(50, 70), "merge", {"other": clip["id"], "other_etag": clip["etag"]})
    return clip


EDITS: list[Callable[[Room, Json], Json]] = [trim, rename, split, merge, take_words]
ENDS = [*EDITS, take_back, reject, delete, merge_away]


def ways_out(room: Room, clip: Json, render: Json) -> dict[str, tuple[int, str]]:
    """Every way a file may leave, tried: how each was answered."""
    media = f"/media-files/{render['url'].rpartition('/')[2]}"
    asked = {
        "a new render": room.send("POST", f"/api/clips/{clip['id']}/renders", {}),
        "the same render again": room.send("POST", f"/api/renders/{render['id']}/retry"),
        "the file": room.client.get(media),
        "its size": room.client.head(media),
        "a part of the file": room.client.get(media, headers={"Range": "bytes=0-3"}),
        "the captions": room.client.get(render["captions_url"]),
        "everything": room.client.get(f"{PROJECT}/bundle"),
    }
    return {name: (a.status_code, a.json()["code"] if a.content and a.is_error else "") for name, a in asked.items()}


def approved(room: Room) -> tuple[Json, Json]:
    """A clip that was approved and rendered, and its render."""
    clip = room.decided(room.made(10, 40))
    room.render_all()
    clip = room.clip(clip)
    assert clip["render"]["state"] == "succeeded"
    return clip, clip["render"]


def test_what_is_approved_leaves_by_every_way(room: Room) -> None:
    clip, render = approved(room)

    out = ways_out(room, clip, render)

    # A render that succeeded is not made again.
    assert out.pop("the same render again") == (409, "wrong_state")
    assert {code for code, _ in out.values()} == {200, 202, 206}
    names = zipfile.ZipFile(io.BytesIO(room.client.get(f"{PROJECT}/bundle").content)).namelist()
    assert names == ["A clip.mp3", "A clip.srt"]


@pytest.mark.parametrize("end", ENDS)
def test_nothing_leaves_after_an_approval_ended(room: Room, end: Callable[[Room, Json], Json]) -> None:
    clip, render = approved(room)

    after = end(room, clip)

    for name, (status, code) in ways_out(room, clip, render).items():
        assert 400 <= status < 500, name
        assert code in ("not_approved", "no_longer_approved", "not_ready", "clip_not_found", "render_not_found", ""), (
            name,
            code,
        )
    shown = [c for c in room.clips() if c["id"] == after["id"]]
    assert all(c["render"] is None and c["status"] != "approved" for c in shown)
    listed = room.client.get(f"{PROJECT}/renders").json()["renders"]
    assert all(not r["approved"] and not r["url"] and not r["download_url"] and not r["captions_url"] for r in listed)
    assert not room.waiting()


@pytest.mark.parametrize("edit", EDITS)
def test_an_edited_clip_leaves_again_once_somebody_decides(room: Room, edit: Callable[[Room, Json], Json]) -> None:
    clip, old = approved(room)
    edited = edit(room, clip)

    again = room.decided(edited)
    room.render_all()

    render = room.clip(again)["render"]
    assert (render["id"] != old["id"], render["version"], render["state"]) == (True, 2, "succeeded")
    assert room.client.get(render["download_url"]).status_code == 200
    assert room.client.get(old["url"]).json()["code"] == "no_longer_approved"


@pytest.mark.parametrize("end", ENDS)
def test_a_render_that_has_not_begun_is_stopped_when_its_approval_ends(
    room: Room, end: Callable[[Room, Json], Json]
) -> None:
    clip = room.decided(room.made(10, 40))
    (task,) = room.waiting()

    end(room, clip)

    assert not room.waiting()
    room.app.worker.perform(task.id, task.attempt)
    assert state_of(room, task) == TaskState.CANCELLED


@pytest.mark.parametrize("end", ENDS)
def test_a_render_at_work_whose_approval_ends_stores_nothing(
    room: Room, end: Callable[[Room, Json], Json], monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = room.decided(room.made(10, 40))
    (task,) = room.waiting()
    steps = room.app.worker._steps
    render = next(step for kind, step in steps.items() if kind == task.kind)

    def meanwhile(bench: TaskContext[RenderInputs]) -> Outcome:
        made = render(bench)
        end(room, clip)
        return made

    monkeypatch.setitem(steps, next(k for k in steps if k == task.kind), meanwhile)
    room.app.worker.perform(task.id, task.attempt)

    assert state_of(room, task) == TaskState.CANCELLED
    with room.app.database.read() as session:
        assert session.scalars(select(Render.asset_id)).all() == [None]


def state_of(room: Room, task: Task) -> str:
    with room.app.database.read() as session:
        return session.get_one(Task, task.id).state


def test_a_deleted_clip_that_comes_back_is_rendered_after_all(room: Room) -> None:
    clip = room.decided(room.made(10, 40))
    gone = room.send("DELETE", f"/api/clips/{clip['id']}", seen=clip["etag"])
    assert not room.waiting()

    room.change({**clip, "etag": gone.headers["etag"]}, "restore", {})
    room.render_all()

    render = room.clip(clip)["render"]
    assert (render["state"], room.client.get(render["url"]).status_code) == ("succeeded", 200)


def test_a_deleted_clip_nobody_had_approved_comes_back_without_a_render(room: Room) -> None:
    clip = room.decided(room.made(10, 40), "rejected")
    gone = room.send("DELETE", f"/api/clips/{clip['id']}", seen=clip["etag"])

    room.change({**clip, "etag": gone.headers["etag"]}, "restore", {})

    assert not room.waiting()


def test_the_captions_of_a_render_are_the_words_that_were_approved(room: Room) -> None:
    clip = room.decided(room.made(10, 20))
    room.say("corrected", 15)

    room.render_all()
    first = room.client.get(room.clip(clip)["render"]["captions_url"]).text
    assert room.clip(clip)["words_changed"] is True
    taken = room.decided(room.change(room.clip(clip), "versions", {"take_words": True}))
    room.render_all()
    second = room.client.get(room.clip(clip)["render"]["captions_url"]).text

    assert "Word word" in first and "orrected" not in first
    assert "Corrected corrected" in second and "ord word" not in second
    assert taken["words_changed"] is False


def test_requests_for_a_render_that_race_an_edit_never_make_one_of_what_is_not_approved(room: Room) -> None:
    for _ in range(8):
        clip = room.decided(room.made(10, 40))
        room.render_all()
        together = threading.Barrier(4)

        def ask(_together: threading.Barrier = together, _clip: Json = clip) -> None:
            _together.wait()
            with contextlib.suppress(ClipperError):
                room.app.renders.request(_clip["id"], "audio")

        def edit(_together: threading.Barrier = together, _clip: Json = clip) -> None:
            _together.wait()
            trim(room, _clip)

        people = [threading.Thread(target=t) for t in (ask, ask, ask, edit)]
        for one in people:
            one.start()
        for one in people:
            one.join()

        assert not room.waiting(), "a render of the edited clip was left to be made"
        assert room.clip(clip)["render"] is None


def test_a_request_that_waited_for_an_edit_sees_the_edit(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a database whose writers run side by side, what was read before the lock is old."""
    clip, _ = approved(room)
    lock = lookups.lock_project
    edited = threading.Event()

    def late(session: Any, project_id: str) -> None:
        if not room.app.database.is_sqlite and not edited.is_set():
            edited.set()
            trim(room, clip)
        lock(session, project_id)

    monkeypatch.setattr(lookups, "lock_project", late)
    if room.app.database.is_sqlite:
        trim(room, clip)

    assert room.send("POST", f"/api/clips/{clip['id']}/renders", {"preset": "audio"}).json()["code"] == "not_approved"
    assert not room.waiting()


def test_a_worker_that_finishes_after_the_edit_is_told_its_claim_is_gone(room: Room) -> None:
    clip = room.decided(room.made(10, 40))
    (task,) = room.waiting()
    claim = room.app.tasks.claim(task.id, task.attempt)
    assert claim is not None

    trim(room, clip)

    with pytest.raises(LeaseLost):
        room.app.tasks.finish(claim, {}, lambda _session, _task: [])


def test_the_file_of_an_approval_is_asked_for_anew_each_time_since_it_may_be_taken_back(room: Room) -> None:
    _, render = approved(room)

    assert room.client.get(render["url"]).headers["cache-control"] == "private, no-cache"
    assert "immutable" in room.client.get("/media-files/ast_source").headers["cache-control"]


def test_the_page_of_exports_shows_nothing_of_an_edited_clip(room: Room) -> None:
    clip, _ = approved(room)
    assert [r.still_approved for r in room.app.renders.of_project("prj_1")] == [True]

    rename(room, clip)

    assert [r.still_approved for r in room.app.renders.of_project("prj_1")] == [False]
    with room.app.database.read() as session:
        assert session.get_one(Clip, clip["id"]).newest == 2


def test_a_clip_that_is_edited_while_the_bundle_is_sent_is_not_in_it(room: Room) -> None:
    clips = [room.decided(room.made(start_s, start_s + 20, f"At {start_s}")) for start_s in (10, 40)]
    room.render_all()
    renders = sorted(room.app.renders.of_project("prj_1"), key=lambda r: r.title)
    _, blocks = room.app.exports.bundle("prj_1", renders)

    sent = next(blocks)
    trim(room, clips[1])
    sent += b"".join(blocks)

    with zipfile.ZipFile(io.BytesIO(sent)) as archive:
        assert archive.testzip() is None
        assert [name.rpartition(".")[0] for name in archive.namelist()] == ["At 10", "At 10"]
