"""Projects: recordings, from the moment they are stored."""

from __future__ import annotations

import mimetypes
import shutil
import tempfile
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from clipper_core.adapters.captions import read_captions
from clipper_core.adapters.store.local import Storage
from clipper_core.db import lookups
from clipper_core.db.models import Asset, Project, Task, Upload, now
from clipper_core.db.session import Database
from clipper_core.domain.ids import SAMPLE_PROJECT, new_id
from clipper_core.domain.task import TaskState
from clipper_core.errors import BadSettings, ClipperError, ProjectNotFound
from clipper_core.services.clips.counts import count_by_status
from clipper_core.services.projects.shows import checked_wishes, existing_show
from clipper_core.services.projects.views import ProjectView, project_view
from clipper_core.services.runs.runs import Runs
from clipper_core.services.runs.tasks import Tasks


@dataclass(frozen=True, slots=True)
class ProjectPage:
    """Some of the projects that were found, and how many were in all."""

    projects: list[ProjectView]
    total: int


@dataclass(frozen=True, slots=True)
class Sample:
    """The recording that comes with Clipper, its captions, and what is asked for it."""

    recording: Path
    captions: Path
    title: str
    wishes: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Stored:
    """A file in the store: its key, and its size in bytes."""

    key: str
    size: int


@dataclass(frozen=True, slots=True)
class Arrived:
    """A recording whose files are stored, and which has no rows yet."""

    project_id: str
    source: Stored
    captions: Stored | None


class Projects:
    """Makes, finds, changes, deletes and restores projects."""

    def __init__(self, database: Database, storage: Storage, runs: Runs, tasks: Tasks, sample: Sample) -> None:
        self._database = database
        self._storage = storage
        self._runs = runs
        self._tasks = tasks
        self._sample = sample

    # -- making

    def store(self, upload_id: str, path: Path, captions: Path | None) -> Arrived:
        """Put what was uploaded into the file store. Done again with the same upload, it ends the same."""
        project_id = project_of_upload(upload_id)
        source = self._put(path, f"projects/{project_id}/source")
        beside = self._put(captions, f"projects/{project_id}/captions") if captions else None
        return Arrived(project_id, source, beside)

    def discard(self, upload_id: str) -> None:
        """Remove what was stored of an upload that never became a project."""
        project_id = project_of_upload(upload_id)
        with self._database.read() as session:
            if session.get(Project, project_id) is not None:
                return
        for name in ("source", "captions"):
            self._storage.delete(f"projects/{project_id}/{name}")

    def complete(self, session: Session, upload: Upload, arrived: Arrived) -> str:
        """Turn a stored upload into a project with its run, in the caller's transaction; the project's id."""
        wishes = dict(upload.wishes)
        show = existing_show(session, wishes.get("show"))
        title = clean_title(str(wishes.get("title") or "")) or title_from(upload.filename)
        asked = checked_wishes({**_defaults(show.defaults), **wishes})
        project = Project(id=arrived.project_id, show_id=show.id, title=title, filename=upload.filename, wishes=asked)
        session.add(project)
        session.flush()
        project.source_id = _named(session, project.id, "source", arrived.source, upload.filename)
        if arrived.captions is not None:
            project.captions_id = _named(session, project.id, "captions", arrived.captions, None)
        self._runs.start_in(session, project)
        return project.id

    def announce(self, project_id: str) -> None:
        """Ring for the first tasks of a project that was just saved."""
        with self._database.read() as session:
            waiting = select(Task).where(Task.project_id == project_id, Task.state == TaskState.QUEUED)
            tasks = session.scalars(waiting).all()
        self._tasks.ring(tasks)

    def _put(self, path: Path, key: str) -> Stored:
        return Stored(key, self._storage.put(path, key))

    def ensure_sample(self, *, bring_back: bool = True) -> str:
        """The sample recording as project ``prj_test``, made where it does not exist, brought back where deleted."""
        with self._database.read() as session:
            missing = session.get(Project, SAMPLE_PROJECT) is None
        arrived = self._stored_sample() if missing else None
        with self._database.write() as session:
            project = session.get(Project, SAMPLE_PROJECT, with_for_update=True)
            if project is None and arrived is not None:
                self._make_sample(session, arrived)
            elif project is not None and bring_back:
                self._restore_in(session, project)
        return SAMPLE_PROJECT

    def _stored_sample(self) -> Arrived:
        folder = f"projects/{SAMPLE_PROJECT}/{new_id('smp')}"  # never a key that held something else
        with tempfile.TemporaryDirectory() as scratch:
            source = Path(shutil.copyfile(self._sample.recording, Path(scratch) / "source"))
            captions = Path(shutil.copyfile(self._sample.captions, Path(scratch) / "captions"))
            return Arrived(
                SAMPLE_PROJECT, self._put(source, f"{folder}/source"), self._put(captions, f"{folder}/captions")
            )

    def _make_sample(self, session: Session, arrived: Arrived) -> None:
        sample = self._sample
        project = Project(
            id=SAMPLE_PROJECT,
            show_id=existing_show(session, None).id,
            title=sample.title,
            filename=sample.recording.name,
            wishes=checked_wishes(sample.wishes),
        )
        session.add(project)
        session.flush()
        project.source_id = _named(session, project.id, "source", arrived.source, sample.recording.name)
        assert arrived.captions is not None
        project.captions_id = _named(session, project.id, "captions", arrived.captions, sample.captions.name)

    # -- looking

    def get(self, project_id: str) -> ProjectView:
        """Raises ProjectNotFound."""
        with self._database.read() as session:
            return self._views(session, [lookups.project(session, project_id)])[0]

    def find(self, *, show_id: str | None = None, search: str = "", deleted: bool = False) -> list[ProjectView]:
        """The projects, newest first; ``search`` looks in titles and file names, every word of it."""
        return self.page(show_id=show_id, search=search, deleted=deleted).projects

    def page(
        self,
        *,
        show_id: str | None = None,
        search: str = "",
        deleted: bool = False,
        first: int = 0,
        most: int | None = None,
    ) -> ProjectPage:
        """At most ``most`` of what ``find`` finds, from number ``first`` on."""
        query = select(Project).order_by(Project.created_at.desc(), Project.id)
        query = query.where(Project.deleted_at.is_not(None) if deleted else Project.deleted_at.is_(None))
        if show_id:
            query = query.where(Project.show_id == show_id)
        words = [_folded(w) for w in search.split()]
        with self._database.read() as session:
            rows = [
                p for p in session.scalars(query).all() if all(w in _folded(f"{p.title} {p.filename}") for w in words)
            ]
            end = len(rows) if most is None else first + most
            return ProjectPage(self._views(session, rows[first:end]), len(rows))

    def _views(self, session: Session, projects: Sequence[Project]) -> list[ProjectView]:
        ids = [p.id for p in projects]
        runs = self._runs.newest_of(session, ids)
        counts = count_by_status(session, ids)
        shown = {i for p in projects for i in (p.source_id, p.preview_id) if i}
        assets = {a.id: a for a in session.scalars(select(Asset).where(Asset.id.in_(shown)))}
        return [project_view(p, runs.get(p.id), counts.get(p.id), assets) for p in projects]

    # -- changing

    def change(self, project_id: str, *, title: str | None = None, show_id: str | None = None) -> ProjectView:
        """Rename a project, or move it to another show. Raises ProjectNotFound, ShowNotFound, BadSettings."""
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
        """Put a project away: it can be restored. Work on it is cancelled. Raises ProjectNotFound."""
        with self._database.write() as session:
            project = lookups.project(session, project_id, lock=True)
            project.deleted_at = now()
            held = select(Task).where(Task.project_id == project_id).with_for_update()
            self._tasks.cancel(session, session.scalars(held).all())

    def restore(self, project_id: str) -> ProjectView:
        """Bring a deleted project back, and go on with what its deletion cancelled. Raises ProjectNotFound."""
        with self._database.write() as session:
            project = session.get(Project, project_id, with_for_update=True)
            if project is None:
                raise ProjectNotFound
            self._restore_in(session, project)
        self.announce(project_id)
        return self.get(project_id)

    def _restore_in(self, session: Session, project: Project) -> None:
        if project.deleted_at is None:
            return
        stopped = select(Task).where(Task.project_id == project.id, Task.state == TaskState.CANCELLED)
        stopped = stopped.where(Task.finished_at >= project.deleted_at).with_for_update()
        self._tasks.retry(session, session.scalars(stopped).all())
        project.deleted_at = None

    def set_captions(self, project_id: str, data: bytes) -> ProjectView:
        """Give a project a caption file and process it anew with it. Raises BadCaptions, ProjectNotFound."""
        read_captions(data)
        key = f"projects/{project_id}/{new_id('cap')}"
        self.get(project_id)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "captions"
            path.write_bytes(data)
            stored = self._put(path, key)
        try:
            self._use_captions(project_id, stored)
        except ClipperError:
            self._storage.delete(key)
            raise
        self.announce(project_id)
        return self.get(project_id)

    def _use_captions(self, project_id: str, stored: Stored) -> None:
        with self._database.write() as session:
            project = lookups.project(session, project_id, lock=True)
            project.captions_id = _named(session, project_id, "captions", stored, None)
            project.revision += 1
            active = self._runs.active_in(session, project_id)
            if active is not None:
                self._runs.cancel_in(session, active)
                session.flush()
            self._runs.start_in(session, project)


def project_of_upload(upload_id: str) -> str:
    """The project an upload becomes. It follows from the upload, so that storing it twice stores it once."""
    return f"prj_{upload_id.removeprefix('upl_')}"


def _named(session: Session, project_id: str, kind: str, stored: Stored, filename: str | None) -> str:
    """A row that names a stored file; its id."""
    asset = Asset(
        id=new_id("ast"),
        project_id=project_id,
        kind=kind,
        key=stored.key,
        mime=mimetypes.guess_type(filename or "")[0] or "application/octet-stream",
        filename=filename,
        size=stored.size,
    )
    session.add(asset)
    session.flush()
    return asset.id


def _defaults(defaults: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in defaults.items() if k in ("language", "min_s", "max_s", "most")}


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKD", text).casefold()


def clean_title(title: str) -> str:
    """One line without control characters, at most 300 characters."""
    shown = "".join(c if c.isprintable() else " " for c in title)
    return " ".join(shown.split())[:300]


def title_from(filename: str) -> str:
    """A file's name as a title: without its ending, underscores as spaces."""
    name = filename.replace("\\", "/").rsplit("/", 1)[-1]
    stem = name.rsplit(".", 1)[0] if "." in name.lstrip(".") else name
    return clean_title(stem.replace("_", " ")) or clean_title(filename) or "Recording"
