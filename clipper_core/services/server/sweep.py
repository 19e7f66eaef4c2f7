"""Removes stored files that no row names, and the leftovers of interrupted writes."""

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


class StoreSweeper:
    """Removes the files of dead attempts, found by their keys ``projects/{project}/{task}-{attempt}/…``."""

    def __init__(self, database: Database, storage: Storage) -> None:
        self._database = database
        self._storage = storage

    def sweep(self, older_than_s: float = 86_400) -> int:
        """Remove the old files of attempts that this database knows to be dead. Returns how many files went.

        Nothing else is touched: another database (a copy of this one, or one that everything was moved to) may name
        files in the same store. Raises StorageFailed.
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
        """The keys that no asset has, of attempts that failed, were cancelled, or were followed by another."""
        matches = {file.key: match for file in files if (match := ATTEMPT.match(file.key))}
        with self._database.read() as session:
            wanted = select(Task).where(Task.id.in_({m["task"] for m in matches.values()}))
            tasks = {task.id: task for task in session.scalars(wanted)}
            named = set(session.scalars(select(Asset.key).where(Asset.key.in_(matches))))
        return [k for k, m in matches.items() if k not in named and _is_over(tasks.get(m["task"]), int(m["attempt"]))]


def _is_over(task: Task | None, attempt: int) -> bool:
    if task is None or attempt > task.attempt:
        return False
    return attempt < task.attempt or task.state in (TaskState.FAILED, TaskState.CANCELLED)
