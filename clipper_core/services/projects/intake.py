"""Recordings on their way in: what was uploaded, the sample, and captions handed in later."""

from __future__ import annotations

import mimetypes
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from clipper_core.adapters.captions import read_captions
from clipper_core.adapters.store.storage import Storage
from clipper_core.db import lookups
from clipper_core.db.models import Asset, Project, Upload
from clipper_core.db.session import Database
from clipper_core.domain.ids import SAMPLE_PROJECT, new_id
from clipper_core.errors import ClipperError
from clipper_core.services.projects.preferences import checked_preferences, with_defaults
from clipper_core.services.projects.projects import Projects, clean_title
from clipper_core.services.projects.shows import existing_show
from clipper_core.services.projects.views import ProjectView
from clipper_core.services.runs import Runs


@dataclass(frozen=True, slots=True)
class Sample:
    """The recording that comes with Clipper, its captions, and what is asked for it."""

    recording: Path
    captions: Path
    title: str
    preferences: dict[str, Any]


@dataclass(frozen=True, slots=True)
class FileRef:
    """A file in the store: its key, and its size in bytes."""

    key: str
    size: int


@dataclass(frozen=True, slots=True)
class StoredUpload:
    """A recording whose files are in the store and which has no rows yet."""

    project_id: str
    source: FileRef
    captions: FileRef | None


class ProjectIntake:
    """Makes projects of uploads and of the sample, and takes captions for those there are."""

    def __init__(self, database: Database, storage: Storage, runs: Runs, projects: Projects, sample: Sample) -> None:
        self._database = database
        self._storage = storage
        self._runs = runs
        self._projects = projects
        self._sample = sample

    # -- uploads

    def store(self, upload_id: str, path: Path, captions: Path | None) -> StoredUpload:
        """Put an upload's files into the file store. Storing the same upload twice ends the same.

        Args:
            upload_id: The upload that is complete; its project's id follows from it.
            path: The recording. It may be moved away.
            captions: The captions that were sent with it, if any. They may be moved away too.

        Returns:
            The files as they are stored, for ``complete``.
        """
        project_id = project_of_upload(upload_id)
        source = self._put(path, f"projects/{project_id}/source")
        beside = self._put(captions, f"projects/{project_id}/captions") if captions else None
        return StoredUpload(project_id, source, beside)

    def discard(self, upload_id: str) -> None:
        """Remove the stored files of an upload that never became a project."""
        project_id = project_of_upload(upload_id)
        with self._database.read() as session:
            if session.get(Project, project_id) is not None:
                return
        for name in ("source", "captions"):
            self._storage.delete(f"projects/{project_id}/{name}")

    def complete(self, session: Session, upload: Upload, stored: StoredUpload) -> str:
        """Turn a stored upload into a project with its run, in the caller's transaction.

        Args:
            session: The caller's transaction.
            upload: The upload's row, with its file name and what is asked for the recording.
            stored: The files, as ``store`` returned them.

        Returns:
            The project's id. Call ``announce`` with it after the commit.

        Raises:
            ShowNotFound: The show it was meant for is gone.
            BadSettings: Its lengths, its number of clips or its track make no sense.
        """
        show = existing_show(session, upload.preferences.get("show"))
        title = clean_title(str(upload.preferences.get("title") or "")) or title_from(upload.filename)
        project = Project(id=stored.project_id, show_id=show.id, title=title, filename=upload.filename)
        project.preferences = checked_preferences(with_defaults(upload.preferences, show.defaults))
        session.add(project)
        session.flush()
        project.source_id = _add_asset(session, project.id, "source", stored.source, upload.filename)
        if stored.captions is not None:
            project.captions_id = _add_asset(session, project.id, "captions", stored.captions, None)
        self._runs.start_in(session, project)
        return project.id

    def announce(self, project_id: str) -> None:
        """Ring for the first tasks of a project that was just saved."""
        self._projects.announce(project_id)

    # -- the sample

    def ensure_sample(self, *, bring_back: bool = True) -> str:
        """Make the sample recording where it does not exist, restore it where deleted; its id, ``prj_test``."""
        with self._database.read() as session:
            missing = session.get(Project, SAMPLE_PROJECT) is None
        stored = self._stored_sample() if missing else None
        with self._database.write() as session:
            project = session.get(Project, SAMPLE_PROJECT, with_for_update=True)
            if project is None and stored is not None:
                self._make_sample(session, stored)
            elif project is not None and bring_back:
                self._projects.restore_in(session, project)
        return SAMPLE_PROJECT

    def _stored_sample(self) -> StoredUpload:
        folder = f"projects/{SAMPLE_PROJECT}/{new_id('smp')}"  # never a key that held something else
        with tempfile.TemporaryDirectory() as scratch:
            # The store may move a file away, and the sample's own must stay.
            source = Path(shutil.copyfile(self._sample.recording, Path(scratch) / "source"))
            captions = Path(shutil.copyfile(self._sample.captions, Path(scratch) / "captions"))
            return StoredUpload(
                SAMPLE_PROJECT, self._put(source, f"{folder}/source"), self._put(captions, f"{folder}/captions")
            )

    def _make_sample(self, session: Session, stored: StoredUpload) -> None:
        sample = self._sample
        project = Project(
            id=SAMPLE_PROJECT,
            show_id=existing_show(session, None).id,
            title=sample.title,
            filename=sample.recording.name,
            preferences=checked_preferences(sample.preferences),
        )
        session.add(project)
        session.flush()
        project.source_id = _add_asset(session, project.id, "source", stored.source, sample.recording.name)
        assert stored.captions is not None
        project.captions_id = _add_asset(session, project.id, "captions", stored.captions, sample.captions.name)

    # -- captions

    def set_captions(self, project_id: str, data: bytes) -> ProjectView:
        """Give a project a caption file and process it again with it. Raises BadCaptions, ProjectNotFound."""
        read_captions(data)
        key = f"projects/{project_id}/{new_id('cap')}"
        self._projects.get(project_id)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "captions"
            path.write_bytes(data)
            stored = self._put(path, key)
        try:
            self._use_captions(project_id, stored)
        except ClipperError:
            self._storage.delete(key)
            raise
        self._projects.announce(project_id)
        return self._projects.get(project_id)

    def _use_captions(self, project_id: str, stored: FileRef) -> None:
        with self._database.write() as session:
            project = lookups.project(session, project_id, lock=True)
            project.captions_id = _add_asset(session, project_id, "captions", stored, None)
            project.revision += 1
            active = self._runs.active_in(session, project_id)
            if active is not None:
                self._runs.cancel_in(session, active)
                session.flush()
            self._runs.start_in(session, project)

    def _put(self, path: Path, key: str) -> FileRef:
        return FileRef(key, self._storage.put(path, key))


def project_of_upload(upload_id: str) -> str:
    """The id of the project an upload becomes: made from the upload's, so that storing it twice stores it once."""
    return f"prj_{upload_id.removeprefix('upl_')}"


def title_from(filename: str) -> str:
    """A file's name as a title: without its ending, underscores as spaces."""
    name = filename.replace("\\", "/").rsplit("/", 1)[-1]
    stem = name.rsplit(".", 1)[0] if "." in name.lstrip(".") else name
    return clean_title(stem.replace("_", " ")) or clean_title(filename) or "Recording"


def _add_asset(session: Session, project_id: str, kind: str, stored: FileRef, filename: str | None) -> str:
    """Add the row that names a stored file. Returns its id."""
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
