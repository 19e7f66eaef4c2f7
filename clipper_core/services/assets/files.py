"""Files of a recording: those a step has made, and those in the store, by asset id."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import select

from clipper_core.adapters.store.storage import Storage
from clipper_core.db.models import Asset
from clipper_core.db.session import Database
from clipper_core.domain.ids import new_id
from clipper_core.errors import StoredFileMissing


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file a step made: ``name`` is how the step speaks of it, ``filename`` what a download is called."""

    name: str
    kind: str
    path: Path
    mime: str
    filename: str | None = None
    id: str = field(default_factory=lambda: new_id("ast"))


class Files:
    """Stored files by asset id, for steps."""

    def __init__(self, database: Database, storage: Storage) -> None:
        self._database = database
        self._storage = storage

    @contextmanager
    def path(self, asset_id: str) -> Iterator[Path]:
        """The asset as a local file, for reading. Raises StoredFileMissing."""
        with self._storage.local(self._key(asset_id)) as path:
            yield path

    def _key(self, asset_id: str) -> str:
        with self._database.read() as session:
            key = session.scalar(select(Asset.key).where(Asset.id == asset_id))
        if key is None:
            raise StoredFileMissing(detail=asset_id)
        return key

    def part(self, asset_id: str, start: int, end: int) -> bytes:
        """A part of a file's bytes, and no others; less where the file ends before.

        Args:
            asset_id: The asset.
            start: The first byte, from 0.
            end: The byte after the last.

        Raises:
            StoredFileMissing: There is no such asset, or its file is gone.
        """
        return b"".join(self._storage.read(self._key(asset_id), start, end))

    def json(self, asset_id: str) -> Any:
        with self.path(asset_id) as path, gzip.open(path, "rt", encoding="utf-8") as file:
            return json.load(file)


def write_json(path: Path, value: Any) -> Path:
    with gzip.open(path, "wt", encoding="utf-8", compresslevel=5) as file:
        file.write(json.dumps(value, ensure_ascii=False, separators=(",", ":")))  # at once: five times as fast
    return path
