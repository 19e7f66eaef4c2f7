"""Stored files that nothing names any more, and what puts that were broken off left behind."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from itertools import islice

from sqlalchemy import select

from clipper_core.adapters.store.storage import Storage, StoredFile
from clipper_core.db.models import Asset, Task, now
from clipper_core.db.session import Database
from clipper_core.domain.task import TaskState

ROOT = "projects/"
ATTEMPT = re.compile(r"projects/[^/]+/(?P<task>[^/]+)-(?P<attempt>[0-9]{1,9})/")
AT_ONCE = 400  # keys in one question: fewer than SQLite takes


class Orphans:
    """Finds them by their keys, ``projects/{project}/{task}-{attempt}/…``, and removes them."""

    def __init__(self, database: Database, storage: Storage) -> None:
        self._database = database
        self._storage = storage

    def sweep(self, older_than_s: float = 86_400) -> int:
        """Remove files older than this of attempts this database knows to have come to nothing; how many things went.

        Nothing else is touched: what another database names (a copy of this one, or one everything was moved to) may
        lie in the same store. Raises StorageFailed.
        """
        before = now() - timedelta(seconds=older_than_s)
        old = (file for file in self._storage.files(ROOT) if file.stored_at < before and ATTEMPT.match(file.key))
        removed = 0
        while some := list(islice(old, AT_ONCE)):
            for key in self._dead(some):
                self._storage.delete(key)
                removed += 1
        return removed + self._storage.sweep(older_than_s)

    def _dead(self, files: Sequence[StoredFile]) -> list[str]:
        """The keys of attempts that were followed by another, or failed or were cancelled, and that no asset has."""
        found = {file.key: match for file in files if (match := ATTEMPT.match(file.key))}
        with self._database.read() as session:
            wanted = select(Task).where(Task.id.in_({m["task"] for m in found.values()}))
            tasks = {task.id: task for task in session.scalars(wanted)}
            named = set(session.scalars(select(Asset.key).where(Asset.key.in_(found))))
        return [k for k, m in found.items() if k not in named and _is_over(tasks.get(m["task"]), int(m["attempt"]))]


def _is_over(task: Task | None, attempt: int) -> bool:
    if task is None or attempt > task.attempt:
        return False
    return attempt < task.attempt or task.state in (TaskState.FAILED, TaskState.CANCELLED)
