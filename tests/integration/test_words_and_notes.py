"""Corrections and notes by the HTTP API, on the sample with its real words."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.servers import until

pytestmark = pytest.mark.servers

PROJECT = "/api/projects/prj_test"


@pytest.fixture(scope="module")
def client(shared_client: httpx.Client) -> httpx.Client:
    processed(shared_client)
    return shared_client


def processed(client: httpx.Client) -> None:
    run = client.post("/jobs/enqueue", json={"project_id": "prj_test"}).json()["id"]
    until(lambda: client.get(f"/api/runs/{run}").json()["state"] == "succeeded", seconds=120, every=0.2)


def words(client: httpx.Client) -> tuple[dict[str, Any], str]:
    answer = client.get(f"{PROJECT}/transcript")
    return answer.json(), answer.headers["ETag"]


def test_a_correction_updates_words_and_their_clips(client: httpx.Client) -> None:
    before, seen = words(client)
    clip = client.get(f"{PROJECT}/clips").json()["clips"][0]
    index = next(i for i, w in enumerate(before["words"]) if w["start_s"] >= clip["start_s"] + 0.5)
    was = before["words"][index]["text"]
    edit = {"edits": [{"index": index, "was": was, "text": "<b>Zoë</b>"}], "by": "Ben"}

    blind = client.post(f"{PROJECT}/transcript/words", json=edit)
    made = client.post(f"{PROJECT}/transcript/words", json=edit, headers={"If-Match": seen, "Idempotency-Key": "k"})
    again = client.post(f"{PROJECT}/transcript/words", json=edit, headers={"If-Match": seen, "Idempotency-Key": "k"})
    late = client.post(f"{PROJECT}/transcript/words", json=edit, headers={"If-Match": seen})

    assert (blind.status_code, late.status_code) == (428, 412)
    assert late.json()["detail"].startswith("Ben corrected the words while you had them open.")
    assert (made.status_code, again.json()) == (201, made.json())
    after, now = words(client)
    assert now == made.headers["ETag"] == f'"{made.json()["revision"]}"' != seen
    assert client.get(PROJECT).json()["transcript_revision"] == after["revision"] == made.json()["revision"]
    assert after["words"][index] == {**before["words"][index], "text": "<b>Zoë</b>"}
    assert after["edited_by"] == "Ben"
    assert [w for i, w in enumerate(after["words"]) if i != index] == [
        w for i, w in enumerate(before["words"]) if i != index
    ]
    assert after["sentences"] == before["sentences"]
    renewed = client.get(f"/api/clips/{clip['id']}").json()
    assert (renewed["version"], renewed["title"], renewed["changed_by"]) == (2, clip["title"], "Ben")
    assert made.json()["clips"] >= 1


def test_a_replacement_can_be_undone(client: httpx.Client) -> None:
    before, seen = words(client)
    many = sum(w["text"].strip(",.;:") == "thy" for w in before["words"])
    assert many

    made = client.post(
        f"{PROJECT}/transcript/replace", json={"find": "thy", "replace": "your very own"}, headers={"If-Match": seen}
    )
    back = client.post(
        f"{PROJECT}/transcript/restore",
        json={"revision": before["revision"], "by": "Ben"},
        headers={"If-Match": made.headers["ETag"]},
    )

    assert made.json()["changed"] == many
    assert back.status_code == 201
    after, _ = words(client)
    assert (after["words"], after["sentences"]) == (before["words"], before["sentences"])
    nothing = client.post(
        f"{PROJECT}/transcript/replace", json={"find": "", "replace": "x"}, headers={"If-Match": back.headers["ETag"]}
    )
    assert (nothing.status_code, nothing.json()["code"]) == (422, "bad_word")


def test_another_run_keeps_corrections(client: httpx.Client) -> None:
    before, seen = words(client)
    edit = {"edits": [{"index": 0, "was": before["words"][0]["text"], "text": "Corrected"}]}
    made = client.post(f"{PROJECT}/transcript/words", json=edit, headers={"If-Match": seen}).json()

    processed(client)

    assert client.get(PROJECT).json()["transcript_revision"] == made["revision"]


def test_notes_are_written_answered_and_resolved(client: httpx.Client) -> None:
    clip = client.get(f"{PROJECT}/clips").json()["clips"][0]
    url = f"/api/clips/{clip['id']}"

    added = client.post(f"{url}/notes", json={"at_s": clip["start_s"] + 1.25, "text": "Louder", "by": "Ana"})
    note = added.json()["notes"][0]
    client.post(f"/api/notes/{note['id']}/replies", json={"text": "Done", "by": "Ben"})
    resolved = client.post(f"/api/notes/{note['id']}/resolve", json={"by": "Ben"})

    assert (added.status_code, added.json()["clip_id"], note["at_s"]) == (201, clip["id"], clip["start_s"] + 1.25)
    shown = client.get(url).json()
    assert shown["notes"] == resolved.json()["notes"]
    assert shown["etag"] == clip["etag"]
    assert [r["text"] for r in shown["notes"][0]["replies"]] == ["Done"]
    assert shown["notes"][0]["resolved_by"] == "Ben"
    opened = client.post(f"/api/notes/{note['id']}/reopen").json()["notes"][0]
    assert opened["resolved_at"] is None
    assert client.post("/api/notes/not_here/resolve", json={}).json()["code"] == "note_not_found"
