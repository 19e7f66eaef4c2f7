"""Projects: found, renamed, deleted and restored."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from clipper_core.db import lookups
from clipper_core.db.models import Asset, Project, Task, now
from clipper_core.db.session import Database
from clipper_core.domain.task import TaskState
from clipper_core.errors import BadSettings, ProjectNotFound
from clipper_core.services.clips import count_clips
from clipper_core.services.projects.shows import existing_show
from clipper_core.services.projects.views import ProjectView, project_view
from clipper_core.services.runs import Runs, Tasks


@dataclass(frozen=True, slots=True)
class ProjectPage:
    """Some of the projects that match a search, and how many match in all."""

    projects: list[ProjectView]
    total: int


class Projects:
    """Finds, changes, deletes and restores projects."""

    def __init__(self, database: Database, runs: Runs, tasks: Tasks) -> None:
        self._database = database
        self._runs = runs
        self._tasks = tasks

    def announce(self, project_id: str) -> None:
        """Ring for the tasks of a project that wait to be done."""
        with self._database.read() as session:
            waiting = select(Task).where(Task.project_id == project_id, Task.state == TaskState.QUEUED)
            tasks = session.scalars(waiting).all()
        self._tasks.ring(tasks)

    # -- looking

    def get(self, project_id: str) -> ProjectView:
        """Raises ProjectNotFound."""
        with self._database.read() as session:
            return self._views(session, [lookups.project(session, project_id)])[0]

    def find(self, *, show_id: str | None = None, search: str = "", deleted: bool = False) -> list[ProjectView]:
        """The projects, newest first.

        Args:
            show_id: Only projects of this show.
            search: Only projects whose title or file name holds each of these words, in any case, accents or not.
            deleted: The deleted projects instead of the others.
        """
        return self.page(show_id=show_id, search=search, deleted=deleted).projects

    def page(
        self,
        *,
        show_id: str | None = None,
        search: str = "",
        deleted: bool = False,
        first: int = 0,
        max_projects: int | None = None,
    ) -> ProjectPage:
        """One page of the projects that ``find`` would return.

        Args:
            show_id: Only projects of this show.
            search: Only projects whose title or file name holds each of these words, in any case, accents or not.
            deleted: The deleted projects instead of the others.
            first: How many to skip.
            max_projects: How many to return at most; None for all.
        """
        query = select(Project).order_by(Project.created_at.desc(), Project.id)
        query = query.where(Project.deleted_at.is_not(None) if deleted else Project.deleted_at.is_(None))
        if show_id:
            query = query.where(Project.show_id == show_id)
        words = [_folded(w) for w in search.split()]
        with self._database.read() as session:
            rows = [
                p for p in session.scalars(query).all() if all(w in _folded(f"{p.title} {p.filename}") for w in words)
            ]
            end = len(rows) if max_projects is None else first + max_projects
            return ProjectPage(self._views(session, rows[first:end]), len(rows))

    def _views(self, session: Session, projects: Sequence[Project]) -> list[ProjectView]:
        ids = [p.id for p in projects]
        runs = self._runs.newest_of(session, ids)
        counts = count_clips(session, ids)
        shown = {i for p in projects for i in (p.source_id, p.preview_id) if i}
        assets = {a.id: a for a in session.scalars(select(Asset).where(Asset.id.in_(shown)))}
        return [project_view(p, runs.get(p.id), counts.get(p.id), assets) for p in projects]

    # -- changing

    def change(self, project_id: str, *, title: str | None = None, show_id: str | None = None) -> ProjectView:
        """Rename a project, or move it to another show.

        Args:
            project_id: The recording.
            title: The new title, made one line of at most 300 characters; None to keep it.
            show_id: The new show, or empty for the default one; None to keep it.

        Raises:
            ProjectNotFound: There is none, or it is deleted.
            ShowNotFound: There is no such show.
            BadSettings: The title is empty.
        """
        with self._database.write() as session:
            project = lookups.project(session, project_id, lock=True)
            if title is not None:
                cleaned = clean_title(title)
                if not cleaned:
                    raise BadSettings("A recording needs a title. Type one, then save.")
                project.title = cleaned
            if show_id is not None:
                project.show_id = existing_show(session, show_id).id
            project.revision += 1
        return self.get(project_id)

    def delete(self, project_id: str) -> None:
        """Delete a project so that it can be restored, and cancel its work. Raises ProjectNotFound."""
        with self._database.write() as session:
            project = lookups.project(session, project_id, lock=True)
            project.deleted_at = now()
            held = select(Task).where(Task.project_id == project_id).with_for_update()
            self._tasks.cancel(session, session.scalars(held).all())

    def restore(self, project_id: str) -> ProjectView:
        """Restore a deleted project and the work its deletion cancelled. Raises ProjectNotFound."""
        with self._database.write() as session:
            project = session.get(Project, project_id, with_for_update=True)
            if project is None:
                raise ProjectNotFound
            self.restore_in(session, project)
        self.announce(project_id)
        return self.get(project_id)

    def restore_in(self, session: Session, project: Project) -> None:
        """Restore a project in the caller's transaction, which holds its row. One that is not deleted stays as it is.

        Call ``announce`` after the commit.
        """
        if project.deleted_at is None:
            return
        # Tasks that ended before the deletion were cancelled by a user, and stay so.
        stopped = select(Task).where(Task.project_id == project.id, Task.state == TaskState.CANCELLED)
        stopped = stopped.where(Task.finished_at >= project.deleted_at).with_for_update()
        self._tasks.retry(session, session.scalars(stopped).all())
        project.deleted_at = None


def clean_title(title: str) -> str:
    """One line without control characters, at most 300 characters."""
    shown = "".join(c if c.isprintable() else " " for c in title)
    return " ".join(shown.split())[:300]


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKD", text).casefold()
