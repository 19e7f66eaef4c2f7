"""Uploads: recordings on their way in, piece by piece, and what becomes of them when they are whole.

A row says how far an upload is, and never more than is on disk: bytes are flushed first, then the row is written.
What a crash leaves between the two is cut off again, and a crash after the last byte is made up for by whoever asks
next.
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
from clipper_core.services.projects.intake import StoredUpload
from clipper_core.services.projects.preferences import checked_preferences
from clipper_core.services.projects.shows import existing_show
from clipper_core.services.uploads.piece import Piece, UploadState

log = structlog.get_logger()

WAIT_S = 3.0  # how long a new request waits for the one it has taken the place of
STRAY_AGE_S = 3600  # a staged file without a row is left alone for so long: its row may be about to be written
ID = re.compile(r"upl_[0-9a-z]{20}")


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """What is accepted, and how long an upload nobody goes on with is kept."""

    max_bytes: int
    spare_bytes: int = 200 << 20  # stays free on the disk
    captions_bytes: int = 5 << 20
    checkpoint_bytes: int = 64 << 20  # of a long piece, no more than this is lost with its process
    keep_days: int = 7


class Intake(Protocol):
    """What becomes of a whole upload: its file is stored, then a project made, then the work on it announced.

    Any of these may be done again after a crash, with the same upload.
    """

    def store(self, upload_id: str, path: Path, captions: Path | None) -> StoredUpload:
        """Put the recording, and the captions that came with it, into the file store; the files may be moved away."""

    def complete(self, session: Session, upload: Upload, stored: StoredUpload) -> str:
        """Make the project, in the caller's transaction. Returns its id."""

    def announce(self, project_id: str) -> None:
        """Called once that is saved; should it fail, the reconciler finds the tasks."""

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
        """How many bytes of a long piece may be written without being saved."""
        return self.limits.checkpoint_bytes

    def create(self, size: int, metadata: Mapping[str, str]) -> str:
        """Begin an upload of ``size`` bytes; its id. One of no bytes is complete at once.

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
        """How far it is. Raises UploadNotFound."""
        if not ID.fullmatch(upload_id):
            raise UploadNotFound
        with self._database.read() as session:
            upload = session.get(Upload, upload_id)
        if upload is None:
            raise UploadNotFound
        offset = upload.offset if upload.project_id else min(upload.offset, self._staging.size(upload_id))
        return UploadState(upload.id, upload.filename, upload.filetype, upload.size, offset, upload.project_id)

    def resume(self, upload_id: str) -> UploadState:
        """The same for somebody who goes on; an upload that is whole and was never completed is completed now."""
        state = self.state(upload_id)
        if state.project_id is not None or state.offset < state.size:
            return state
        try:
            return self.open_piece(upload_id, state.offset, wait_s=0).keep()
        except ClipperError as error:  # a HEAD has no body to say why in: the PATCH that follows will say it
            log.warning("upload_not_completed", upload=upload_id, code=error.code, detail=error.detail)
            return self.state(upload_id)

    def open_piece(self, upload_id: str, at: int, checksum: Checksum | None = None, wait_s: float = WAIT_S) -> Piece:
        """Go on at the byte ``at``. Whoever writes now is asked to leave, and given ``wait_s`` to do so.

        Raises UploadNotFound, and UploadConflict where the upload is elsewhere or its writer does not leave.
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
        """Row and file brought to agree, now that nobody else writes."""
        try:
            state = self.state(upload_id)
        except UploadNotFound:  # it was ended while we waited; opening has made the file anew
            self._staging.drop(upload_id)
            raise
        if state.project_id is not None:
            self._staging.drop(upload_id)
        elif file.size > state.offset:
            file.cut_to(state.offset)
        return state

    def put_captions(self, upload_id: str, data: bytes) -> None:
        """Give a recording that is still on its way its captions. Raises BadCaptions, WrongState, UploadNotFound."""
        if self.state(upload_id).project_id is not None:
            raise WrongState("This recording has already arrived. Add the captions on its review desk.")
        if len(data) > self.limits.captions_bytes:
            raise BadCaptions(f"This caption file is larger than {self.limits.captions_bytes >> 20} MB. Is it one?")
        read_captions(data)
        self._staging.put_captions(upload_id, data)

    def captions_path(self, upload_id: str) -> Path | None:
        """A copy of the captions sent with a recording, to be moved away or left; None if there are none."""
        return self._staging.copy_of_captions(upload_id)

    def terminate(self, upload_id: str) -> None:
        """End an upload and forget its bytes. Raises UploadNotFound, WrongState once it is complete."""
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
        """Complete what arrived whole, drop what nobody has touched for ``keep_days``; how many were dropped."""
        limit = now() - timedelta(days=self.limits.keep_days)
        whole = select(Upload.id).where(Upload.project_id.is_(None), Upload.offset == Upload.size)
        with self._database.read() as session:
            waiting = session.scalars(whole).all()
        for upload_id in waiting:
            with suppress(UploadNotFound):  # somebody has ended it meanwhile
                self.resume(upload_id)
        with self._database.read() as session:
            old = session.scalars(select(Upload.id).where(Upload.touched_at < limit)).all()
            known = set(session.scalars(select(Upload.id)))
        dropped = sum(self._dropped(upload_id, limit) for upload_id in old)
        for stray in self._staging.older_than(STRAY_AGE_S) - known:
            self._staging.drop(stray)
        return dropped

    def _dropped(self, upload_id: str, limit: datetime) -> bool:
        """Forget an upload nobody goes on with. One that arrived whole is kept: storing it may work tomorrow."""
        try:
            file = self._staging.open(upload_id, wait_s=0)
        except ClipperError:  # somebody is writing it after all
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
        """Remove an upload's row, what is staged of it, and what was stored of one that never became a project."""
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
