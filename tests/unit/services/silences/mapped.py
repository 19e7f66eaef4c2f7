"""A mapped recording of one minute, for tests of silences and waveforms."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from clipper_core.adapters.store.local import LocalStorage
from clipper_core.db.map_rows import map_row
from clipper_core.db.models import Asset, Project, SilenceMapRow
from clipper_core.db.session import Database
from clipper_core.domain.envelope import Envelope
from clipper_core.domain.silence import SilenceSettings
from clipper_core.services.assets.files import Files
from clipper_core.services.assets.measured import MeasuredArtifacts
from clipper_core.services.silences.peaks import Peaks
from clipper_core.services.silences.settings import Silences
from clipper_core.stages.silence.find import find_silences

LENGTH_MS = 60_000


class NotingStorage(LocalStorage):
    """A store that notes which bytes were read."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.reads: list[tuple[int, int | None]] = []

    def read(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        self.reads.append((start, end))
        return super().read(key, start, end)


def envelope() -> Envelope:
    """Speech, with a pause of 0.5 s in every third second, and one of 3 s at 30 s."""
    rng = np.random.default_rng(4)
    level = (-2_000 + 600 * np.sin(np.arange(LENGTH_MS // 10) / 4) + rng.normal(0, 60, LENGTH_MS // 10)).astype(
        np.int16
    )
    for at in range(100, len(level), 300):
        level[at : at + 50] = -6_000 + rng.normal(0, 60, 50)
    level[3_000:3_300] = -6_000
    high = np.full(len(level), 40, np.int8)
    return Envelope(level, -high, high, LENGTH_MS, 48_000, 1)


class House:
    """A recording with a silence map and its speech sound at 16 kHz."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.storage = NotingStorage(folder / "files")
        self.files = Files(database, self.storage)
        self.evidence = MeasuredArtifacts(database, self.files)
        self.silences = Silences(database, self.evidence)
        self.peaks = Peaks(self.evidence, self.files)
        self.sound = (np.sin(np.arange(LENGTH_MS * 16) / 16_000 * 2 * np.pi * 200) * 16_384).astype("<i2")
        self.store(folder, "ast_map", envelope().to_bytes())
        self.store(folder, "ast_other", envelope().to_bytes())
        self.store(folder, "ast_speech", self.sound.tobytes())
        found = find_silences(envelope(), SilenceSettings())
        with database.write() as session:
            session.add(map_row("map_1", "prj_1", "ast_map", found))
            session.add(map_row("map_other", "prj_1", "ast_other", found))
            project = session.get_one(Project, "prj_1")
            project.map_id, project.speech_id = "map_1", "ast_speech"

    def store(self, folder: Path, name: str, data: bytes) -> None:
        (folder / name).write_bytes(data)
        self.storage.put(folder / name, name)
        with self.database.write() as session:
            session.add(Asset(id=name, project_id="prj_1", kind="map", key=name, mime="x/y", size=len(data)))

    def project(self) -> Project:
        with self.database.read() as session:
            return session.get_one(Project, "prj_1")

    def rows(self) -> int:
        with self.database.read() as session:
            return session.query(SilenceMapRow).count()
