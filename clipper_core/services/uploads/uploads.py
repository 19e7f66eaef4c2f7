"""Uploads: recordings on their way in, piece by piece, until each becomes a project.

A row counts the bytes of an upload that are on disk: they are flushed first, then the row is written. After a crash the
file is truncated to the recorded offset. If every byte had arrived, the next request completes the upload.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol, cast

import structlog
from sqlalchemy import CursorResult, delete, select, update
from sqlalchemy.orm import Session

from clipper_core.adapters.captions import read_captions
from clipper_core.adapters.store.staging import StagedFile, Staging
from clipper_core.db.models import Upload, now
from clipper_core.db.session import Database
from clipper_core.domain.checksum import Checksum
from clipper_core.domain.ids import new_id
from clipper_core.domain.upload import check_kind, clean_name, preferences_of
from clipper_core.errors import (
    BadCaptions,
    ClipperError,
    DiskFull,
    TooLarge,
    UploadConflict,
    UploadNotFound,
    WrongState,
)
from clipper_core.services.projects import StoredUpload, checked_preferences, existing_show
from clipper_core.services.uploads.piece import Piece, UploadState

log = structlog.get_logger()

WAIT_S = 3.0  # how long a new request waits for the one it replaces to leave
STRAY_AGE_S = 3600  # a staged file without a row is left alone for so long: its row may be about to be written
ID = re.compile(r"upl_[0-9a-z]{20}")


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """The largest upload, and how long one that no client continues is kept."""

    max_bytes: int
    spare_bytes: int = 200 << 20  # stays free on the disk
    captions_bytes: int = 5 << 20
    checkpoint_bytes: int = 64 << 20  # of a long piece, no more than this is lost with its process
    keep_days: int = 7


class Intake(Protocol):
    """Turns a complete upload into a project: stores its file, makes the project, announces the work on it.

    After a crash any of these is called again with the same upload.
    """

    def store(self, upload_id: str, path: Path, captions: Path | None) -> StoredUpload:
        """Put the files of an upload into the file store.

        Args:
            upload_id: The upload.
            path: The recording. It may be moved away.
            captions: The captions that came with it, if any. They may be moved away too.

        Returns:
            The files as they are stored, for ``complete``.
        """

    def complete(self, session: Session, upload: Upload, stored: StoredUpload) -> str:
        """Make the project, in the caller's transaction. Returns its id.

        Args:
            session: The caller's transaction.
            upload: The upload's row.
            stored: The files, as ``store`` returned them.
        """

    def announce(self, project_id: str) -> None:
        """Ring for the project's tasks, after the commit. If it fails, the reconciler finds them."""

    def discard(self, upload_id: str) -> None:
        """Remove what ``store`` kept of an upload that will never be complete."""


class Uploads:
    """Takes recordings in and hands them to ``intake`` when they are whole."""

    def __init__(self, database: Database, staging: Path, intake: Intake, limits: UploadLimits) -> None:
        self.limits = limits
        self._database = database
        self._staging = Staging(staging)
        self._intake = intake

    @property
    def checkpoint_bytes(self) -> int:
        """The most bytes of a long piece that may be written without being saved."""
        return self.limits.checkpoint_bytes

    def create(self, size: int, metadata: Mapping[str, str]) -> str:
        """Begin an upload of ``size`` bytes and return its id. One of no bytes is complete at once.

        Raises TooLarge, NotMedia, NotAudioVideo, DiskFull, ShowNotFound, BadSettings.
        """
        filename = clean_name(metadata.get("filename") or metadata.get("name") or "")
        filetype = clean_name(metadata.get("filetype") or metadata.get("type") or "application/octet-stream")
        if size > self.limits.max_bytes:
            raise TooLarge
        check_kind(filename, filetype)
        if self._staging.free_bytes() < size + self.limits.spare_bytes:
            raise DiskFull
        upload = Upload(id=new_id("upl"), filename=filename, filetype=filetype[:200], size=size)
        upload.preferences = preferences_of(metadata)
        checked_preferences(upload.preferences)
        with self._database.write() as session:
            existing_show(session, upload.preferences.get("show"))
            session.add(upload)
        if size == 0:
            self.open_piece(upload.id, 0).keep()
        return upload.id

    def state(self, upload_id: str) -> UploadState:
        """The upload's progress. Raises UploadNotFound."""
        if not ID.fullmatch(upload_id):
            raise UploadNotFound
        with self._database.read() as session:
            upload = session.get(Upload, upload_id)
        if upload is None:
            raise UploadNotFound
        offset = upload.offset if upload.project_id else min(upload.offset, self._staging.size(upload_id))
        return UploadState(upload.id, upload.filename, upload.filetype, upload.size, offset, upload.project_id)

    def resume(self, upload_id: str) -> UploadState:
        """The upload's progress, for a client that continues it. Completes one that is whole and has no project yet."""
        state = self.state(upload_id)
        if state.project_id is not None or state.offset < state.size:
            return state
        try:
            return self.open_piece(upload_id, state.offset, wait_s=0).keep()
        except ClipperError as error:  # a HEAD has no body for the reason; the PATCH that follows gives it
            log.warning("upload_not_completed", upload=upload_id, code=error.code, detail=error.detail)
            return self.state(upload_id)

    def open_piece(self, upload_id: str, at: int, checksum: Checksum | None = None, wait_s: float = WAIT_S) -> Piece:
        """Lock an upload and continue it.

        Args:
            upload_id: The upload.
            at: The byte to continue at; it must be the upload's offset.
            checksum: What the whole piece must hash to, if the client says so.
            wait_s: How long another writer has to give the lock up, in seconds.

        Raises:
            UploadNotFound: There is no such upload.
            UploadConflict: Its offset is another, or its writer keeps the lock.
        """
        self.state(upload_id)
        file = self._staging.open(upload_id, wait_s)
        try:
            state = self._settled(upload_id, file)
            if at != state.offset:
                raise UploadConflict
        except BaseException:
            file.close()
            raise
        return Piece(file, state, self, checksum)

    def _settled(self, upload_id: str, file: StagedFile) -> UploadState:
        """Make row and file agree, with the lock held. Returns the upload's progress."""
        try:
            state = self.state(upload_id)
        except UploadNotFound:  # it was ended while we waited, and opening it made an empty file
            self._staging.drop(upload_id)
            raise
        if state.project_id is not None:
            self._staging.drop(upload_id)
        elif file.size > state.offset:
            file.cut_to(state.offset)
        return state

    def put_captions(self, upload_id: str, data: bytes) -> None:
        """Add captions to an unfinished upload. Raises BadCaptions, WrongState, UploadNotFound."""
        if self.state(upload_id).project_id is not None:
            raise WrongState("This recording has already arrived. Add the captions on its review desk.")
        if len(data) > self.limits.captions_bytes:
            raise BadCaptions(f"This caption file is larger than {self.limits.captions_bytes >> 20} MB. Is it one?")
        read_captions(data)
        self._staging.put_captions(upload_id, data)

    def captions_path(self, upload_id: str) -> Path | None:
        """A copy of the captions sent with a recording, which may be moved away; None if there are none."""
        return self._staging.copy_of_captions(upload_id)

    def terminate(self, upload_id: str) -> None:
        """Delete an upload and its bytes. Raises UploadNotFound, and WrongState once it is complete."""
        self.state(upload_id)
        file = self._staging.open(upload_id, WAIT_S)
        try:
            state = self._settled(upload_id, file)
            if state.project_id is not None:
                raise WrongState("This upload is complete. Delete the recording instead.")
            self._forget(state)
        finally:
            file.close()

    def sweep(self) -> int:
        """Complete uploads that are whole, drop those untouched for ``keep_days``. Returns how many were dropped."""
        limit = now() - timedelta(days=self.limits.keep_days)
        whole = select(Upload.id).where(Upload.project_id.is_(None), Upload.offset == Upload.size)
        with self._database.read() as session:
            waiting = session.scalars(whole).all()
        for upload_id in waiting:
            with suppress(UploadNotFound):  # it was ended meanwhile
                self.resume(upload_id)
        with self._database.read() as session:
            old = session.scalars(select(Upload.id).where(Upload.touched_at < limit)).all()
            known = set(session.scalars(select(Upload.id)))
        dropped = sum(self._dropped(upload_id, limit) for upload_id in old)
        for stray in self._staging.older_than(STRAY_AGE_S) - known:
            self._staging.drop(stray)
        return dropped

    def _dropped(self, upload_id: str, limit: datetime) -> bool:
        """Drop an upload that no client continues. One that is whole stays: storing it may work tomorrow."""
        try:
            file = self._staging.open(upload_id, wait_s=0)
        except ClipperError:  # a client is writing it after all
            return False
        try:
            state = self.state(upload_id)
            if state.project_id is None and state.offset == state.size:
                return False
            self._forget(state, limit)
        except ClipperError as error:
            log.warning("upload_not_dropped", upload=upload_id, code=error.code, detail=error.detail)
            return False
        finally:
            file.close()
        return True

    def _forget(self, state: UploadState, limit: datetime | None = None) -> None:
        """Delete an upload's row, its staged bytes, and the stored files of one that never became a project."""
        gone = delete(Upload).where(Upload.id == state.id)
        if state.project_id is None:
            gone = gone.where(Upload.project_id.is_(None))
        if limit is not None:
            gone = gone.where(Upload.touched_at < limit)
        with self._database.write() as session:
            removed = cast("CursorResult[Any]", session.execute(gone)).rowcount
        if not removed:
            return
        if state.project_id is None and state.offset == state.size:
            self._intake.discard(state.id)
        self._staging.drop(state.id)

    def save_offset(self, upload_id: str, offset: int) -> None:
        """Record that the first ``offset`` bytes are on disk."""
        with self._database.write() as session:
            session.execute(update(Upload).where(Upload.id == upload_id).values(offset=offset, touched_at=now()))

    def complete(self, upload_id: str) -> UploadState:
        """Make the upload a project if all of it is saved. The caller holds the staged file's lock.

        Returns:
            The upload's state after that.

        Raises:
            UploadNotFound: It was ended meanwhile.
            ClipperError: What storing it or making its project raises; the next request tries again.
        """
        state = self.state(upload_id)
        if state.project_id is not None or state.offset < state.size:
            return state
        with self._staging.handed_over(upload_id) as path:
            # Before the transaction: storing may take minutes.
            stored = self._intake.store(upload_id, path, self.captions_path(upload_id))
            with self._database.write() as session:
                upload = session.get(Upload, upload_id, with_for_update=True)
                if upload is None:
                    raise UploadNotFound
                project_id = upload.project_id = self._intake.complete(session, upload, stored)
                upload.touched_at = now()
        self._staging.drop(upload_id)
        try:
            self._intake.announce(project_id)
        except ClipperError as error:
            log.warning("upload_not_announced", project=project_id, code=error.code, detail=error.detail)
        return self.state(upload_id)
