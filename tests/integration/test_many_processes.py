"""Two web processes, the API alone and three workers, as on six computers that share nothing but the services."""

from __future__ import annotations

import base64
import contextlib
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from sqlalchemy import func, select

from clipper_core.db.models import Asset, Render, Task
from clipper_core.domain.task import Kind, TaskState
from tests.servers import Stack, running_stack, until
from tests.services import only_on_services, services

pytestmark = [only_on_services, pytest.mark.servers, pytest.mark.slow]


@dataclass
class House:
    """Clients of the three that answer, and the Stack all processes belong to."""

    stack: Stack
    one: httpx.Client
    other: httpx.Client
    api: httpx.Client

    @property
    def all(self) -> tuple[httpx.Client, ...]:
        return self.one, self.other, self.api


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    with contextlib.ExitStack() as held:
        redis = held.enter_context(services().redis_corner())
        url = held.enter_context(services().database(empty=True))
        stack = held.enter_context(running_stack(folder, redis, database_url=url, **services().store()))

        def computer(name: str) -> dict[str, str]:
            return {"CLIPPER_DATA_DIR": str(folder / name)}

        for number in range(3):
            stack.worker(**computer(f"worker{number}"))
        yield House(stack, stack.web(**computer("one")), stack.web(**computer("other")), stack.api(**computer("api")))


def sent(client: httpx.Client, path: Path) -> str:
    """A recording uploaded as the browser does it; its project."""
    name = base64.b64encode(path.name.encode()).decode()
    rules = {"Tus-Resumable": "1.0.0"}
    length = {"Upload-Length": str(path.stat().st_size), "Upload-Metadata": f"filename {name}"}
    made = client.post("/uploads", headers={**rules, **length})
    piece = {"Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}
    answer = client.patch(made.headers["location"], content=path.read_bytes(), headers={**rules, **piece})
    return answer.headers["clipper-project-id"]


def processed(client: httpx.Client, project_id: str) -> dict[str, Any]:
    def over() -> dict[str, Any] | None:
        project = client.get(f"/api/projects/{project_id}").json()
        return project if project["state"] in ("succeeded", "failed", "cancelled") else None

    project = until(over, seconds=120, every=0.2, saying="the recording is processed")
    assert project["state"] == "succeeded", project
    return project


def approved(client: httpx.Client, project_id: str, start_s: float, end_s: float) -> str:
    """A clip made and approved; its address."""
    made = client.post(f"/api/projects/{project_id}/clips", json={"start_s": start_s, "end_s": end_s})
    url = f"/api/clips/{made.json()['id']}"
    decision = {"decision": "approved", "by": "Ana"}
    answer = client.post(f"{url}/decisions", json=decision, headers={"If-Match": made.headers["etag"]})
    assert answer.status_code == 201, answer.text
    return url


def rendered(client: httpx.Client, clip_url: str) -> dict[str, Any]:
    def over() -> dict[str, Any] | None:
        render = client.get(clip_url).json()["render"]
        return render if render and render["state"] in ("succeeded", "failed") else None

    render = until(over, seconds=120, every=0.2, saying="the clip is rendered")
    assert render["state"] == "succeeded", render
    return render


def test_all_answer_that_all_is_well(house: House) -> None:
    for client in house.all:
        report = until(lambda client=client: healthy(client), saying="all three workers are known")
        assert report["workers"]["count"] == 3


def healthy(client: httpx.Client) -> dict[str, Any] | None:
    report = client.get("/health").json()
    return report if report["status"] == "ok" and report["workers"]["count"] == 3 else None


def test_every_process_serves_a_recording_sent_to_one(house: House, media: Path) -> None:
    recording = media / "talk.mp4"
    project_id = sent(house.one, recording)

    project = processed(house.other, project_id)
    assert project_id in [p["id"] for p in house.api.get("/api/projects").json()["projects"]]
    for client in house.all:
        source = client.get(project["player"]["url"], headers={"Range": "bytes=1000-99999"})
        assert (source.status_code, len(source.content)) == (206, 99_000)

    clip_url = approved(house.other, project_id, 1.0, 9.5)
    assert house.api.get(clip_url).json()["decision"]["by"] == "Ana"
    render = rendered(house.api, clip_url)
    files = {client.get(render["download_url"]).content for client in house.all}
    assert [len(file) for file in files] == [render["size"]]


def test_a_decision_taken_at_one_is_stale_at_the_other(house: House, media: Path) -> None:
    project_id = sent(house.other, media / "jfk.flac")
    processed(house.one, project_id)
    made = house.one.post(f"/api/projects/{project_id}/clips", json={"start_s": 0.5, "end_s": 8})
    url = f"/api/clips/{made.json()['id']}/decisions"

    answers = [
        client.post(url, json={"decision": "approved", "by": "Ana"}, headers={"If-Match": made.headers["etag"]})
        for client in house.all
    ]

    assert [answer.status_code for answer in answers] == [201, 412, 412]


def test_another_worker_finishes_a_killed_workers_render(house: House, media: Path) -> None:
    project_id = sent(house.one, media / "talk.mp4")
    processed(house.one, project_id)
    clip_url = approved(house.one, project_id, 1.0, 40.0)

    killed = until(
        lambda: kill_the_renderer(house.stack, project_id), seconds=60, every=0.01, saying="a worker renders"
    )

    render = rendered(house.other, clip_url)
    assert len(house.other.get(render["download_url"]).content) == render["size"]
    with house.stack.app.database.read() as session:
        task = session.scalars(select(Task).where(Task.project_id == project_id, Task.kind == Kind.RENDER)).one()
        assert task.interruptions == 1
        assert f":{killed}:" not in str(task.worker)
        count = select(func.count()).select_from(Render).where(Render.project_id == project_id)
        assert session.scalar(count) == 1
        keys = set(session.scalars(select(Asset.key).where(Asset.project_id == project_id)))
    assert {file.key for file in house.stack.storage.files(f"projects/{project_id}/")} == keys


def kill_the_renderer(stack: Stack, project_id: str) -> int | None:
    """End at once the process that renders and the worker above it; which it was."""
    with stack.app.database.read() as session:
        query = select(Task.worker).where(
            Task.project_id == project_id, Task.kind == Kind.RENDER, Task.state == TaskState.RUNNING
        )
        held = session.scalar(query)
    if held is None:
        return None
    at_work = psutil.Process(int(held.split(":")[1]))
    for process in (at_work.parent(), at_work):
        if process is not None:
            process.send_signal(signal.SIGKILL)
    return at_work.pid
