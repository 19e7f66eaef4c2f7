"""Exports: every approved render of a project in one zip."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator

from sqlalchemy import select

from clipper_core.adapters.store.storage import Storage
from clipper_core.db import lookups
from clipper_core.db.models import Asset, Render
from clipper_core.db.session import Database
from clipper_core.domain.task import TaskState
from clipper_core.errors import NotReady
from clipper_core.services.renders import RenderView, is_approved


class Exports:
    """Bundles what is approved and rendered."""

    def __init__(self, database: Database, storage: Storage) -> None:
        self._database = database
        self._storage = storage

    def bundle(self, project_id: str, renders: list[RenderView]) -> tuple[str, Iterator[bytes]]:
        """Zip the project's approved renders and their captions.

        Args:
            project_id: The recording.
            renders: Its renders.

        Returns:
            The zip's name, and its bytes, made while they are read.

        Raises:
            ProjectNotFound: The recording is gone.
            NotReady: No approved version is rendered yet.
        """
        with self._database.read() as session:
            project = lookups.project(session, project_id)
            wanted = {
                i: r.id
                for r in renders
                if r.state is TaskState.SUCCEEDED and r.still_approved
                for i in (r.asset_id, r.captions_id)
                if i
            }
            assets = {a.id: a for a in session.scalars(select(Asset).where(Asset.id.in_(wanted)))}
        if not assets:
            raise NotReady("No approved clip has been rendered yet. Approve one, and wait for its file.")
        return f"{project.title}.zip", self._zipped([(r, assets[i]) for i, r in wanted.items() if i in assets])

    def _zipped(self, files: list[tuple[str, Asset]]) -> Iterator[bytes]:
        """The zip's bytes, with one block of a file in memory at a time.

        A file whose approval ended while those before it were sent is left out.
        """
        sink = _Sink()
        taken: set[str] = set()
        # Stored, not packed: media does not get smaller.
        with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:
            for render_id, asset in files:
                if not self._is_approved(render_id):
                    continue
                name = _free_name(asset.filename or asset.id, taken)
                info = zipfile.ZipInfo(name, asset.created_at.timetuple()[:6])
                with archive.open(info, "w", force_zip64=asset.size >= 1 << 31) as entry:
                    for block in self._storage.read(asset.key):
                        entry.write(block)
                        yield sink.take()
        yield sink.take()

    def _is_approved(self, render_id: str) -> bool:
        with self._database.read() as session:
            return is_approved(session, [session.get_one(Render, render_id)])


class _Sink(io.RawIOBase):
    """A buffer for a zip that is sent while it is written: it can't be sought in."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        part = bytes(data)  # type: ignore[call-overload]
        self._parts.append(part)
        return len(part)

    def take(self) -> bytes:
        out = b"".join(self._parts)
        self._parts.clear()
        return out


def _free_name(name: str, taken: set[str]) -> str:
    """``name``, numbered if a name equal but for its case is taken. Adds it to ``taken``."""
    stem, dot, ending = name.rpartition(".")
    number, free = 1, name
    while free.casefold() in taken:
        number += 1
        free = f"{stem} {number}{dot}{ending}"
    taken.add(free.casefold())
    return free
