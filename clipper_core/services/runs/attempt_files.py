"""The files of one attempt at a task: a scratch folder while it runs, and what it puts into the store."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from clipper_core.adapters.store.storage import Storage
from clipper_core.db.models import Asset
from clipper_core.services.assets import NewFile
from clipper_core.services.runs.tasks import Claim


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """The scratch folder of an attempt that may have been killed. ``attempt`` is None where the name says nothing."""

    folder: Path
    task_id: str
    attempt: int | None


class AttemptFiles:
    """Keeps the files of attempts apart, so that those of one that came to nothing can be removed."""

    def __init__(self, storage: Storage, scratch: Path) -> None:
        self._storage = storage
        self._scratch = scratch

    @contextmanager
    def folder(self, claim: Claim) -> Iterator[Path]:
        """An empty folder for this attempt, removed at the end. A process that is killed leaves it behind."""
        folder = self._scratch / _name(claim.id, claim.attempt)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def store(self, claim: Claim, files: Sequence[NewFile]) -> dict[str, Asset]:
        """Put files into the store under this attempt's own keys. The assets, by name, are not in the database yet."""
        assets: dict[str, Asset] = {}
        for file in files:
            asset = Asset(
                id=file.id,
                project_id=claim.project_id,
                kind=file.kind,
                key=f"{_stored_at(claim.project_id, claim.id, claim.attempt)}/{file.name}",
                mime=file.mime,
                filename=file.filename,
                size=0,
            )
            asset.size = self._storage.put(file.path, asset.key)
            assets[file.name] = asset
        return assets

    def remove(self, claim: Claim, attempt: int) -> None:
        """Remove everything that an attempt at the claimed task left, in the store and here."""
        self.remove_stored(claim.project_id, claim.id, attempt)
        shutil.rmtree(self._scratch / _name(claim.id, attempt), ignore_errors=True)

    def remove_stored(self, project_id: str, task_id: str, attempt: int) -> None:
        """Remove everything that an attempt put into the store.

        Args:
            project_id: The recording of the task.
            task_id: The task.
            attempt: The attempt's number, from 1.
        """
        self._storage.delete_folder(_stored_at(project_id, task_id, attempt))

    def left_behind(self) -> list[LeftBehind]:
        """The scratch folders there are. Every attempt has one from its first moment."""
        folders = list(self._scratch.iterdir()) if self._scratch.is_dir() else []
        return [_left_behind(folder) for folder in folders]


def _left_behind(folder: Path) -> LeftBehind:
    task_id, _, attempt = folder.name.rpartition("-")
    return LeftBehind(folder, task_id, int(attempt) if attempt.isdigit() else None)


def _name(task_id: str, attempt: int) -> str:
    return f"{task_id}-{attempt}"


def _stored_at(project_id: str, task_id: str, attempt: int) -> str:
    return f"projects/{project_id}/{_name(task_id, attempt)}"
