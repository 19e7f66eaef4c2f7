"""Stored files from one file store to another, each checked; the store they come from is only read."""

from __future__ import annotations

import hashlib
import os
import shutil
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from clipper_core.adapters.store.local import LocalStorage
from clipper_core.adapters.store.staging import translated
from clipper_core.adapters.store.storage import BLOCK, Storage
from clipper_core.db.models import Asset, Project
from clipper_core.errors import DiskFull, StorageFailed, StoredFileMissing

PREFIX = "projects/"
SPARE_BYTES = 200 << 20  # stays free on the disk


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A stored file that a row names: ``size`` is what the row says, ``title`` the recording's."""

    key: str
    size: int
    kind: str
    title: str


@dataclass(frozen=True, slots=True)
class Flaw:
    """A file that was not whole before the move: missing altogether, or of another size than its row says."""

    file: NamedFile
    missing: bool

    def to_json(self) -> dict[str, Any]:
        return {
            "key": self.file.key,
            "kind": self.file.kind,
            "title": self.file.title,
            "problem": "missing" if self.missing else "size",
        }


@dataclass(frozen=True, slots=True)
class Copied:
    """How many files were copied and their bytes, how many were there already, and what was not whole before."""

    copied: int = 0
    bytes: int = 0
    already: int = 0
    flaws: tuple[Flaw, ...] = ()


def named_files(session: Session) -> list[NamedFile]:
    """Every file a row names, deleted recordings' too."""
    query = select(Asset.key, Asset.size, Asset.kind, Project.title).join(Project, Project.id == Asset.project_id)
    return [NamedFile(*row) for row in session.execute(query.order_by(Asset.key))]


class FileMover:
    """Copies by way of ``staging``, a folder of its own on a disk with room for the largest file.

    The new store takes a file whole or not at all and a key is never used twice, so one of the right size is done.
    """

    def __init__(self, source: Storage, target: Storage, staging: Path) -> None:
        self._source = source
        self._target = target
        self._staging = staging
        self._say: Callable[[int], None] = lambda _bytes: None

    def copy(self, files: Sequence[NamedFile], say: Callable[[float], None]) -> Copied:
        """Bring every file over; ``say`` hears how far it is (0-1). Raises DiskFull, StorageFailed and its kinds."""
        there = {f.key: f.size for f in self._target.files(PREFIX)}
        wanted = [f for f in files if there.get(f.key) != f.size]
        sizes = {f.key: f.size for f in files if there.get(f.key) == f.size}
        already = len(sizes)
        self._check_room(wanted)
        self._report_to(say, sum(sizes.values()), sum(f.size for f in files))
        flaws: list[Flaw] = []
        self._clear()
        try:
            for file in wanted:
                try:
                    sizes[file.key] = self._copy(file.key)
                except StoredFileMissing:
                    flaws.append(Flaw(file, missing=True))
                    continue
                if sizes[file.key] != file.size:
                    flaws.append(Flaw(file, missing=False))
        finally:
            shutil.rmtree(self._staging, ignore_errors=True)
        self._check(sizes)
        copied = [sizes[f.key] for f in wanted if f.key in sizes]
        return Copied(len(copied), sum(copied), already, tuple(flaws))

    def _report_to(self, say: Callable[[float], None], done: int, total: int) -> None:
        def add(more: int) -> None:
            nonlocal done
            done += more
            say(min(1.0, done / max(total, 1)))

        self._say = add
        add(0)

    def _check_room(self, files: Iterable[NamedFile]) -> None:
        if not isinstance(self._target, LocalStorage):
            return
        needed, free = sum(f.size for f in files), self._target.free_bytes()
        if free < needed + SPARE_BYTES:
            raise DiskFull(
                f"There is not enough room: {needed / 1e9:.1f} GB are to be copied and {free / 1e9:.1f} GB are free. "
                "Free some space, then run the same command again."
            )

    def _check(self, sizes: dict[str, int]) -> None:
        """Look at the new store once more, with its own eyes."""
        there = {f.key: f.size for f in self._target.files(PREFIX)}
        if lost := [key for key, size in sizes.items() if there.get(key) != size]:
            raise StorageFailed(
                f"The new file store lacks {len(lost)} files it took. Check it, then run the same command again.",
                detail=", ".join(lost[:20]),
            )

    def _copy(self, key: str) -> int:
        staged = self._staging / uuid.uuid4().hex
        try:
            if self._linked(key, staged):
                self._say(staged.stat().st_size)
            else:
                self._stream(key, staged)
            return self._target.put(staged, key)
        finally:
            staged.unlink(missing_ok=True)

    def _linked(self, key: str, staged: Path) -> bool:
        """A second name for the file, for a store that only reads it and checks what it sent."""
        path = self._source.on_disk(key)
        if path is None or isinstance(self._target, LocalStorage):
            return False
        try:
            os.link(path, staged)
        except OSError:  # another disk, or one without hard links
            return False
        return True

    def _stream(self, key: str, staged: Path) -> None:
        sent = hashlib.sha256()
        with translated(), staged.open("wb") as file:
            for block in self._source.read(key):
                file.write(block)
                sent.update(block)
                self._say(len(block))
            file.flush()
            os.fsync(file.fileno())
            # So that what is compared comes from the disk, not from the memory it was written through.
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        if _digest(staged) != sent.digest():
            raise StorageFailed(
                "A copied file did not read back as it was written. Check the disk, then run the same command again.",
                detail=key,
            )

    def _clear(self) -> None:
        """The staging folder, there and empty: a move that was killed may have left a file."""
        shutil.rmtree(self._staging, ignore_errors=True)
        with translated():
            self._staging.mkdir(parents=True, exist_ok=True)


def _digest(path: Path) -> bytes:
    read = hashlib.sha256()
    with translated(), path.open("rb") as file:
        while block := file.read(BLOCK):
            read.update(block)
    return read.digest()
