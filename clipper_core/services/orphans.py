"""Stored files that nothing names any more, and what puts that were broken off left behind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import islice

from sqlalchemy import select

from clipper_core.adapters.storage import Storage, StoredFile
from clipper_core.db.models import Asset, Project, now
from clipper_core.db.session import Database
from clipper_core.domain.ids import SAMPLE_PROJECT

ROOT = "projects/"
AT_ONCE = 400  # keys in one question: fewer than SQLite takes


class Orphans:
    """Finds them by their keys, ``projects/{project}/…``, and removes them."""

    def __init__(self, database: Database, storage: Storage) -> None:
        self._database = database
        self._storage = storage

    def sweep(self, older_than_s: float = 86_400) -> int:
        """Remove files older than this that no asset names, of projects this database knows; how many things went.

        A project it does not know may be another Clipper's with the same bucket, or an upload's that becomes one only
        now; the sample is in every Clipper. Younger files may be about to be named. Raises StorageFailed.
        """
        before = now() - timedelta(seconds=older_than_s)
        old = (file for file in self._storage.files(ROOT) if file.stored_at < before)
        removed = 0
        while some := list(islice(old, AT_ONCE)):
            for key in self._unnamed(some):
                self._storage.delete(key)
                removed += 1
        return removed + self._storage.sweep(older_than_s)

    def _unnamed(self, files: Sequence[StoredFile]) -> Iterator[str]:
        """Those keys of known projects that no asset has."""
        keys = {file.key: _project_of(file.key) for file in files}
        with self._database.read() as session:
            known = set(session.scalars(select(Project.id).where(Project.id.in_(set(keys.values())))))
            named = set(session.scalars(select(Asset.key).where(Asset.key.in_(keys))))
        known.discard(SAMPLE_PROJECT)
        return (key for key, project in keys.items() if project in known and key not in named)


def _project_of(key: str) -> str:
    return key.removeprefix(ROOT).partition("/")[0]
