"""The routes of notes: every change answers with all notes of its clip."""

from __future__ import annotations

from tests.unit.review_room import Room


def test_a_change_of_a_note_answers_with_all_notes(room: Room) -> None:
    clip = room.made(10, 40)
    url = f"/api/clips/{clip['id']}/notes"
    room.send("POST", url, {"at_s": 20, "text": "Here", "by": "Ana"})

    whole = room.send("POST", url, {"text": "All of it"}).json()
    note = whole["notes"][1]
    resolved = room.send("POST", f"/api/notes/{note['id']}/resolve", {"by": "Ben"}).json()
    opened = room.send("POST", f"/api/notes/{note['id']}/reopen").json()

    assert whole["clip_id"] == clip["id"]
    assert [(n["at_s"], n["text"]) for n in whole["notes"]] == [(None, "All of it"), (20.0, "Here")]
    assert [n["resolved_by"] for n in resolved["notes"]] == [None, "Ben"]
    assert [n["resolved_by"] for n in opened["notes"]] == [None, None]


def test_a_note_sent_twice_is_written_once(room: Room) -> None:
    clip = room.made(10, 40)

    first, again = (room.send("POST", f"/api/clips/{clip['id']}/notes", {"text": "Once"}, key="note") for _ in range(2))

    assert (first.status_code, first.json()) == (201, again.json())
    assert len(again.json()["notes"]) == 1


def test_an_unknown_note_is_a_problem_with_a_code(room: Room) -> None:
    answer = room.send("POST", "/api/notes/not_9/replies", {"text": "Yes"})

    assert (answer.status_code, answer.json()["code"]) == (404, "note_not_found")
