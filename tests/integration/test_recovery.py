"""Whatever is killed, whenever: the run finishes by itself, nothing is done twice, nothing is left running."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

import psutil
import pytest
from sqlalchemy import func, select, text

from clipper_core.adapters.media.ffmpeg import Ffmpeg, Input
from clipper_core.db.models import Asset, Clip, Render, SilenceMapRow, Task, TranscriptRow
from clipper_core.domain.clip import NewDecision, Verdict
from clipper_core.domain.task import Kind, TaskState
from clipper_core.domain.time_range import TimeRange
from tests.servers import Stack, some_captions, until

pytestmark = pytest.mark.servers

RUN_KINDS = [Kind.PROBE, Kind.MAP_SILENCE, Kind.PREVIEW, Kind.TRANSCRIBE, Kind.ALIGN, Kind.PROPOSE]
TRIES = 12  # quick steps may be over before they are seen


@pytest.fixture(scope="module")
def one_stretch(podcast: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As much of the conversation as is transcribed in one go, which takes seconds."""
    return cut_of(podcast, 20, tmp_path_factory.mktemp("short"))


def cut_of(recording: Path, seconds: int, folder: Path) -> Path:
    """The first seconds of a recording."""
    short = folder / recording.name
    if not short.exists():
        Ffmpeg().run([Input(recording)], ["-t", str(seconds), "-c", "copy", str(short)], work_ms=0)
    return short


def worker_of(stack: Stack, kind: Kind) -> psutil.Process | None:
    """The process at work on a task of this kind, once there is one."""
    with stack.app.database.read() as session:
        held = session.scalar(select(Task.worker).where(Task.kind == kind, Task.state == TaskState.RUNNING))
    if held is None:
        return None
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(int(held.split(":")[1]))
    return None


def kill_in_the_middle(stack: Stack, kind: Kind, seconds: float = 60) -> bool:
    """Wait for a task of this kind to run, then kill -9 its process and the worker above it; False if it was too quick.

    While the database is held, the task can't finish between the look and the kill.
    """
    end = time.monotonic() + seconds
    scratch = stack.settings.data / "scratch"
    while time.monotonic() < end:
        # A look at a folder is quicker than one at the database, and some steps are over in a moment.
        if not (scratch.is_dir() and any(scratch.iterdir())) or worker_of(stack, kind) is None:
            if over(stack, kind):
                return False
            continue
        with stack.app.database.write() as session:
            session.execute(text("select 1"))
            at_work = worker_of(stack, kind)
            if at_work is None:
                continue
            above = at_work.parent()
            for process in (above, at_work):
                if process is not None:
                    process.send_signal(signal.SIGKILL)
            return True
    raise AssertionError(f"no {kind} task within {seconds} s")


def over(stack: Stack, kind: Kind) -> bool:
    with stack.app.database.read() as session:
        states = session.scalars(select(Task.state).where(Task.kind == kind)).all()
    return bool(states) and all(TaskState(s).is_final for s in states)


def wait_for(stack: Stack, project_id: str) -> None:
    run = stack.finished(project_id)
    assert run.state is TaskState.SUCCEEDED, [(t.kind, t.error, t.error_detail) for t in run.tasks if t.error]


def check_nothing_twice(stack: Stack, project_id: str) -> None:
    with stack.app.database.read() as session:
        tasks = session.scalars(select(Task)).all()
        assets = session.scalars(select(Asset)).all()
        maps = session.scalar(
            select(func.count()).select_from(SilenceMapRow).where(SilenceMapRow.project_id == project_id)
        )
        words = session.scalar(
            select(func.count()).select_from(TranscriptRow).where(TranscriptRow.project_id == project_id)
        )
        clips = session.scalars(select(Clip).where(Clip.project_id == project_id)).all()
    files = {file.key for file in stack.storage.files()}
    assert maps == 1
    assert words == 1
    assert len({c.rank for c in clips}) == len(clips)
    assert len({t.input_key for t in tasks}) == len(tasks)
    assert files == {a.key for a in assets}
    assert not any((stack.settings.data / "scratch").iterdir())
    assert not ffmpegs(stack)


def ffmpegs(stack: Stack) -> list[int]:
    found = []
    for process in psutil.process_iter(["name", "cmdline"]):
        with contextlib.suppress(psutil.Error):
            line = " ".join(process.info["cmdline"] or ())
            if "ffmpeg" in line and str(stack.folder) in line:
                found.append(process.pid)
    return found


def recording_for(kind: Kind, podcast: Path, media: Path, folder: Path) -> tuple[Path, Path | None]:
    """A recording whose run has a task of this kind that takes a moment, and its captions."""
    if kind is Kind.PREVIEW:
        other = folder / "talk.mkv"
        if not other.exists():
            Ffmpeg().run([Input(media / "talk.mp4")], ["-c", "copy", "-f", "matroska", str(other)], work_ms=0)
        return other, some_captions(folder)
    if kind is Kind.TRANSCRIBE:
        return cut_of(podcast, 75, folder), None  # two stretches
    return podcast if kind in (Kind.PROBE, Kind.MAP_SILENCE) else media / "talk.mp4", some_captions(folder)


@pytest.mark.slow
@pytest.mark.parametrize("kind", RUN_KINDS)
def test_killing_a_worker_mid_task_loses_nothing(
    stack: Stack, kind: Kind, podcast: Path, media: Path, tmp_path: Path
) -> None:
    stack.worker()
    for _ in range(TRIES):
        recording, captions = recording_for(kind, podcast, media, tmp_path)
        project_id = stack.upload(recording, captions=captions)
        caught = kill_in_the_middle(stack, kind)
        if caught:
            break
        stack.finished(project_id)
        stack.app.projects.delete(project_id)
    assert caught, f"{kind} was always over before it could be seen"

    stack.worker()
    wait_for(stack, project_id)

    check_nothing_twice(stack, project_id)
    with stack.app.database.read() as session:
        hit = session.scalars(select(Task).where(Task.kind == kind, Task.interruptions > 0)).all()
    assert len(hit) == 1


@pytest.mark.slow
def test_a_render_survives_its_worker_exactly_once(stack: Stack, media: Path, tmp_path: Path) -> None:
    stack.worker()
    project_id = stack.upload(media / "talk.mp4", captions=some_captions(tmp_path))
    wait_for(stack, project_id)
    clip = stack.app.clips.create(project_id, (TimeRange(1_000, 40_000),))
    stack.app.clips.decide(clip.id, clip.revision, NewDecision(Verdict.APPROVED))
    assert kill_in_the_middle(stack, Kind.RENDER)

    stack.worker()
    render = until(
        lambda: next((r for r in stack.app.renders.of_project(project_id) if r.state.is_final), None), seconds=60
    )

    assert render.state is TaskState.SUCCEEDED
    with stack.app.database.read() as session:
        assert len(session.scalars(select(Render)).all()) == 1
        assert len(session.scalars(select(Asset).where(Asset.kind == "render")).all()) == 1
    check_nothing_twice(stack, project_id)


@pytest.mark.slow
def test_a_killed_child_is_noticed_and_retried(stack: Stack, one_stretch: Path) -> None:
    stack.worker()
    project_id = stack.upload(one_stretch)
    child = until(lambda: worker_of(stack, Kind.TRANSCRIBE), seconds=60)

    child.kill()
    wait_for(stack, project_id)

    check_nothing_twice(stack, project_id)


@pytest.mark.slow
def test_killing_a_worker_ends_its_child_and_ffmpeg(stack: Stack, one_stretch: Path) -> None:
    worker = stack.worker()
    project_id = stack.upload(one_stretch)
    child = until(lambda: worker_of(stack, Kind.TRANSCRIBE), seconds=60)

    worker.kill()

    until(
        lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE, seconds=5, saying="the child is gone"
    )
    stack.worker()
    wait_for(stack, project_id)
    check_nothing_twice(stack, project_id)


@pytest.mark.embedded("it loses everything that is in Redis")
@pytest.mark.slow
def test_a_queue_that_loses_everything_loses_no_work(stack: Stack, one_stretch: Path) -> None:
    first = stack.worker()
    project_id = stack.upload(one_stretch)
    until(lambda: worker_of(stack, Kind.TRANSCRIBE), seconds=60)

    stack.redis.kill_and_lose_everything()
    first.stop()
    stack.redis.start()
    stack.worker()

    wait_for(stack, project_id)
    check_nothing_twice(stack, project_id)


@pytest.mark.embedded("it loses everything that is in Redis")
@pytest.mark.slow
def test_a_recording_waits_for_the_queue_to_return(stack: Stack, media: Path, tmp_path: Path) -> None:
    stack.redis.kill_and_lose_everything()
    project_id = stack.upload(media / "talk.mp4", captions=some_captions(tmp_path))

    stack.redis.start()
    stack.worker()

    wait_for(stack, project_id)


def test_a_stopping_worker_gives_its_task_back(stack: Stack, one_stretch: Path) -> None:
    worker = stack.worker()
    stack.upload(one_stretch)
    until(lambda: worker_of(stack, Kind.TRANSCRIBE), seconds=60)

    os.kill(worker.pid, signal.SIGTERM)
    worker.popen.wait(5)

    with stack.app.database.read() as session:
        tasks = session.scalars(select(Task).where(Task.kind == Kind.TRANSCRIBE)).all()
    assert {t.state for t in tasks} <= {TaskState.QUEUED, TaskState.SUCCEEDED}
    assert not any(t.interruptions for t in tasks)


def test_a_cancelled_run_stops_soon_and_retries(stack: Stack, one_stretch: Path) -> None:
    stack.worker()
    project_id = stack.upload(one_stretch)
    child = until(lambda: worker_of(stack, Kind.TRANSCRIBE), seconds=60)
    run = stack.app.runs.of_project(project_id)

    cancelled = stack.app.runs.cancel(run.id)

    assert cancelled.state is TaskState.CANCELLED
    until(lambda: not child.is_running(), seconds=8, saying="the step stops")
    stack.app.runs.retry(run.id)
    wait_for(stack, project_id)
