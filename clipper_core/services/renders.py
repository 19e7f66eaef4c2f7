"""Renders: approved versions as files."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from clipper_core.db.models import Asset, Clip, ClipVersion, Project, Render, Task, now
from clipper_core.db.session import Database
from clipper_core.domain.clip import ClipStatus
from clipper_core.domain.ids import new_id
from clipper_core.domain.preset import PRESETS
from clipper_core.domain.task import Kind, TaskState
from clipper_core.errors import BadSettings, ClipNotFound, NotApproved, RenderNotFound, WrongState
from clipper_core.pipeline import NewTask
from clipper_core.services.clip_rows import ClipView, clip_views
from clipper_core.services.tasks import Tasks, lock_project


@dataclass(frozen=True, slots=True)
class RenderView:
    """A render: which clip and version, how far, and the file once it is there."""

    id: str
    project_id: str
    clip_id: str
    version: int
    title: str
    preset: str
    length_ms: int
    state: TaskState
    progress: float
    error_code: str | None
    error: str | None
    error_detail: str | None
    asset_id: str | None
    captions_id: str | None
    size: int | None
    mime: str | None
    filename: str | None
    measured: dict[str, Any] | None
    created_at: datetime
    finished_at: datetime | None
    seconds: float | None
    still_approved: bool


class Renders:
    """Asks for renders, and reports on them. Approving a version asks for its render by itself."""

    def __init__(self, database: Database, tasks: Tasks, ffmpeg_version: Callable[[], str]) -> None:
        self._database = database
        self._tasks = tasks
        self._tool = ffmpeg_version
        self._waiting = threading.local()  # what to ring for once the caller's transaction has committed

    # -- told by the review

    def decided(self, session: Session, clip: Clip, version: ClipVersion, status: ClipStatus) -> None:
        """An approval asks for the file at once; taking it back stops what has not been rendered yet."""
        self._waiting.tasks = []
        if status is ClipStatus.APPROVED:
            _, task = self._request_in(session, clip, version, version.preset)
            self._waiting.tasks.append(task)
            return
        unfinished = select(Task).join(Render, Render.task_id == Task.id).where(Render.version_id == version.id)
        held = session.scalars(unfinished.with_for_update(of=Task), execution_options={"populate_existing": True})
        self._tasks.cancel(session, held.all())

    def after_commit(self) -> None:
        self._tasks.ring(getattr(self._waiting, "tasks", []))
        self._waiting.tasks = []

    # -- asked for by name

    def request(self, clip_id: str, preset: str | None = None) -> RenderView:
        """A render of the newest version of a clip, the one there is or a new one.

        Raises ClipNotFound, NotApproved, BadSettings for a preset that does not exist.
        """
        with self._database.write() as session:
            clip = session.get(Clip, clip_id)
            if clip is None or clip.deleted_at is not None or _deleted(session, clip.project_id):
                raise ClipNotFound
            lock_project(session, clip.project_id)
            view = clip_views(session, [clip])[0]
            if view.status is not ClipStatus.APPROVED:
                raise NotApproved
            render, task = self._request_in(
                session, clip, session.get_one(ClipVersion, view.version_id), preset or view.preset
            )
            render_id = render.id
        self._tasks.ring([task])
        return self.get(render_id)

    def _request_in(self, session: Session, clip: Clip, version: ClipVersion, preset: str) -> tuple[Render, Task]:
        if preset not in PRESETS:
            raise BadSettings(f"There is no preset of this name. Choose one of: {', '.join(PRESETS)}.")
        project = session.get_one(Project, clip.project_id)
        inputs = {
            "source": project.source_id,
            "track": project.wishes.get("track", 0),
            "version": version.id,
            "ranges": version.ranges,
            "preset": preset,
            "tool": self._tool(),
        }
        task, _ = self._tasks.add(session, project.id, None, NewTask(Kind.RENDER, inputs))
        render = session.scalar(select(Render).where(Render.task_id == task.id))
        if render is None:
            render = Render(
                id=new_id("rnd"),
                project_id=project.id,
                clip_id=clip.id,
                version_id=version.id,
                preset=preset,
                task_id=task.id,
            )
            session.add(render)
            session.flush()
        return render, task

    # -- looking and steering

    def get(self, render_id: str) -> RenderView:
        """Raises RenderNotFound."""
        with self._database.read() as session:
            render = session.get(Render, render_id)
            if render is None or _deleted(session, render.project_id):
                raise RenderNotFound
            views = self._views(session, [render])
            if not views:
                raise RenderNotFound
            return views[0]

    def of_project(self, project_id: str | None = None) -> list[RenderView]:
        """The renders of a project, or of all, the newest first."""
        query = select(Render).join(Project, Project.id == Render.project_id).where(Project.deleted_at.is_(None))
        if project_id is not None:
            query = query.where(Render.project_id == project_id)
        with self._database.read() as session:
            return self._views(session, list(session.scalars(query.order_by(Render.created_at.desc(), Render.id))))

    def newest_by_clip(self, project_id: str) -> dict[str, RenderView]:
        """The newest render of each clip's version that has one."""
        out: dict[str, RenderView] = {}
        for view in self.of_project(project_id):
            out.setdefault(view.clip_id, view)
        return out

    def retry(self, render_id: str) -> RenderView:
        """Raises RenderNotFound, WrongState."""
        return self._steer(render_id, again=True)

    def cancel(self, render_id: str) -> RenderView:
        """Raises RenderNotFound, WrongState."""
        return self._steer(render_id, again=False)

    def _steer(self, render_id: str, *, again: bool) -> RenderView:
        with self._database.write() as session:
            render = session.get(Render, render_id)
            if render is None or _deleted(session, render.project_id):
                raise RenderNotFound
            lock_project(session, render.project_id)
            if again and not any(v.still_approved for v in self._views(session, [render])):
                raise NotApproved
            task = session.get_one(Task, render.task_id, with_for_update=True)
            if TaskState(task.state).is_final != again or task.state == TaskState.SUCCEEDED:
                raise WrongState
            if again:
                self._tasks.retry(session, [task])
            else:
                self._tasks.cancel(session, [task])
        self._tasks.ring([task])
        return self.get(render_id)

    @staticmethod
    def _views(session: Session, renders: list[Render]) -> list[RenderView]:
        tasks = {t.id: t for t in session.scalars(select(Task).where(Task.id.in_([r.task_id for r in renders])))}
        clip_ids = {r.clip_id for r in renders}
        rows = session.scalars(select(Clip).where(Clip.id.in_(clip_ids))).all()
        gone = {c.id for c in rows if c.deleted_at is not None}
        clips = {c.id: c for c in clip_views(session, rows)}
        version_ids = {r.version_id for r in renders}
        versions = {v.id: v for v in session.scalars(select(ClipVersion).where(ClipVersion.id.in_(version_ids)))}
        asset_ids = {r.asset_id for r in renders if r.asset_id}
        assets = {a.id: a for a in session.scalars(select(Asset).where(Asset.id.in_(asset_ids)))}
        return [
            _view(r, tasks[r.task_id], versions[r.version_id], clips[r.clip_id], assets.get(r.asset_id or ""))
            for r in renders
            if r.clip_id not in gone
        ]


def _deleted(session: Session, project_id: str) -> bool:
    return session.get_one(Project, project_id).deleted_at is not None


def _view(render: Render, task: Task, version: ClipVersion, clip: ClipView, asset: Asset | None) -> RenderView:
    began, ended = task.started_at, task.finished_at
    return RenderView(
        id=render.id,
        project_id=render.project_id,
        clip_id=render.clip_id,
        version=version.number,
        title=version.title,
        preset=render.preset,
        length_ms=sum(b - a for a, b in version.ranges),
        state=TaskState(task.state),
        progress=task.progress,
        error_code=task.error_code,
        error=task.error,
        error_detail=task.error_detail,
        asset_id=render.asset_id,
        captions_id=render.captions_id,
        size=asset.size if asset else None,
        mime=asset.mime if asset else None,
        filename=asset.filename if asset else None,
        measured=render.measured,
        created_at=render.created_at,
        finished_at=ended,
        seconds=((ended or now()) - began).total_seconds() if began else None,
        still_approved=clip.status is ClipStatus.APPROVED and clip.version_id == version.id,
    )
