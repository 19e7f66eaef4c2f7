"""Two people at one recording: what was accepted is in the record once and in order; what was refused left no trace."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import func, select, update

from clipper_core.db.models import Clip, ClipVersion, Decision, now
from clipper_core.domain.time_range import TimeRange
from tests.budget import budget
from tests.unit.review_room import Room, open_room

pytestmark = pytest.mark.slow

Json = dict[str, Any]
INTERLEAVINGS = budget(normal=20, long=100)
STEPS = 8


@pytest.fixture(scope="module")
def room() -> Iterator[Room]:
    with open_room() as room:
        yield room


@dataclass
class Accepted:
    """A change of one clip: what the record has to say of it, and the revision it made."""

    clip_id: str
    revision: int
    by: str
    what: tuple[Any, ...]


@dataclass
class Writer:
    """Somebody with a desk open: they know the clips as they last saw them, and now and then look again."""

    name: str
    room: Room
    ids: list[str]
    dice: random.Random
    seen: dict[str, Json] = field(default_factory=dict)
    accepted: list[Accepted] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)

    def act(self) -> None:
        if not self.seen or self.dice.random() < 0.3:
            self.seen = {c["id"]: c for c in self.room.clips() if c["id"] in self.ids}
        if not self.seen:
            return
        clip = self.seen[self.dice.choice(sorted(self.seen))]
        getattr(self, self.dice.choice(["trim", "decide", "decide", "split", "merge", "delete"]))(clip)

    def trim(self, clip: Json) -> None:
        start = clip["start_s"] + self.dice.randint(-5, 5) / 10
        body = {"start_s": max(0, start), "end_s": clip["end_s"], "title": self._word(), "by": self.name}
        answer = self._send(clip, "versions", body)
        if answer is not None:
            self._took(answer, ("version", body["title"]))

    def decide(self, clip: Json) -> None:
        body = {"decision": self.dice.choice(["approved", "rejected", "changes_requested", "withdrawn"])}
        body |= {"note": self._word(), "by": self.name}
        answer = self._send(clip, "decisions", body)
        if answer is not None:
            self._took(answer, ("decision", body["decision"], body["note"]))

    def split(self, clip: Json) -> None:
        answer = self._send(clip, "split", {"at_s": (clip["start_s"] + clip["end_s"]) / 2, "by": self.name})
        if answer is not None:
            self._took(answer["clips"][0], ("version", clip["title"]))

    def merge(self, clip: Json) -> None:
        other = self.seen[self.dice.choice(sorted(self.seen))]
        if other["id"] == clip["id"]:
            return
        body = {"other": other["id"], "other_etag": other["etag"], "by": self.name}
        answer = self._send(clip, "merge", body)
        if answer is not None:
            self._took(answer["clip"], ("version", clip["title"]))
            self.accepted.append(Accepted(other["id"], revision(answer["removed_etag"]), self.name, ("gone",)))
            del self.seen[other["id"]]

    def delete(self, clip: Json) -> None:
        answer = self.room.send("DELETE", f"/api/clips/{clip['id']}?by={self.name}", seen=clip["etag"])
        if answer.status_code == 204:
            self.accepted.append(Accepted(clip["id"], revision(answer.headers["etag"]), self.name, ("gone",)))
            back = self._send({**clip, "etag": answer.headers["etag"]}, "restore", {"by": self.name})
            if back is not None:
                self._took(back, ("back",))
        else:
            self._refused(answer.status_code, answer.json()["code"])

    def _send(self, clip: Json, verb: str, body: Json) -> Json | None:
        key = f"{self.name}-{self.dice.random()}"
        answer = self.room.send("POST", f"/api/clips/{clip['id']}/{verb}", body, seen=clip["etag"], key=key)
        if self.dice.random() < 0.2:
            # The answer was lost on the way. Asked again, it is the clip as it is by then, which may be the other one's
            # doing: what came of this change is only in the first.
            again = self.room.send("POST", f"/api/clips/{clip['id']}/{verb}", body, seen=clip["etag"], key=key)
            assert answer.status_code == 201 or again.status_code != 201, "what was refused is refused again"
        if answer.status_code == 201:
            return dict(answer.json())
        self._refused(answer.status_code, answer.json()["code"])
        return None

    def _refused(self, status: int, code: str) -> None:
        assert (status, code) in (
            (412, "stale"),
            (409, "nothing_to_undo"),
            (404, "clip_not_found"),
            (409, "wrong_state"),
            (422, "bad_range"),
        )
        self.refused.append(status)

    def _took(self, clip: Json, what: tuple[Any, ...]) -> None:
        self.accepted.append(Accepted(clip["id"], revision(clip["etag"]), self.name, what))
        self.seen[clip["id"]] = clip

    def _word(self) -> str:
        return f"{self.name} {self.dice.getrandbits(40)}"


def revision(etag: str) -> int:
    return int(etag.strip('"'))


def two_writers(room: Room, seed: int) -> list[Writer]:
    spans = [TimeRange(start, start + 20_000) for start in (10_000, 40_000)]
    ids = [room.app.clips.create("prj_1", [span], title="A clip").id for span in spans]
    return [Writer(name, room, ids, random.Random(f"{name}{seed}")) for name in ("Ana", "Ben")]


def check_the_record(room: Room, writers: list[Writer]) -> None:
    """The rows of these clips say exactly what was accepted, in the order of the revisions."""
    ids = writers[0].ids
    accepted = sorted((a for w in writers for a in w.accepted), key=lambda a: (a.clip_id, a.revision))
    with room.app.database.read() as session:
        clips = {c.id: c for c in session.scalars(select(Clip).where(Clip.id.in_(ids)))}
        versions = session.scalars(select(ClipVersion).where(ClipVersion.clip_id.in_(ids))).all()
        decisions = session.scalars(select(Decision).where(Decision.clip_id.in_(ids))).all()
    for clip_id in ids:
        mine = [a for a in accepted if a.clip_id == clip_id]
        assert [a.revision for a in mine] == list(range(2, 2 + len(mine))), "each change made one revision"
        assert clips[clip_id].revision == 1 + len(mine), "nothing else changed the clip"
        kept = sorted((v for v in versions if v.clip_id == clip_id), key=lambda v: v.number)[1:]
        edits = [a for a in mine if a.what[0] == "version"]
        assert [(v.number, v.title, v.created_by) for v in kept] == [
            (number, a.what[1], a.by) for number, a in enumerate(edits, 2)
        ]
        said = sorted((d for d in decisions if d.clip_id == clip_id), key=lambda d: d.number)
        assert [(d.number, d.verdict, d.note, d.decided_by) for d in said] == [
            (a.revision, a.what[1], a.what[2], a.by) for a in mine if a.what[0] == "decision"
        ]
        gone = [a.what[0] for a in mine if a.what[0] in ("gone", "back")]
        assert (clips[clip_id].deleted_at is not None) is (gone[-1:] == ["gone"])


def everything(room: Room) -> list[Any]:
    """All clips, versions and decisions."""
    found: list[Any] = []
    with room.app.database.read() as session:
        found += session.execute(select(Clip.id, Clip.revision, Clip.newest, Clip.deleted_at).order_by(Clip.id)).all()
        found += [session.scalar(select(func.count()).select_from(table)) for table in (ClipVersion, Decision)]
    return found


def clear(room: Room) -> None:
    """Put all clips away, so that the next two writers have a short list."""
    with room.app.database.write() as session:
        session.execute(update(Clip).values(deleted_at=now()))


@pytest.mark.long
def test_no_interleaving_of_two_writers_loses_anything(room: Room) -> None:
    accepted, refused = 0, 0
    for seed in range(INTERLEAVINGS):
        turns = random.Random(seed)
        writers = two_writers(room, seed)
        for _ in range(STEPS):
            before = everything(room)
            writer = turns.choice(writers)
            done = len(writer.accepted)
            writer.act()
            if len(writer.accepted) == done:
                assert everything(room) == before, "what was refused changed nothing"
        check_the_record(room, writers)
        clear(room)
        accepted += sum(len(w.accepted) for w in writers)
        refused += sum(len(w.refused) for w in writers)
    # Else they never met.
    assert accepted > INTERLEAVINGS and refused > INTERLEAVINGS


def test_two_concurrent_writers_lose_nothing(room: Room) -> None:
    for seed in range(6):
        writers = two_writers(room, 1_000 + seed)
        together = threading.Barrier(2)
        failed: list[BaseException] = []

        def write(writer: Writer, together: threading.Barrier = together, failed: list[BaseException] = failed) -> None:
            try:
                together.wait()
                for _ in range(STEPS):
                    writer.act()
            except BaseException as error:
                failed.append(error)

        people = [threading.Thread(target=write, args=(w,)) for w in writers]
        for one in people:
            one.start()
        for one in people:
            one.join()
        assert not failed
        check_the_record(room, writers)
        clear(room)
