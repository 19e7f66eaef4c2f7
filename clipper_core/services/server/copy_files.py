"""Copies stored files from one file store to another and checks each. The old store is only read."""

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
    """A stored file that a row names: ``size`` in bytes as the row has it, ``title`` of its recording."""

    key: str
    size: int
    kind: str
    title: str


@dataclass(frozen=True, slots=True)
class Flaw:
    """A file that was damaged before the move: missing, or of another size than its row has."""

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
class CopyReport:
    """Counts of the files copied, their bytes and the files that were there already; and the damaged ones."""

    copied: int = 0
    bytes: int = 0
    already: int = 0
    flaws: tuple[Flaw, ...] = ()


def named_files(session: Session) -> list[NamedFile]:
    """Every file that a row names, those of deleted recordings too."""
    query = select(Asset.key, Asset.size, Asset.kind, Project.title).join(Project, Project.id == Asset.project_id)
    return [NamedFile(*row) for row in session.execute(query.order_by(Asset.key))]


class FileCopier:
    """Copies files through ``staging``, a folder of its own on a disk with room for the largest file.

    A store takes a file whole or not at all and a key is never used twice, so a file of the right size is done.
    """

    def __init__(self, source: Storage, target: Storage, staging: Path) -> None:
        self._source = source
        self._target = target
        self._staging = staging
        self._count_bytes: Callable[[int], None] = lambda _bytes: None

    def copy(self, files: Sequence[NamedFile], progress: Callable[[float], None]) -> CopyReport:
        """Copy every file and report the share done (0-1). Raises DiskFull, StorageFailed and its kinds."""
        there = {f.key: f.size for f in self._target.files(PREFIX)}
        wanted = [f for f in files if there.get(f.key) != f.size]
        sizes = {f.key: f.size for f in files if there.get(f.key) == f.size}
        already = len(sizes)
        self._check_room(wanted)
        self._report_to(progress, sum(sizes.values()), sum(f.size for f in files))
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
        return CopyReport(len(copied), sum(copied), already, tuple(flaws))

    def _report_to(self, progress: Callable[[float], None], done: int, total: int) -> None:
        def add(more: int) -> None:
            nonlocal done
            done += more
            progress(min(1.0, done / max(total, 1)))

        self._count_bytes = add
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
        """List the new store and compare. Raises StorageFailed if a file is missing or of another size."""
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
                self._count_bytes(staged.stat().st_size)
            else:
                self._stream(key, staged)
            return self._target.put(staged, key)
        finally:
            staged.unlink(missing_ok=True)

    def _linked(self, key: str, staged: Path) -> bool:
        """Hard-link the file where the target only reads it, in place of a copy. False if it must be copied."""
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
                self._count_bytes(len(block))
            file.flush()
            os.fsync(file.fileno())
            # Drop it from the page cache, so that the comparison reads the disk.
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        if _digest(staged) != sent.digest():
            raise StorageFailed(
                "A copied file did not read back as it was written. Check the disk, then run the same command again.",
                detail=key,
            )

    def _clear(self) -> None:
        """Make the staging folder, or empty it: a move that was killed may have left a file."""
        shutil.rmtree(self._staging, ignore_errors=True)
        with translated():
            self._staging.mkdir(parents=True, exist_ok=True)


def _digest(path: Path) -> bytes:
    read = hashlib.sha256()
    with translated(), path.open("rb") as file:
        while block := file.read(BLOCK):
            read.update(block)
    return read.digest()
