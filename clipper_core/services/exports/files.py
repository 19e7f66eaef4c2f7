"""Stored files as faces serve them: which may be seen, as what, and their bytes."""

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
from clipper_core.services.projects.views import served_mime
from clipper_core.services.renders.renders import is_approved

SERVED = ("source", "preview", "render", "captions")
RENDERED = ("render", "captions")


@dataclass(frozen=True, slots=True)
class MediaFile:
    """One stored file: its size in bytes, what it is, and what a download of it is called.

    ``of_approval`` says that it is served only as long as the version it was made of is approved.
    """

    id: str
    key: str
    mime: str
    size: int
    filename: str | None
    created_at: datetime
    of_approval: bool = False


class Media:
    def __init__(self, database: Database, storage: Storage) -> None:
        self._database = database
        self._storage = storage

    def get(self, asset_id: str) -> MediaFile:
        """Raises AssetNotFound, also for files that are nobody's to see and those of deleted recordings.

        A rendered file leaves only while its version is approved: raises NoLongerApproved.
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
        return MediaFile(asset.id, asset.key, mime, asset.size, asset.filename, asset.created_at, bool(renders))

    def on_disk(self, file: MediaFile) -> Path | None:
        """Where the file lies here, if the store keeps it as a file on this computer. Raises StoredFileMissing."""
        return self._storage.on_disk(file.key)

    def link(self, file: MediaFile, *, mime: str, disposition: str) -> str | None:
        """An address at the store itself that is good for a while; None if the file goes through us."""
        return self._storage.link(file.key, mime=mime, disposition=disposition)

    def read(self, file: MediaFile, start: int, end: int) -> Iterator[bytes]:
        """The bytes from ``start`` up to ``end`` in blocks. Raises StoredFileMissing."""
        return self._storage.read(file.key, start, end)


def _renders_of(session: Session, asset: Asset) -> list[Render]:
    """The renders a file came of; none for captions that were handed in."""
    named = or_(Render.asset_id == asset.id, Render.captions_id == asset.id)
    return list(session.scalars(select(Render).where(Render.project_id == asset.project_id, named)))
