"""The bytes of one upload request on their way to disk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from clipper_core.adapters.store.staging import StagedFile
from clipper_core.domain.checksum import Checksum
from clipper_core.errors import ChecksumMismatch, ClipperError, TooLarge

MORE_THAN_ANNOUNCED = "More bytes arrived than the upload announced. Start the upload again."


@dataclass(frozen=True, slots=True)
class UploadState:
    """An upload's progress. ``project_id`` is set once it is complete."""

    id: str
    filename: str
    filetype: str
    size: int
    offset: int
    project_id: str | None


class OffsetRecorder(Protocol):
    """Writes down how far an upload is."""

    @property
    def checkpoint_bytes(self) -> int:
        """The most bytes of a long piece that may be written without being saved."""

    def save_offset(self, upload_id: str, offset: int) -> None:
        """Record that the first ``offset`` bytes are on disk."""

    def complete(self, upload_id: str) -> UploadState:
        """Make the upload a project if all of it is saved. Returns its state after that."""


class Piece:
    """The bytes of one request on their way to disk. It holds the upload's lock until ``keep`` or ``break_off``."""

    def __init__(
        self, file: StagedFile, state: UploadState, recorder: OffsetRecorder, checksum: Checksum | None
    ) -> None:
        """Continue an upload where its row and its staged file agree that it ends.

        Args:
            file: The staged file, open and locked; it is closed with the piece.
            state: How far the upload is.
            recorder: Writes the upload's row.
            checksum: What the whole piece must hash to, if its sender said so. Nothing of it is saved before its end.
        """
        self._file = file
        self._state = state
        self._recorder = recorder
        self._checksum = checksum
        self._at = state.offset  # the end of what is written
        self._saved = state.offset  # the end of what the row counts
        self._closed = False

    @property
    def room(self) -> int:
        """The number of bytes the upload still lacks."""
        return self._state.size - self._at

    @property
    def wanted(self) -> bool:
        """True if another request waits to continue this upload, because this one seems lost."""
        return self._file.wanted

    def write(self, block: bytes | bytearray) -> None:
        """Append ``block``. Raises TooLarge past the announced size, or DiskFull; what is not saved is then cut off."""
        if len(block) > self.room:
            self._undo()
            raise TooLarge(MORE_THAN_ANNOUNCED)
        try:
            self._file.write(block, self._at)
        except ClipperError:
            self._undo()
            raise
        self._at += len(block)
        if self._checksum is not None:
            self._checksum.update(block)
        elif self._at - self._saved >= self._recorder.checkpoint_bytes:
            self._save()

    def keep(self) -> UploadState:
        """Save the whole piece, and complete the upload if it was the last. Raises ChecksumMismatch."""
        try:
            if self._checksum is not None and not self._checksum.fits:
                self._undo()
                raise ChecksumMismatch
            self._save()
            return self._recorder.complete(self._state.id)
        finally:
            self._close()

    def break_off(self) -> None:
        """End a piece whose connection was lost. Saves what arrived, unless it has a checksum. May be repeated."""
        if self._closed:
            return
        try:
            if self._checksum is not None:
                self._undo()
            self._save()
        finally:
            self._close()

    def _undo(self) -> None:
        self._file.cut_to(self._saved)
        self._at = self._saved

    def _save(self) -> None:
        if self._at == self._saved:
            return
        self._file.flush()  # before the row: it must never count bytes that a crash may lose
        self._recorder.save_offset(self._state.id, self._at)
        self._saved = self._at

    def _close(self) -> None:
        if not self._closed:
            self._closed = True
            self._file.close()
