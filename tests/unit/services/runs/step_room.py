"""A recording of 20 seconds with its files stored, for tests of steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from clipper_core.adapters.store.local import LocalStorage
from clipper_core.db.codecs import media_to_row
from clipper_core.db.map_rows import map_row
from clipper_core.db.models import Asset, Project
from clipper_core.db.session import Database
from clipper_core.domain.media import AudioTrack, MediaInfo
from clipper_core.domain.silence import Silence, SilenceMap
from clipper_core.domain.task_inputs import Inputs
from clipper_core.services.assets.files import Files
from clipper_core.services.assets.measured import MeasuredArtifacts
from clipper_core.services.runs.tasks import Claim
from clipper_core.services.runs.worker import Outcome, TaskContext

SILENCES = SilenceMap(20_000, (Silence(9_500, 10_500, -60.0),))


class StepRoom:
    def __init__(self, database: Database, folder: Path) -> None:
        self.database, self.folder = database, folder
        self.storage = LocalStorage(folder / "files")
        self.storage.prepare()
        self.files = Files(database, self.storage)
        self.measured = MeasuredArtifacts(database, self.files)
        self.reports: list[float] = []

    def store(self, name: str, content: bytes) -> str:
        path = self.folder / "content"
        path.write_bytes(content)
        self.storage.put(path, name)
        with self.database.write() as session:
            session.add(Asset(id=f"ast_{name}", project_id="prj_1", kind=name, key=name, mime="x/y", size=len(content)))
        return f"ast_{name}"

    def furnish(self) -> None:
        """The recording as probed and mapped, with speech sound of silence."""
        self.store("source", b"RIFF")
        self.store("map", b"")
        self.store("speech", bytes(20_000 * 32))
        with self.database.write() as session:
            session.add(map_row("map_1", "prj_1", "ast_map", SILENCES))
            media = MediaInfo(20_000, "wav", (AudioTrack(0, "pcm_s16le", 8_000, 1),))
            session.get_one(Project, "prj_1").media = media_to_row(media)

    def context(self, inputs: Inputs) -> TaskContext[Any]:
        folder = self.folder / "scratch"
        folder.mkdir(exist_ok=True)
        claim = Claim("tsk_1", "tok_1", 1, inputs.kind, "prj_1", inputs.to_row())
        return TaskContext(claim, inputs, folder, self.reports.append)

    def save(self, outcome: Outcome) -> Project:
        """Store what a step made as a worker does; the project as it is then."""
        with self.database.write() as session:
            assets = {
                f.name: Asset(id=f.id, project_id="prj_1", kind=f.kind, key=f.id, mime=f.mime, size=1)
                for f in outcome.files
            }
            session.add_all(assets.values())
            session.flush()
            outcome.save(session, session.get_one(Project, "prj_1"), assets)
        with self.database.read() as session:
            return session.get_one(Project, "prj_1")
