"""Copies of stored files on this computer: each is fetched once for all processes, within a limit of bytes.

A copy's life is one inode. It begins as ``….part``, under an exclusive lock of the process that fetches it; the others
wait for that lock. Once whole it is renamed, and each user holds a shared lock. Copies without a lock may be removed,
the least recently used first. Locks are flock's: they end with the process, however it ends, and the next process
continues the part that a killed one left. The folder must be on this computer's own disk.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from clipper_core.adapters.store.staging import translated
from clipper_core.errors import DiskFull, StorageFailed

PART = ".part"
SHORT = "A stored file did not arrive whole from the file store. Press Retry."

Fetch = Callable[[int], Iterator[bytes]]  # from this byte on, to the end


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy there is, or one on its way: the bytes it takes, or will take, and when it was last used."""

    path: Path
    size: int
    used_at: float


class HostCache:
    """Copies in ``folder``, which together take no more than ``most_bytes`` unless those in use alone do."""

    def __init__(self, folder: Path, most_bytes: int) -> None:
        self.folder = folder
        self.most_bytes = most_bytes

    @contextmanager
    def file(self, name: str, size: int, fetch: Fetch, intact: Callable[[Path], bool] | None = None) -> Iterator[Path]:
        """A file as a local path, for reading as long as the context lasts.

        A file larger than the whole cache is kept while it is in use.

        Args:
            name: The file's name in the cache. It must be another one when the content is.
            size: Its size in bytes.
            fetch: Called for the bytes that are missing; its errors are passed on.
            intact: Asked about a file that was not fetched in one go; False fetches all of it again.

        Raises:
            DiskFull: There is no room for the copy.
            FolderNotWritable: The cache's folder takes no files.
            StorageFailed: Not all bytes came, or the disk failed.
        """
        digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:40]
        path = self.folder / f"{digest}-{size}"
        handle, fetched = self._whole(path, size, fetch, intact)
        try:
            yield path
        finally:
            os.close(handle)
            if fetched or size > self.most_bytes:
                self._make_room(0)

    def sweep(self, older_than_s: float) -> int:
        """Remove unfinished parts older than ``older_than_s``. Returns their number."""
        late = time.time() - older_than_s
        parts = [c for c in self._copies() if c.path.suffix == PART and c.used_at < late]
        return sum(self._dropped(part.path) for part in parts)

    def _whole(self, path: Path, size: int, fetch: Fetch, intact: Callable[[Path], bool] | None) -> tuple[int, bool]:
        """A handle with a shared lock on the whole copy, and whether it was fetched now."""
        while True:
            with translated():
                self.folder.mkdir(parents=True, exist_ok=True)
                handle = _locked(path, fcntl.LOCK_SH)
                if handle is not None and os.fstat(handle).st_size != size:  # damaged from outside
                    path.unlink(missing_ok=True)
                    os.close(handle)
                    continue
                if handle is not None:
                    os.utime(handle)
                    return handle, False
                part = _locked(path.with_name(path.name + PART), fcntl.LOCK_EX, create=True)
            # None: another process has just finished the part, or thrown it away.
            if part is not None and (handle := self._finished(part, path, size, fetch, intact)) is not None:
                return handle, True

    def _finished(
        self, handle: int, path: Path, size: int, fetch: Fetch, intact: Callable[[Path], bool] | None
    ) -> int | None:
        """Fetch what is missing of a locked part and make it the copy; None if it was thrown away at once.

        What came stays where fetching breaks off, for the next one who asks; but not on a full disk.
        """
        part = path.with_name(path.name + PART)
        try:
            begun = self._fill(handle, size, fetch)
            if begun and intact is not None and not intact(part):
                os.ftruncate(handle, 0)
                self._fill(handle, size, fetch)
            with translated():
                os.fsync(handle)  # a name without its bytes would be believed after a power cut
                part.rename(path)
                fcntl.flock(handle, fcntl.LOCK_SH)
        except DiskFull:
            part.unlink(missing_ok=True)
            os.close(handle)
            raise
        except BaseException:
            os.close(handle)
            raise
        if _is_at(handle, path):
            return handle
        os.close(handle)  # gone in the moment in which the lock was changed
        return None

    def _fill(self, handle: int, size: int, fetch: Fetch) -> int:
        """Fetch the rest of a part; how much of it was there before."""
        begun = at = os.fstat(handle).st_size
        if begun > size:
            os.ftruncate(handle, 0)
            begun = at = 0
        self._make_room(size - at)
        blocks = fetch(at) if at < size else iter(())
        for block in blocks:
            with translated():
                at += _written(handle, block, at)
        if at != size:
            os.ftruncate(handle, 0)
            raise StorageFailed(SHORT, detail=f"{at} of {size} bytes")
        return begun

    def _make_room(self, coming: int) -> None:
        """Remove unused copies until all fit, and ``coming`` bytes fit on the disk. Raises DiskFull."""
        copies = self._copies()
        total = sum(c.size for c in copies)
        # What can't be kept anyway goes before it drives out everything else.
        for copy in sorted(copies, key=lambda c: (c.size <= self.most_bytes, c.used_at)):
            if total <= self.most_bytes and self._free() >= coming:
                return
            if self._dropped(copy.path):
                total -= copy.size
        if self._free() < coming:
            raise DiskFull(detail=f"{coming} bytes for a copy of a stored file, {self._free()} free")

    def _copies(self) -> list[Copy]:
        """Every copy; one on its way counts with what it will take, so that two at once don't overrun the bound."""
        found = []
        with suppress(FileNotFoundError):
            for path in self.folder.iterdir():
                digits = path.name.removesuffix(PART).rpartition("-")[2]
                with suppress(FileNotFoundError):
                    if digits.isdigit():
                        found.append(Copy(path, int(digits), path.stat().st_mtime))
        return found

    def _dropped(self, path: Path) -> bool:
        """Remove a copy unless it is in use or being fetched. Returns whether it is gone."""
        try:
            handle = _locked(path, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        if handle is None:
            return True
        path.unlink(missing_ok=True)
        os.close(handle)
        return True

    def _free(self) -> int:
        with translated():
            return shutil.disk_usage(self.folder).free


def _locked(path: Path, how: int, *, create: bool = False) -> int | None:
    """A handle with this lock; None if there is no such file, or it was removed before it could be locked."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CLOEXEC | (os.O_CREAT if create else 0), 0o600)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(handle, how)
        if _is_at(handle, path):
            return handle
    except BaseException:
        os.close(handle)
        raise
    os.close(handle)
    return None


def _is_at(handle: int, path: Path) -> bool:
    try:
        return os.fstat(handle).st_ino == path.stat().st_ino
    except FileNotFoundError:
        return False


def _written(handle: int, block: bytes, at: int) -> int:
    view = memoryview(block)
    while view:
        done = os.pwrite(handle, view, at)
        view, at = view[done:], at + done
    return len(block)
