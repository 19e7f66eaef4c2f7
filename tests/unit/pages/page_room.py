"""Recordings, clips and renders as rows, and readers of a drawn page, for the tests of pages."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from sqlalchemy import select
from streamlit.testing.v1 import AppTest

from clipper_core.adapters.queue import WorkerInfo
from clipper_core.app import App
from clipper_core.db.codecs import media_to_row
from clipper_core.db.models import Asset, Project, Render, Run, SilenceMapRow, Task, now
from clipper_core.domain.clip import ClipStatus, NewDecision, Proposal, Verdict
from clipper_core.domain.envelope import Envelope
from clipper_core.domain.ids import new_id
from clipper_core.domain.media import AudioTrack, MediaInfo
from clipper_core.domain.silence import FINDER
from clipper_core.domain.task import Kind, TaskState
from clipper_core.domain.time_range import TimeRange
from clipper_core.errors import QueueUnavailable
from clipper_core.pipeline import NewTask, RunSettings
from clipper_core.services.clips.idempotency import Sender
from clipper_core.services.clips.proposals import RunProposals, add_proposals

ROOT = Path(__file__).parents[3]
SHARED = ROOT.parent / "shared"
LENGTH_MS = 600_000
HOSTILE = ":red[x] $\\LaTeX$ :material/delete: <img src=x onerror=alert(1)> [a](javascript:alert(1)) **b**"


class FakeQueue:
    """A queue with one worker, that can be out of order."""

    def __init__(self) -> None:
        self.broken = False
        self.hands = [WorkerInfo("w", ("fast", "speech"), True, datetime.now(UTC))]

    def depths(self) -> dict[str, int]:
        self.check()
        return {"fast": 0, "speech": 3, "render": 1}

    def workers(self) -> list[WorkerInfo]:
        self.check()
        return self.hands

    def check(self) -> None:
        if self.broken:
            raise QueueUnavailable(detail="connection refused")


def recording(app: App, title: str, *, mapped: bool = True, finder: int = FINDER, **states: TaskState) -> str:
    """A recording whose run has a task of each named kind in the named state."""
    with app.database.write() as session:
        project = Project(id=new_id("prj"), show_id="shw_default", title=title, filename=f"{title}.mp3", preferences={})
        project.media = media_to_row(MediaInfo(LENGTH_MS, "mp3", (AudioTrack(0, "mp3", 48_000, 1),)))
        session.add(project)
        session.flush()
        run = Run(
            id=new_id("run"), project_id=project.id, settings=RunSettings("none", "offline").to_json(), warnings=[]
        )
        session.add(run)
        session.flush()
        for name, state in (states or {"probe": TaskState.SUCCEEDED}).items():
            task, _ = app.tasks.add(session, project.id, run.id, NewTask(Kind(name), {"of": project.id}))
            _put(task, state)
        project_id = project.id
    if mapped:
        _map(app, project_id, finder)
    return project_id


def _put(task: Task, state: TaskState) -> None:
    task.state = state.value
    task.progress = 0.4 if state is TaskState.RUNNING else 0.0
    if state is not TaskState.QUEUED:
        task.started_at = now()
    if state.is_final:
        task.finished_at = now()
    if state is TaskState.FAILED:
        task.error_code, task.error, task.error_detail = (
            "media_tool_failed",
            "FFmpeg could not work.",
            "moov atom missing",
        )


def _map(app: App, project_id: str, finder: int) -> None:
    frames = LENGTH_MS // 10
    level = (-2_000 + 600 * np.sin(np.arange(frames) / 4)).astype(np.int16)
    level[1_000:1_100] = -6_000
    peaks = np.zeros(frames, np.int8)
    file = app.settings.data / f"{project_id}.npz"
    file.write_bytes(Envelope(level, peaks, peaks, LENGTH_MS, 48_000, 1).to_bytes())
    with app.database.write() as session:
        asset = Asset(id=new_id("ast"), project_id=project_id, kind="map", key=f"{project_id}/map", mime="x/y", size=1)
        app.exports._storage.put(file, asset.key)
        session.add(asset)
        session.flush()
        silences = {"v": 1, "silences": [[10_000, 11_000, -60.0]]}
        settings = {"threshold_db": None, "min_silence_ms": 100, "finder": finder}
        row = SilenceMapRow(
            id=new_id("map"),
            project_id=project_id,
            asset_id=asset.id,
            duration_ms=LENGTH_MS,
            threshold_db=-45.0,
            settings=settings,
            silences=silences,
        )
        session.add(row)
        session.flush()
        session.get_one(Project, project_id).map_id = row.id


def with_clips(app: App, project_id: str, *statuses: ClipStatus) -> None:
    spans = [TimeRange(20_000 + i * 60_000, 50_000 + i * 60_000) for i in range(len(statuses))]
    with app.database.write() as session:
        run = session.scalars(select(Run).where(Run.project_id == project_id)).one()
        project = session.get_one(Project, project_id)
        proposals = [Proposal(s, 1.0, f"Clip {i}", ("one topic",)) for i, s in enumerate(spans)]
        assert project.map_id
        add_proposals(session, project, RunProposals(run.id, proposals, project.map_id, None))
    for clip, status in zip(app.clips.of_project(project_id), statuses, strict=True):
        if status is not ClipStatus.PROPOSED:
            app.clips.decide(clip.id, clip.revision, NewDecision(Verdict(status.value)), Sender("Ana"))


def finish_renders(app: App, project_id: str, state: TaskState = TaskState.SUCCEEDED) -> None:
    with app.database.write() as session:
        for render in session.scalars(select(Render).where(Render.project_id == project_id)):
            _put(session.get_one(Task, render.task_id), state)
            if state is TaskState.SUCCEEDED:
                file = Asset(
                    id=new_id("ast"),
                    project_id=project_id,
                    kind="render",
                    key=render.id,
                    mime="audio/mp4",
                    size=2_345_678,
                )
                session.add(file)
                session.flush()
                render.asset_id = file.id
                render.measured = {"duration_s": 30.02, "first_level_db": -58.1, "last_level_db": -49.3}


def html(test: AppTest) -> str:
    return "\n".join(str(block.proto.body) for block in test.get("html"))


def labels(test: AppTest) -> list[str]:
    return [button.label for button in test.button]
