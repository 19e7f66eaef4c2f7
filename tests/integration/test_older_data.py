"""A data folder that an older build left: every answer is as it was, and all that waited is done to its end."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from clipper_core.app import App, build_app
from clipper_core.db.models import Asset, Project, Task, Upload
from clipper_core.domain.ids import SAMPLE_PROJECT
from clipper_core.domain.task import Kind, TaskState
from clipper_core.settings import Settings
from tests.older.answers import all_answers, answer_of, client_of

ROOT = Path(__file__).parents[2]
OLDER = ROOT / "tests" / "older" / "d66c028"
TUS = {"Tus-Resumable": "1.0.0"}

Json = dict[str, Any]


@dataclass(frozen=True)
class House:
    """The present build on the older data folder."""

    app: App
    client: TestClient

    def get(self, path: str) -> Any:
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def change(self, clip: Json, verb: str, body: Json) -> Json:
        """Change a clip as a desk that has just read it."""
        headers = {"If-Match": self.get(f"/api/clips/{clip['id']}")["etag"]}
        answer = self.client.post(f"/api/clips/{clip['id']}/{verb}", json=body, headers=headers)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def clip(self, title: str) -> Json:
        clips = self.get(f"/api/projects/{SAMPLE_PROJECT}/clips")["clips"]
        return dict(next(c for c in clips if c["title"] == title))

    def tasks(self, *states: TaskState, title: str | None = None) -> list[Task]:
        query = select(Task).join(Project, Project.id == Task.project_id).where(Task.state.in_(states))
        if title is not None:
            query = query.where(Project.title == title)
        with self.app.database.read() as session:
            return list(session.scalars(query.order_by(Task.created_at, Task.id)))

    def work(self, title: str | None = None) -> None:
        """Do what a worker does until nothing waits: take back lost tasks, perform queued ones.

        With a ``title``, only those of this recording.
        """
        self.app.tasks.reconcile()
        while waiting := self.tasks(TaskState.QUEUED, title=title):
            for task in waiting:
                self.app.worker.perform(task.id, task.attempt)

    def project(self, title: str) -> Json:
        return dict(next(p for p in self.get("/api/projects")["projects"] if p["title"] == title))


@pytest.fixture(scope="module")
def kept() -> Json:
    return dict(json.loads((OLDER / "answers.json").read_text()))


@pytest.fixture(scope="module")
def older_data(kept: Json, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder, with the recordings that its archive leaves out. Tests change copies of it."""
    folder = tmp_path_factory.mktemp("older") / "data"
    with tarfile.open(OLDER / "data.tar.xz") as archive:
        # Debian 12's Python has no filters yet; the archive is our own.
        archive.extractall(folder, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    for name, original in kept["left_out"].items():
        shutil.copyfile(ROOT / original, folder / name)
    for path in folder.rglob("speech.flac"):
        samples = ["-f", "s16le", path.with_suffix("")]
        subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", path, *samples], check=True)
        path.unlink()
    return folder


@contextlib.contextmanager
def open_copy(older_data: Path, folder: Path) -> Iterator[House]:
    shutil.copytree(older_data, folder / "data")
    no_queue = f"unix://{folder}/no-queue.sock?db=0"
    app = build_app(Settings(data_dir=folder / "data", redis_url=no_queue, _env_file=None))
    app.migrate()
    yield House(app, client_of(app))
    app.database.close()


@pytest.fixture
def house(older_data: Path, tmp_path: Path) -> Iterator[House]:
    with open_copy(older_data, tmp_path) as house:
        yield house


@pytest.fixture(scope="module")
def worked_off(older_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[list[Task], House]]:
    """The tasks that waited or were interrupted, and the folder after a worker had all the time it needs."""
    with open_copy(older_data, tmp_path_factory.mktemp("worked_off")) as house:
        waited = house.tasks(TaskState.QUEUED, TaskState.RUNNING)
        house.work()
        yield waited, house


def test_every_answer_is_the_older_builds(house: House, kept: Json) -> None:
    answers = all_answers(house.app, house.client)

    assert set(answers) == set(kept["answers"])
    assert {path: answers[path] for path in answers if answers[path] != kept["answers"][path]} == {}


def test_waiting_tasks_of_every_kind_end_well(worked_off: tuple[list[Task], House]) -> None:
    waited, house = worked_off
    assert {t.kind for t in waited} == set(Kind), "the folder has a task of every kind that waits"

    succeeded = {t.id for t in house.tasks(TaskState.SUCCEEDED)}
    assert [t.kind for t in waited if t.id not in succeeded] == []
    assert house.tasks(TaskState.QUEUED, TaskState.RUNNING) == []
    states = {p["title"]: p["state"] for p in house.get("/api/projects")["projects"]}
    assert {states[f"Waits: {kind}"] for kind in Kind if kind is not Kind.RENDER} == {"succeeded"}
    assert (states["Failed"], states["Cancelled"]) == ("failed", "cancelled")


def test_an_interrupted_task_is_done_by_a_second_attempt(worked_off: tuple[list[Task], House]) -> None:
    waited, house = worked_off
    (interrupted,) = (t for t in waited if t.state == TaskState.RUNNING)

    done = next(t for t in house.tasks(TaskState.SUCCEEDED) if t.id == interrupted.id)

    assert (done.kind, done.attempt, done.interruptions) == (Kind.RENDER, 2, 1)
    assert not any((house.app.settings.data / "scratch").iterdir())


def test_stopped_recordings_get_words_and_a_preview(worked_off: tuple[list[Task], House]) -> None:
    _, house = worked_off

    for kind in (Kind.PROBE, Kind.MAP_SILENCE, Kind.TRANSCRIBE, Kind.ALIGN, Kind.PROPOSE):
        words = house.get(f"/api/projects/{house.project(f'Waits: {kind}')['id']}/transcript")["words"]
        assert len(words) >= 7, kind
    preview = house.project(f"Waits: {Kind.PREVIEW}")["player"]
    assert preview is not None
    assert house.client.get(preview["url"]).status_code == 200


def test_approved_clips_are_rendered_from_older_rows(worked_off: tuple[list[Task], House]) -> None:
    waited, house = worked_off
    assert sum(t.kind == Kind.RENDER for t in waited) == 2

    for title in ("Waits to be rendered", "Its worker died"):
        render = house.clip(title)["render"]
        assert render["state"] == "succeeded"
        assert render["measured"] is not None
        file = house.client.get(render["url"])
        assert (file.status_code, len(file.content)) == (200, render["size"])
        assert house.client.get(render["captions_url"]).status_code == 200


def test_older_decisions_are_undone_and_new_ones_made(house: House) -> None:
    rejected = house.clip("Rejected")
    assert (rejected["decision"]["decision"], rejected["decision"]["reason"]) == ("rejected", "no_context")

    undone = house.change(rejected, "decisions", {"decision": "withdrawn", "by": "Cleo"})
    approved = house.change(rejected, "decisions", {"decision": "approved", "by": "Cleo"})

    assert (undone["status"], approved["status"]) == ("proposed", "approved")
    record = [(d["decision"], d["by"]) for d in approved["decisions"]]
    assert record == [("rejected", "Ana"), ("withdrawn", "Cleo"), ("approved", "Cleo")]
    assert approved["render"]["state"] == "queued"


def test_an_edit_of_an_older_approval_stops_its_render(house: House) -> None:
    clip = house.clip("Waits to be rendered")

    edited = house.change(clip, "versions", {"start_s": 11.6, "end_s": 14.4, "by": "Cleo"})

    assert edited["version"] == clip["version"] + 1
    assert edited["status"] != "approved"
    carried = house.change(clip, "decisions", {"decision": "approved", "carry": True, "by": "Cleo"})
    assert carried["status"] == "approved"
    assert house.get(f"/api/renders/{clip['render']['id']}")["state"] == "cancelled"


def test_an_older_note_is_answered_and_reopened(house: House) -> None:
    (note,) = (n for n in house.clip("To be changed")["notes"] if n["resolved_by"])
    assert [reply["text"] for reply in note["replies"]] == ["No, as he reads."]

    house.client.post(f"/api/notes/{note['id']}/reopen", json={"by": "Cleo"})
    answer = house.client.post(f"/api/notes/{note['id']}/replies", json={"text": "Still too fast.", "by": "Cleo"})

    assert answer.status_code == 201
    (note,) = (n for n in answer.json()["notes"] if n["id"] == note["id"])
    assert note["resolved_by"] is None
    assert [r["text"] for r in note["replies"]] == ["No, as he reads.", "Still too fast."]


def test_half_an_upload_goes_on(house: House) -> None:
    with house.app.database.read() as session:
        upload = session.scalars(select(Upload).where(Upload.project_id.is_(None))).one()
    path = f"/uploads/{upload.id}"
    offset = int(house.client.head(path, headers=TUS).headers["Upload-Offset"])
    assert 0 < offset < upload.size

    rest = _whole_of(house, upload)[offset:]
    headers = {**TUS, "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
    answer = house.client.patch(path, content=rest, headers=headers)

    assert answer.status_code == 204, answer_of(answer)
    house.work("Half an upload")
    assert house.project("Half an upload")["state"] == "succeeded"


def _whole_of(house: House, upload: Upload) -> bytes:
    """The file of which half was sent: other recordings were made of the same one."""
    whole = select(Asset).where(Asset.kind == "source", Asset.size == upload.size).limit(1)
    with house.app.database.read() as session:
        key = session.scalars(whole).one().key
    return (house.app.settings.data / "files" / key).read_bytes()
