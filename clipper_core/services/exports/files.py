"""Stored files as they are served: which may be downloaded, as which type, and their bytes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from clipper_core.adapters.store.storage import Storage
from clipper_core.db.models import Asset, Project, Render
from clipper_core.db.session import Database
from clipper_core.errors import AssetNotFound, NoLongerApproved
from clipper_core.services.projects import served_mime
from clipper_core.services.renders import is_approved

SERVED = ("source", "preview", "render", "captions")
RENDERED = ("render", "captions")


@dataclass(frozen=True, slots=True)
class ServedFile:
    """One stored file: its size in bytes, its media type, and the name of a download.

    With ``of_approval`` it is served only while the version it was rendered from is approved.
    """

    id: str
    key: str
    mime: str
    size: int
    filename: str | None
    created_at: datetime
    of_approval: bool = False


class ServedFiles:
    def __init__(self, database: Database, storage: Storage) -> None:
        self._database = database
        self._storage = storage

    def get(self, asset_id: str) -> ServedFile:
        """A file that may be served.

        Raises AssetNotFound, also for kinds that are never served and for deleted recordings; NoLongerApproved for a
        rendered file whose version is not approved now.
        """
        with self._database.read() as session:
            row = session.execute(
                select(Asset, Project).join(Project, Project.id == Asset.project_id).where(Asset.id == asset_id)
            ).first()
            if row is None or row.Asset.kind not in SERVED or row.Project.deleted_at is not None:
                raise AssetNotFound
            asset = row.Asset
            renders = _renders_of(session, asset) if asset.kind in RENDERED else []
            if renders and not is_approved(session, renders):
                raise NoLongerApproved
        mime = served_mime(row.Project) if asset.kind == "source" else asset.mime
        return ServedFile(asset.id, asset.key, mime, asset.size, asset.filename, asset.created_at, bool(renders))

    def on_disk(self, file: ServedFile) -> Path | None:
        """The file's path, if the store keeps it on this computer. Raises StoredFileMissing."""
        return self._storage.on_disk(file.key)

    def link(self, file: ServedFile, *, mime: str, disposition: str) -> str | None:
        """A temporary address of the file in the store itself; None if it must be read through us.

        Args:
            file: The file to link to.
            mime: The Content-Type of the store's answer.
            disposition: Its Content-Disposition.
        """
        return self._storage.link(file.key, mime=mime, disposition=disposition)

    def read(self, file: ServedFile, start: int, end: int) -> Iterator[bytes]:
        """A part of a file's bytes, in blocks.

        Args:
            file: The file to read.
            start: The first byte, from 0.
            end: The byte after the last.

        Raises:
            StoredFileMissing: The file is gone from the store.
        """
        return self._storage.read(file.key, start, end)


def _renders_of(session: Session, asset: Asset) -> list[Render]:
    """The renders that made a file; none for captions that were uploaded."""
    named = or_(Render.asset_id == asset.id, Render.captions_id == asset.id)
    return list(session.scalars(select(Render).where(Render.project_id == asset.project_id, named)))
