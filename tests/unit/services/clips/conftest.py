"""A recording of ten minutes that was mapped, with the services that change its clips and notes."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from sqlalchemy.orm import Session

from clipper_core.db.models import Clip, ClipVersion, Project, Task
from clipper_core.db.session import Database
from clipper_core.domain.clip import ClipStatus
from clipper_core.domain.time_range import TimeRange
from clipper_core.services.assets.measured import CertifiedCuts
from clipper_core.services.clips.notes import Notes
from clipper_core.services.clips.review import Clips


class NoCertificates:
    def certified(self, project_id: str, ranges: Sequence[TimeRange]) -> CertifiedCuts:
        return CertifiedCuts((), "map_1", None)

    def words_changed(self, before_id: str | None, now_id: str | None, ranges: Sequence[TimeRange]) -> bool:
        return False


class Listener:
    """Keeps what it was told about decisions."""

    def __init__(self) -> None:
        self.told: list[ClipStatus] = []

    def decided(self, session: Session, clip: Clip, version: ClipVersion, status: ClipStatus) -> list[Task]:
        self.told.append(status)
        return []

    def ring(self, tasks: Sequence[Task]) -> None:
        pass


@pytest.fixture
def database(database: Database) -> Database:
    """With a recording of ten minutes that was mapped."""
    with database.write() as session:
        project = session.get_one(Project, "prj_1")
        project.media, project.map_id = {"duration_ms": 600_000}, "map_1"
    return database


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
def clips(database: Database, listener: Listener) -> Clips:
    return Clips(database, NoCertificates(), listener)


@pytest.fixture
def notes(database: Database) -> Notes:
    """On a recording of a minute with one clip."""
    with database.write() as session:
        session.get_one(Project, "prj_1").media = {"duration_ms": 60_000}
        session.add(Clip(id="clp_1", project_id="prj_1", origin="manual", reasons=[], alternatives=[]))
        session.flush()
        version = ClipVersion(id="ver_1", clip_id="clp_1", number=1, title="T", ranges=[[0, 9_000]], cuts=[])
        version.preset, version.created_by = "source", "Ana"
        session.add(version)
    return Notes(database)
