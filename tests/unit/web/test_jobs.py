"""Jobs are enqueued once, and health and metrics answer without a queue."""

from __future__ import annotations

from tests.unit.review_room import open_room


def test_an_active_run_is_answered_again() -> None:
    with open_room() as room:
        first, again = (room.send("POST", "/jobs/enqueue", {"project_id": "prj_1"}) for _ in range(2))
        run = room.client.get(f"/api/runs/{first.json()['id']}").json()
        cancelled = room.send("POST", f"/api/runs/{run['id']}/cancel")

    assert (first.status_code, first.json()) == (202, again.json())
    assert {k: run[k] for k in first.json()} == first.json()
    assert (cancelled.status_code, cancelled.json()["state"]) == (202, "cancelled")


def test_an_unknown_run_is_a_problem_with_a_code() -> None:
    with open_room() as room:
        answer = room.client.get("/api/runs/run_9")

    assert (answer.status_code, answer.json()["code"]) == (404, "run_not_found")


def test_health_and_metrics_answer_without_a_queue() -> None:
    with open_room() as room:
        health, metrics = room.client.get("/health"), room.client.get("/metrics")

    assert (health.status_code, health.headers["cache-control"]) == (503, "no-store")
    assert (health.json()["status"] != "ok", health.json()["database"]["status"]) == (True, "ok")
    assert metrics.status_code == 200
    assert metrics.headers["content-type"].startswith("text/plain; version=0.0.4")
