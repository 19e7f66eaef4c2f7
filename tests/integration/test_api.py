"""The HTTP API against a real server process and a real worker."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.servers import Stack, some_captions, until

pytestmark = pytest.mark.servers

PROBLEM = "application/problem+json"


def ready(client: httpx.Client, project_id: str) -> dict:
    def over() -> dict | None:
        project = client.get(f"/api/projects/{project_id}").json()
        return project if project["state"] in ("succeeded", "failed", "cancelled") else None

    return until(over, seconds=120, every=0.2)


@pytest.fixture(name="client")
def the_client(shared_client: httpx.Client) -> httpx.Client:
    return shared_client


@pytest.fixture(scope="module")
def talk(
    shared_stack: Stack, shared_client: httpx.Client, media: Path, tmp_path_factory: pytest.TempPathFactory
) -> str:
    """A video that was processed; tests make their own clips on it."""
    project_id = shared_stack.upload(media / "talk.mp4", captions=some_captions(tmp_path_factory.mktemp("captions")))
    assert ready(shared_client, project_id)["state"] == "succeeded"
    return project_id


def test_the_sample_is_processed_when_it_is_enqueued(client: httpx.Client) -> None:
    until(lambda: client.get("/health").json()["workers"]["status"] == "ok", seconds=30, saying="the worker is known")

    answer = client.post("/jobs/enqueue", json={"project_id": "prj_test"})

    assert answer.status_code == 202
    job = answer.json()
    assert set(job) == {"id", "project_id", "state", "stage", "progress", "error"}
    assert job["project_id"] == "prj_test"
    again = client.post("/jobs/enqueue", json={"project_id": "prj_test"}).json()
    assert again["id"] == job["id"]
    project = ready(client, "prj_test")
    assert project["state"] == "succeeded"
    assert client.get(f"/api/runs/{job['id']}").json()["state"] == "succeeded"
    assert len(client.get("/api/projects/prj_test/clips").json()["clips"]) >= 2


def test_an_unknown_project_is_a_problem_with_a_code(client: httpx.Client) -> None:
    for answer in (
        client.post("/jobs/enqueue", json={"project_id": "prj_nobody"}),
        client.get("/api/projects/prj_nobody"),
        client.get("/api/projects/prj_nobody/clips"),
        client.get("/api/projects/prj_nobody/silence-map"),
        client.get("/api/projects/prj_nobody/transcript"),
        client.post("/api/projects/prj_nobody/clips", json={"start_s": 1, "end_s": 2}),
        client.delete("/api/projects/prj_nobody"),
    ):
        assert answer.status_code == 404
        assert answer.headers["content-type"] == PROBLEM
        assert answer.json()["code"] == "project_not_found"


@pytest.mark.embedded("it stops Redis")
def test_health_says_which_part_is_missing(stack: Stack) -> None:
    client = stack.api()

    without_workers = client.get("/health")
    stack.redis.kill_and_lose_everything()
    without_queue = client.get("/health")

    assert without_workers.status_code == 503
    assert without_workers.json()["workers"]["status"] == "failed"
    assert without_workers.json()["queue"]["status"] == "ok"
    assert without_queue.json()["queue"]["status"] == "failed"
    assert without_queue.json()["database"]["status"] == "ok"


def test_a_clip_goes_from_hand_to_file(client: httpx.Client, talk: str) -> None:
    project_id = talk
    project = client.get(f"/api/projects/{project_id}").json()
    assert project["player"]["kind"] == "video"

    made = client.post(f"/api/projects/{project_id}/clips", json={"start_s": 1.0, "end_s": 9.5, "title": "By hand"})
    assert made.status_code == 201
    clip, tag = made.json(), made.headers["etag"]
    assert [c["side"] for c in clip["cuts"]] == ["in", "out"]
    url = f"/api/clips/{clip['id']}"

    assert client.post(f"{url}/decisions", json={"decision": "approved"}).status_code == 428
    stale = client.post(f"{url}/decisions", json={"decision": "approved"}, headers={"If-Match": '"99"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    assert client.post(f"{url}/renders", json={}).json()["code"] == "not_approved"

    longer = client.post(
        f"{url}/versions", json={"ranges": [{"start_s": 1.0, "end_s": 10.0}]}, headers={"If-Match": tag}
    )
    assert (longer.status_code, longer.json()["version"]) == (201, 2)
    approved = client.post(
        f"{url}/decisions", json={"decision": "approved", "by": "Ana"}, headers={"If-Match": longer.headers["etag"]}
    )
    assert (approved.status_code, approved.json()["status"]) == (201, "approved")

    def rendered() -> dict | None:
        render = client.get(url).json()["render"]
        return render if render and render["state"] in ("succeeded", "failed") else None

    render = until(rendered, seconds=60, every=0.2)
    assert render["state"] == "succeeded"
    assert client.post(f"{url}/renders", json={}).json()["id"] == render["id"]
    file = client.get(render["download_url"])
    assert file.status_code == 200
    assert file.headers["content-disposition"].startswith("attachment;")
    assert len(file.content) == render["size"]
    part = client.get(render["url"], headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, file.content[10:20])
    bundle = client.get(f"/api/projects/{project_id}/bundle")
    assert bundle.content[:2] == b"PK"


def test_peaks_and_silences_cover_what_is_asked_for(client: httpx.Client, talk: str) -> None:
    project_id = talk

    found = client.get(f"/api/projects/{project_id}/silence-map").json()
    peaks = client.get(f"/api/projects/{project_id}/peaks", params={"from": 5, "to": 15, "points": 500}).json()

    assert found["duration_s"] == pytest.approx(42.4, abs=0.2)
    assert all(0 <= s["start_s"] < s["end_s"] <= found["duration_s"] for s in found["silences"])
    assert (peaks["from_s"], peaks["to_s"], len(peaks["low"])) == (5.0, 15.0, 500)
    assert all(-128 <= a <= b <= 127 for a, b in zip(peaks["low"], peaks["high"], strict=True))
    assert client.get(f"/api/projects/{project_id}/peaks", params={"from": 100}).json()["code"] == "bad_range"


def test_silences_are_tried_used_and_put_back(client: httpx.Client, talk: str) -> None:
    project_id = talk
    url = f"/api/projects/{project_id}/silence-map"
    clip = client.post(f"/api/projects/{project_id}/clips", json={"start_s": 1.0, "end_s": 9.5}).json()

    automatic = client.get(url)
    tried = client.get(url, params={"threshold_db": -40, "min_silence_ms": 500, "dead_air_ms": 900}).json()
    assert {k: tried[k] for k in ("revision", "adaptive", "offset_db", "min_silence_ms", "dead_air_ms")} == {
        "revision": automatic.json()["revision"],
        "adaptive": False,
        "offset_db": 0,
        "min_silence_ms": 500,
        "dead_air_ms": 900,
    }
    assert set(tried["loudness"]) == {"integrated_lufs", "range_lu", "momentary_lufs", "short_term_lufs"}
    assert all(round(s["end_s"] - s["start_s"], 3) >= 0.5 for s in tried["silences"])
    assert client.get(url).json() == automatic.json()

    seen = {"If-Match": automatic.headers["etag"]}
    used = client.put(url, json={"threshold_db": -40, "min_silence_ms": 500, "dead_air_ms": 900}, headers=seen)
    assert used.json()["silences"] == tried["silences"]
    assert client.get(url).json() == used.json()
    project = client.get(f"/api/projects/{project_id}").json()
    assert project["map_revision"] == used.json()["revision"] != automatic.json()["revision"]
    assert client.get(f"/api/clips/{clip['id']}").json()["cuts"] == clip["cuts"]
    stale = client.put(url, json={}, headers=seen)
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    assert client.put(url, json={}).json() == automatic.json()

    for wrong in ({"threshold_db": 4}, {"offset_db": 99}, {"min_silence_ms": 0}, {"threshold_db": -40, "offset_db": 1}):
        for refused in (client.get(url, params=wrong), client.put(url, json=wrong)):
            assert (refused.status_code, refused.json()["code"]) == (422, "bad_settings")
    assert client.put(url, json={"treshold_db": -40}).status_code == 422


def test_peaks_reach_from_whole_recording_to_samples(client: httpx.Client, talk: str) -> None:
    project_id = talk

    def peaks(**asked: float) -> dict:
        return client.get(f"/api/projects/{project_id}/peaks", params=asked).json()

    whole, close, closest = (
        peaks(points=100),
        peaks(**{"from": 5, "to": 5.5, "points": 1000}),
        peaks(**{"from": 5, "to": 5.01, "points": 4000}),
    )

    assert whole["resolution_ms"] > 400 and all(isinstance(v, int) for v in whole["low"])
    assert (close["points"], close["resolution_ms"]) == (1000, 0.5)
    assert (closest["points"], closest["resolution_ms"]) == (160, 0.0625)
    assert closest["low"] == closest["high"]
    assert max(close["high"][:20]) == max(closest["high"])


def test_a_deleted_recording_is_gone_until_it_is_restored(client: httpx.Client) -> None:
    assert client.delete("/api/projects/prj_test").status_code == 204
    assert client.get("/api/projects/prj_test").status_code == 404
    assert [p["id"] for p in client.get("/api/projects", params={"deleted": True}).json()["projects"]] == ["prj_test"]
    assert client.patch("/api/projects/prj_test", json={"deleted": False}).status_code == 200
    assert client.get("/api/projects/prj_test").json()["title"].startswith("Sample")


def test_another_sites_page_can_change_nothing(client: httpx.Client, shared_stack: Stack) -> None:
    foreign = client.delete("/api/projects/prj_test", headers={"Origin": "http://evil.example"})
    own = client.delete("/api/projects/prj_test", headers={"Origin": shared_stack.url})
    client.patch("/api/projects/prj_test", json={"deleted": False})

    assert (foreign.status_code, own.status_code) == (403, 204)


def test_the_documentation_loads_nothing_from_elsewhere(client: httpx.Client) -> None:
    page = client.get("/docs")

    assert page.status_code == 200
    assert "http://" not in page.text
    assert "https://" not in page.text
    assert client.get("/docs/static/swagger-ui-bundle.js").status_code == 200
    assert "/jobs/enqueue" in client.get("/openapi.json").json()["paths"]


def test_captions_given_later_make_the_words_exact(client: httpx.Client, shared_stack: Stack, media: Path) -> None:
    project_id = shared_stack.upload(media / "jfk.flac")
    ready(client, project_id)
    srt = (
        "1\n00:00:00,000 --> 00:00:11,000\nAnd so, my fellow Americans, ask not what your country can do for you, "
        "ask what you can do for your country.\n"
    )

    refused = client.put(f"/api/projects/{project_id}/captions", content=b"\x00\x01 no captions")
    given = client.put(f"/api/projects/{project_id}/captions", content=srt.encode())

    assert refused.json()["code"] == "bad_captions"
    assert given.status_code == 200
    ready(client, project_id)
    words = client.get(f"/api/projects/{project_id}/transcript").json()
    assert (words["engine"], words["draft"], words["language"]) == ("captions", False, "en")
    country = next(w for w in words["words"] if w["text"] == "country")
    # Where he says it, by ear, to a tenth of a second; the caption alone says "somewhere in eleven seconds".
    assert country["start_s"] == pytest.approx(5.9, abs=0.35)
