"""Renders: approved versions as files."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from clipper_core.db import lookups
from clipper_core.db.codecs import ranges_from_row
from clipper_core.db.models import Asset, Clip, ClipVersion, Project, Render, Task, now
from clipper_core.db.session import Database
from clipper_core.domain.clip import ClipStatus
from clipper_core.domain.ids import new_id
from clipper_core.domain.preset import PRESETS
from clipper_core.domain.task import TaskState
from clipper_core.domain.task_inputs import RenderInputs
from clipper_core.errors import BadSettings, ClipNotFound, NotApproved, RenderNotFound, WrongState
from clipper_core.pipeline import NewTask
from clipper_core.services.clips import Outline, outlines_of
from clipper_core.services.runs import Tasks


@dataclass(frozen=True, slots=True)
class RenderView:
    """A render: its clip and version, its progress, and its file once it is there."""

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

    # -- called by the review

    def decided(self, session: Session, clip: Clip, version: ClipVersion, status: ClipStatus) -> list[Task]:
        """Request the render of an approved version, and cancel the clip's other unfinished renders.

        Args:
            session: The review's transaction.
            clip: The clip that was decided on or edited.
            version: Its newest version.
            status: The version's status now.

        Returns:
            The tasks to ring for after the commit.
        """
        self._stop(session, clip, version.id if status is ClipStatus.APPROVED else None)
        if status is not ClipStatus.APPROVED:
            return []
        return [self._request_in(session, clip, version, version.preset)[1]]

    def ring(self, tasks: Sequence[Task]) -> None:
        """Ring for these tasks, after the commit."""
        self._tasks.ring(tasks)

    def _stop(self, session: Session, clip: Clip, approved_id: str | None) -> None:
        """Cancel the unfinished renders of a clip, except of the version that is approved."""
        unfinished = select(Task).join(Render, Render.task_id == Task.id).where(Render.clip_id == clip.id)
        unfinished = unfinished.where(Task.state.in_((TaskState.QUEUED, TaskState.RUNNING)))
        if approved_id is not None:
            unfinished = unfinished.where(Render.version_id != approved_id)
        held = session.scalars(unfinished.with_for_update(of=Task), execution_options={"populate_existing": True})
        self._tasks.cancel(session, held.all())

    # -- requested by a user

    def request(self, clip_id: str, preset: str | None = None) -> RenderView:
        """The render of a clip's newest version by a preset: the existing one, or a new one.

        Raises ClipNotFound, NotApproved, and BadSettings for a preset that does not exist.
        """
        with self._database.write() as session:
            project_id = session.scalar(select(Clip.project_id).where(Clip.id == clip_id))
            if project_id is None:
                raise ClipNotFound
            # Read again under the lock: the clip may have been edited meanwhile.
            lookups.lock_project(session, project_id)
            clip = session.get_one(Clip, clip_id)
            if clip.deleted_at is not None or _deleted(session, project_id):
                raise ClipNotFound
            view = outlines_of(session, [clip_id])[clip_id]
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
        track, ranges = project.preferences.get("track", 0), ranges_from_row(version.ranges)
        inputs = RenderInputs(project.source_id, track, version.id, ranges, preset, self._tool())
        task, _ = self._tasks.add(session, project.id, None, NewTask.of(inputs))
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
            views = render_views(session, [render])
            if not views:
                raise RenderNotFound
            return views[0]

    def of_project(self, project_id: str | None = None) -> list[RenderView]:
        """The renders of a project, or of all, the newest first."""
        query = select(Render).join(Project, Project.id == Render.project_id).where(Project.deleted_at.is_(None))
        if project_id is not None:
            query = query.where(Render.project_id == project_id)
        return self._views_of(query)

    def of_clips(self, clip_ids: Collection[str]) -> dict[str, RenderView]:
        """The newest render of each clip's approved version, by clip id; clips without one are left out."""
        out: dict[str, RenderView] = {}
        for view in self._views_of(select(Render).where(Render.clip_id.in_(clip_ids))):
            if view.still_approved:
                out.setdefault(view.clip_id, view)
        return out

    def _views_of(self, query: Select[Render]) -> list[RenderView]:
        with self._database.read() as session:
            return render_views(session, session.scalars(query.order_by(Render.created_at.desc(), Render.id)).all())

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
            lookups.lock_project(session, render.project_id)
            if again and not is_approved(session, [render]):
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


def render_views(session: Session, renders: Sequence[Render]) -> list[RenderView]:
    """The views of these renders, without those of deleted clips."""
    tasks = {t.id: t for t in session.scalars(select(Task).where(Task.id.in_([r.task_id for r in renders])))}
    clip_ids = {r.clip_id for r in renders}
    existing = select(Clip.id).where(Clip.id.in_(clip_ids), Clip.deleted_at.is_(None))
    clips = outlines_of(session, session.scalars(existing).all())
    version_ids = {r.version_id for r in renders}
    versions = {v.id: v for v in session.scalars(select(ClipVersion).where(ClipVersion.id.in_(version_ids)))}
    asset_ids = {r.asset_id for r in renders if r.asset_id}
    assets = {a.id: a for a in session.scalars(select(Asset).where(Asset.id.in_(asset_ids)))}
    return [
        _view(r, tasks[r.task_id], versions[r.version_id], clips[r.clip_id], assets.get(r.asset_id or ""))
        for r in renders
        if r.clip_id in clips
    ]


def is_approved(session: Session, renders: Sequence[Render]) -> bool:
    """True if any of these renders is of a version that is approved now."""
    return any(v.still_approved for v in render_views(session, renders))


def _deleted(session: Session, project_id: str) -> bool:
    return session.get_one(Project, project_id).deleted_at is not None


def _view(render: Render, task: Task, version: ClipVersion, clip: Outline, asset: Asset | None) -> RenderView:
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
