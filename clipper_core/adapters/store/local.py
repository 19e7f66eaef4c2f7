"""The file store as a folder on this computer's disk."""

from __future__ import annotations

import errno
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from clipper_core.adapters.store.storage import BLOCK, StoredFile
from clipper_core.errors import DiskFull, FolderNotWritable, StorageFailed, StoredFileMissing

PART = ".part"  # a file that is still being copied in


class LocalStorage:
    """Files in a folder. ``put`` renames, so a file staged on the same disk costs nothing."""

    name = "local"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, path: Path, key: str) -> int:
        target = self._path(key)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            size = path.stat().st_size
            _flush(path)
            try:
                path.replace(target)
            except OSError as error:
                if error.errno != errno.EXDEV:
                    raise
                self._copy(path, target)
            _flush(target.parent)
        except OSError as error:
            raise _translated(error) from error
        return size

    @contextmanager
    def local(self, key: str) -> Iterator[Path]:
        path = self._path(key)
        if not path.is_file():
            raise StoredFileMissing(detail=key)
        yield path

    def read(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """See ``Storage.read``."""
        path = self._path(key)
        if not path.is_file():
            raise StoredFileMissing(detail=key)
        left = (path.stat().st_size if end is None else end) - start
        with path.open("rb") as file:
            file.seek(start)
            while left > 0 and (block := file.read(min(BLOCK, left))):
                left -= len(block)
                yield block

    def size(self, key: str) -> int:
        try:
            return self._path(key).stat().st_size
        except FileNotFoundError as error:
            raise StoredFileMissing(detail=key) from error

    def delete(self, key: str) -> None:
        self._path(key).unlink(missing_ok=True)

    def delete_folder(self, prefix: str) -> None:
        shutil.rmtree(self._path(prefix), ignore_errors=True)

    def check(self) -> None:
        probe = self.folder / f".check-{uuid.uuid4().hex}"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            probe.write_bytes(b"ok")
            probe.unlink()
        except OSError as error:
            raise _translated(error) from error

    def prepare(self) -> None:
        self.check()

    def files(self, prefix: str = "") -> Iterator[StoredFile]:
        for path in self.folder.rglob("*"):
            key = path.relative_to(self.folder).as_posix()
            with suppress(FileNotFoundError):  # removed meanwhile
                if key.startswith(prefix) and not key.endswith(PART) and path.is_file():
                    about = path.stat()
                    yield StoredFile(key, about.st_size, datetime.fromtimestamp(about.st_mtime, UTC))

    def on_disk(self, key: str) -> Path | None:
        path = self._path(key)
        if not path.is_file():
            raise StoredFileMissing(detail=key)
        return path

    def link(self, key: str, *, mime: str, disposition: str) -> str | None:
        """See ``Storage.link``."""
        return None

    def sweep(self, older_than_s: float) -> int:
        old = [
            p for p in self.folder.rglob(f"*{PART}") if p.is_file() and time.time() - p.stat().st_mtime > older_than_s
        ]
        for path in old:
            path.unlink(missing_ok=True)
        return len(old)

    def free_bytes(self) -> int:
        return shutil.disk_usage(self.folder if self.folder.exists() else self.folder.parent).free

    def _path(self, key: str) -> Path:
        path = (self.folder / key).resolve()
        if not path.is_relative_to(self.folder.resolve()):
            raise StoredFileMissing(detail=key)
        return path

    @staticmethod
    def _copy(path: Path, target: Path) -> None:
        part = target.with_name(target.name + PART)
        shutil.copyfile(path, part)
        _flush(part)
        part.replace(target)
        path.unlink()


def _flush(path: Path) -> None:
    """Ask the disk to keep what was written; a row will soon say that it has."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _translated(error: OSError) -> StorageFailed | DiskFull | FolderNotWritable:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return DiskFull(detail=str(error))
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return FolderNotWritable(detail=str(error))
    return StorageFailed(detail=str(error))
