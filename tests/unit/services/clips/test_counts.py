"""The word that tells desks to look again changes with everything they show, and the list they then read is cheap."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from clipper_core.db.models import Clip, ClipVersion, Decision, Note, Project, now
from clipper_core.domain.clip import Proposal
from clipper_core.domain.time_range import TimeRange
from clipper_core.services.clips.proposals import RunProposals, add_proposals
from tests.unit.review_room import Room, open_room

Json = dict[str, Any]


@pytest.fixture(scope="module")
def room() -> Iterator[Room]:
    with open_room() as room:
        yield room


def propose(room: Room, *starts_s: int) -> None:
    proposals = [Proposal(TimeRange(s * 1000, s * 1000 + 5_000), 1.0, "P", ()) for s in starts_s]
    with room.app.database.write() as session:
        add_proposals(session, session.get_one(Project, "prj_1"), RunProposals("run_1", proposals, "map_1", "trs_1"))


def note(room: Room, clip: Json) -> None:
    with room.app.database.write() as session:
        session.add(Note(id=f"not_{clip['id'][4:]}", clip_id=clip["id"], text="?", made_by="Ana"))


def resolve(room: Room, clip: Json) -> None:
    note(room, clip)
    before = room.stamp()
    with room.app.database.write() as session:
        session.get_one(Note, f"not_{clip['id'][4:]}").resolved_at = now()
    assert room.stamp() != before


def delete(room: Room, clip: Json) -> str:
    return room.send("DELETE", f"/api/clips/{clip['id']}", seen=clip["etag"]).headers["etag"]


def delete_one_and_restore_another(room: Room, clip: Json) -> None:
    """With the same number of clips and the same sum of revisions before and after."""
    other = room.made(200, 220)
    gone = delete(room, other)
    before = room.stamp()
    for _ in range(2):
        clip = room.decided(clip)
    delete(room, clip)
    room.change({**other, "etag": gone}, "restore", {})
    assert room.stamp() != before


def render(room: Room, clip: Json) -> None:
    room.decided(clip)
    before = room.stamp()
    room.render_all()
    assert room.stamp() != before


CHANGES: dict[str, Callable[[Room, Json], Any]] = {
    "a trim": lambda room, clip: room.change(clip, "versions", {"start_s": 11, "end_s": 39}),
    "a decision": lambda room, clip: room.decided(clip),
    "a split": lambda room, clip: room.change(clip, "split", {"at_s": 25}),
    "a new clip": lambda room, clip: room.made(50, 60),
    "a deletion": delete,
    "a deletion and what undoes it": lambda room, clip: room.change(
        {**clip, "etag": delete(room, clip)}, "restore", {}
    ),
    "one gone and another back": delete_one_and_restore_another,
    "a note": note,
    "an answered note": resolve,
    "other words": lambda room, clip: room.say("other"),
    "proposals": lambda room, clip: propose(room, 300, 310),
    "proposals in another order": lambda room, clip: propose(room, 310, 300),
    "fewer proposals": lambda room, clip: propose(room, 310),
    "a render that is done": render,
}


@pytest.mark.parametrize("name", list(CHANGES))
def test_the_fingerprint_changes_with_anything_the_desk_shows(room: Room, name: str) -> None:
    clip = room.made(10, 40)
    before, shown = room.stamp(), room.clips()
    assert room.stamp() == before

    CHANGES[name](room, clip)

    assert room.stamp() != before
    assert shown != room.clips() or "note" in name


def test_long_lists_take_no_more_statements() -> None:
    with open_room() as room:
        few, short = statements_for_the_list(room, clips=2)
    with open_room() as room:
        long, much = statements_for_the_list(room, clips=30)

    assert (len(short), len(much)) == (2, 30)
    assert all(len(c["decisions"]) == 12 for c in much)
    assert few == long


def statements_for_the_list(room: Room, *, clips: int) -> tuple[int, list[Json]]:
    """How many statements a reading of all clips takes, and the clips."""
    many(room, clips=clips, versions=6, decisions=12)
    room.clips()  # what is kept in memory from then on is kept
    asked: list[str] = []

    def count(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        asked.append(statement)

    event.listen(Engine, "before_cursor_execute", count)
    try:
        found = room.clips()
    finally:
        event.remove(Engine, "before_cursor_execute", count)
    return len(asked), found


def many(room: Room, *, clips: int, versions: int, decisions: int) -> None:
    with room.app.database.read() as session:
        cuts = room.made(10, 40)["cuts"]
        room.send("DELETE", f"/api/clips/{room.clips()[0]['id']}", seen='"1"')
    with room.app.database.write() as session:
        for c in range(clips):
            clip = Clip(id=f"clp_{c}", project_id="prj_1", origin="manual", reasons=["a"], alternatives=[[0, 1]] * 4)
            clip.newest, clip.revision = versions, versions + decisions
            session.add(clip)
            session.flush()
            for n in range(1, versions + 1):
                version = ClipVersion(id=f"ver_{c}_{n}", clip_id=clip.id, number=n, title="T", cuts=cuts, created_by="")
                version.ranges, version.preset = [[10_000 + c * 1_000, 40_000 + c * 1_000]], "original"
                version.transcript_id = "trs_1"
                session.add(version)
            session.flush()
            for n in range(1, decisions + 1):
                decision = Decision(id=f"dec_{c}_{n}", clip_id=clip.id, version_id=f"ver_{c}_{1 + n % versions}")
                decision.number, decision.verdict, decision.decided_by, decision.note = n, "approved", "Ana", "why"
                session.add(decision)
            session.flush()
    room.say("changed", 30)
