"""Files on their way in: one folder, which several web processes may share, and one writer to each file."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from clipper_core.errors import ClipperError, DiskFull, FolderNotWritable, StorageFailed, UploadConflict

RETRY_S = 0.05
BUSY = "Another request is still writing this upload. Try again in a moment."


class StagedFile:
    """A staged file, open and locked: no other process or thread writes to it until ``close``."""

    def __init__(self, handle: int, knock: Path) -> None:
        self._handle = handle
        self._knock = knock

    @property
    def size(self) -> int:
        return os.fstat(self._handle).st_size

    @property
    def wanted(self) -> bool:
        """True while another writer waits for this file."""
        return self._knock.exists()

    def cut_to(self, size: int) -> None:
        """Forget everything from ``size`` on."""
        with translated():
            os.ftruncate(self._handle, size)

    def write(self, block: bytes | bytearray, at: int) -> None:
        """Write all of ``block`` at the byte ``at``. Raises DiskFull, StorageFailed."""
        view = memoryview(block)
        with translated():
            while view:
                written = os.pwrite(self._handle, view, at)
                view, at = view[written:], at + written

    def flush(self) -> None:
        """Wait until the disk has what was written."""
        with translated():
            os.fsync(self._handle)

    def close(self) -> None:
        os.close(self._handle)  # closing gives the lock back


class Staging:
    """The folder. A file is named by its upload's id, never by anything a client chose."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, upload_id: str) -> Path:
        return self.folder / f"{upload_id}.part"

    def captions(self, upload_id: str) -> Path:
        return self.folder / f"{upload_id}.captions"

    def size(self, upload_id: str) -> int:
        """The number of bytes staged; 0 if there is no file."""
        try:
            return self.path(upload_id).stat().st_size
        except FileNotFoundError:
            return 0

    def free_bytes(self) -> int:
        with translated():
            self.folder.mkdir(parents=True, exist_ok=True)
            return shutil.disk_usage(self.folder).free

    def open(self, upload_id: str, wait_s: float) -> StagedFile:
        """The file for writing, made if need be. Raises UploadConflict while another request writes.

        With time to wait, the other is asked to leave first; without, it is not disturbed.
        """
        knock = self.folder / f"{upload_id}.knock"
        deadline = time.monotonic() + wait_s
        with translated():
            self.folder.mkdir(parents=True, exist_ok=True)
            while (handle := _locked(self.path(upload_id))) is None:
                if time.monotonic() >= deadline:
                    raise UploadConflict(BUSY)
                knock.touch()
                time.sleep(RETRY_S)
            knock.unlink(missing_ok=True)
        return StagedFile(handle, knock)

    @contextmanager
    def handed_over(self, upload_id: str) -> Iterator[Path]:
        """The file under a second name that may be moved away: the first stays until ``drop``, for another attempt."""
        part, out = self.path(upload_id), self.folder / f"{upload_id}.done"
        out.unlink(missing_ok=True)
        try:
            os.link(part, out)
        except OSError:  # a disk without hard links: then there is only one attempt
            yield part
            return
        try:
            yield out
        finally:
            out.unlink(missing_ok=True)

    def put_captions(self, upload_id: str, data: bytes) -> None:
        fresh = self.captions(upload_id).with_suffix(".fresh")
        with translated():
            fresh.write_bytes(data)
            fresh.replace(self.captions(upload_id))

    def copy_of_captions(self, upload_id: str) -> Path | None:
        """The captions sent with a recording, as a copy that may be moved away; None if there are none."""
        copy = self.folder / f"{upload_id}.copy"
        with translated():
            try:
                shutil.copyfile(self.captions(upload_id), copy)
            except FileNotFoundError:
                return None
        return copy

    def drop(self, upload_id: str) -> None:
        """Remove everything staged for an upload."""
        for ending in ("part", "captions", "copy", "done", "knock", "fresh"):
            with suppress(OSError):
                (self.folder / f"{upload_id}.{ending}").unlink(missing_ok=True)

    def older_than(self, age_s: float) -> set[str]:
        """The uploads all of whose staged files are older than ``age_s``."""
        newest: dict[str, float] = {}
        for path, changed in _files(self.folder):
            newest[path.stem] = max(changed, newest.get(path.stem, 0.0))
        return {name for name, changed in newest.items() if time.time() - changed > age_s}


def _files(folder: Path) -> Iterable[tuple[Path, float]]:
    for path in folder.glob("upl_*.*"):
        with suppress(FileNotFoundError):  # another process was quicker
            yield path, path.stat().st_mtime


def _locked(path: Path) -> int | None:
    """A handle on the file with the lock on it; None if another process has the lock, or has just moved the file."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(handle).st_ino == path.stat().st_ino:
            return handle
    except (BlockingIOError, FileNotFoundError):
        pass
    except BaseException:
        os.close(handle)
        raise
    os.close(handle)
    return None


@contextmanager
def translated() -> Iterator[None]:
    """Turn errors of the disk into ours."""
    try:
        yield
    except OSError as error:
        raise _ours(error) from error


def _ours(error: OSError) -> ClipperError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return DiskFull(detail=str(error))
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return FolderNotWritable(detail=str(error))
    return StorageFailed(detail=str(error))
