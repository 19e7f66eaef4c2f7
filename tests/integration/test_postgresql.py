"""The same product on PostgreSQL: nothing changes but a URL."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import inspect, select

from clipper_core.db.models import Decision, Task
from clipper_core.domain.clip import Verdict
from clipper_core.domain.task import Kind, TaskState
from clipper_core.domain.time_range import TimeRange
from clipper_core.errors import Stale
from tests.servers import ROOT, Postgres, Redis, Stack, postgres_folder, running_stack, until

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    programs = postgres_folder()
    if programs is None:
        pytest.skip("no PostgreSQL is installed here")
    with tempfile.TemporaryDirectory(prefix="cp-") as folder:
        server = Postgres(Path(folder), programs)
        server.start()
        try:
            yield server
        finally:
            server.stop()


@pytest.fixture
def stack(tmp_path: Path, redis_server: Redis, postgres: Postgres) -> Iterator[Stack]:
    with running_stack(tmp_path, redis_server, postgres.url) as running:
        yield running


def test_several_processes_that_start_together_migrate_once(postgres: Postgres, tmp_path: Path) -> None:
    environment = {"DATABASE_URL": postgres.url, "CLIPPER_DATA_DIR": str(tmp_path), "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-m", "clipper_core", "migrate"]

    together = [subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE) for _ in range(4)]
    complaints = [process.communicate(timeout=60)[1] for process in together]

    assert [process.returncode for process in together] == [0] * 4, complaints


def test_a_recording_goes_from_upload_to_file(stack: Stack, media: Path, sonnet: Path) -> None:
    assert not stack.app.database.is_sqlite
    assert "tasks" in inspect(stack.app.database.engine).get_table_names()
    stack.worker("fast,speech")
    stack.worker("fast,render,speech")

    project_id = stack.upload(
        sonnet, captions_path=str(_copy(sonnet.with_suffix(".srt"), stack.folder)), min_s=6, max_s=18
    )
    run = stack.finished(project_id)
    assert run.state is TaskState.SUCCEEDED, run.failure
    clips = stack.app.clips.of_project(project_id)
    assert len(clips) >= 2
    stack.app.clips.decide(clips[0].id, clips[0].revision, Verdict.APPROVED, by="Ana")

    render = until(
        lambda: next((r for r in stack.app.renders.of_project(project_id) if r.state.is_final), None), seconds=60
    )
    assert render.state is TaskState.SUCCEEDED, render.error_detail
    assert [p.id for p in stack.app.projects.find(search="sonnet")]


def test_stretches_that_finish_at_once_are_aligned_once(stack: Stack, podcast: Path) -> None:
    for _ in range(3):
        stack.worker("speech,fast")
    project_id = stack.upload(podcast)

    run = stack.finished(project_id)

    assert run.state is TaskState.SUCCEEDED, run.failure
    with stack.app.database.read() as session:
        query = select(Task).where(Task.project_id == project_id, Task.kind == Kind.ALIGN)
        assert len(session.scalars(query).all()) == 1


def test_of_many_who_decide_on_one_revision_one_is_kept(stack: Stack, media: Path) -> None:
    stack.worker()
    project_id = stack.upload(media / "talk.mp4")
    stack.finished(project_id)
    clip = stack.app.clips.create(project_id, (TimeRange(1_000, 9_000),))
    together = threading.Barrier(6)
    refused: list[Stale] = []

    def decide(number: int) -> None:
        together.wait()
        try:
            stack.app.clips.decide(clip.id, clip.revision, Verdict.APPROVED, by=str(number))
        except Stale as error:
            refused.append(error)

    people = [threading.Thread(target=decide, args=(n,)) for n in range(6)]
    for person in people:
        person.start()
    for person in people:
        person.join()

    assert len(refused) == 5
    with stack.app.database.read() as session:
        assert len(session.scalars(select(Decision).where(Decision.clip_id == clip.id)).all()) == 1


def _copy(path: Path, folder: Path) -> Path:
    target = folder / path.name
    target.write_bytes(path.read_bytes())
    return target
