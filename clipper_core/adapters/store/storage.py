"""The file store as everything above sees it: recordings, maps, transcripts and renders, by key."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

BLOCK = 1 << 20  # bytes read at a time


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file in a store: its size in bytes and when it was put there."""

    key: str
    size: int
    stored_at: datetime


class Storage(Protocol):
    """Files by key. A key is made by us: letters, digits and ``/ _ - .`` only, never a client's file name."""

    name: str

    def put(self, path: Path, key: str) -> int:
        """Take over the file at ``path`` under ``key``, whole or not at all. Returns its size in bytes."""

    def local(self, key: str) -> AbstractContextManager[Path]:
        """The file as a local path, for reading only, as long as the context lasts. Raises StoredFileMissing."""

    def read(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """A part of a file's bytes, in blocks; less where the file ends before.

        Args:
            key: The file's key.
            start: The first byte, from 0.
            end: The byte after the last; None for the end of the file.

        Raises:
            StoredFileMissing: There is no such file.
        """

    def size(self, key: str) -> int:
        """Bytes stored. Raises StoredFileMissing."""

    def delete(self, key: str) -> None:
        """Remove the file; nothing happens if it is not there."""

    def delete_folder(self, prefix: str) -> None:
        """Remove every file whose key begins with ``prefix/``."""

    def check(self) -> None:
        """Raise StorageFailed, or a kind of it, unless files can be written and read."""

    def prepare(self) -> None:
        """Create the folder or bucket, if that is allowed. Raises as ``check`` does."""

    def files(self, prefix: str = "") -> Iterator[StoredFile]:
        """Every stored file whose key begins with ``prefix``, in no order, without those that are still being put."""

    def on_disk(self, key: str) -> Path | None:
        """The path of the file, if the store keeps it as a file of this computer; None if it has to be read."""

    def link(self, key: str, *, mime: str, disposition: str) -> str | None:
        """An address, good for a while, at which a browser gets the file itself; None if it goes through us.

        Args:
            key: The file's key.
            mime: The Content-Type of the answer there.
            disposition: Its Content-Disposition.
        """

    def sweep(self, older_than_s: float) -> int:
        """Remove remains of interrupted puts that are older than ``older_than_s``. Returns their number."""
