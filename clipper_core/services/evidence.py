"""A project's silence map, level envelope and words, loaded where something is measured against them.

Maps and transcripts never change under their id, so the newest few are kept in memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from clipper_core.db.models import Project, SilenceMapRow, TranscriptRow
from clipper_core.db.session import Database
from clipper_core.domain.cut import Cut
from clipper_core.domain.documents import transcript_from_json
from clipper_core.domain.envelope import Envelope
from clipper_core.domain.silence import SilenceMap
from clipper_core.domain.time_range import TimeRange
from clipper_core.domain.transcript import Transcript
from clipper_core.errors import NotReady, ProjectNotFound
from clipper_core.services.map_rows import map_of_row
from clipper_core.services.work import Files
from clipper_core.stages.snap_cuts import certify_ranges, snap

NOT_MAPPED = "The silences of this recording are not mapped yet. Wait until the desk opens."
KEPT = 16
KEPT_ENVELOPES = 8  # of which twelve hours take 30 MB each


class Evidence:
    """What cuts are certified by, and what pages draw."""

    def __init__(self, database: Database, files: Files) -> None:
        self._database = database
        self._files = files
        self.silence_map = lru_cache(KEPT)(self._silence_map)
        self.transcript = lru_cache(KEPT)(self._transcript)
        self.asset_of = lru_cache(256)(self._asset_of)
        self._stored = lru_cache(KEPT_ENVELOPES)(self._envelope)

    def envelope(self, map_id: str) -> Envelope:
        """The envelope a map was found in; maps found in the same one share it."""
        found: Envelope = self._stored(self.asset_of(map_id))
        return found

    def certify(self, project_id: str, ranges: Sequence[TimeRange]) -> tuple[Cut, ...]:
        """The certificates of these ranges' edges. Raises ProjectNotFound, NotReady before the map is there."""
        map_id, transcript_id = self._of(project_id)
        words = self.transcript(transcript_id) if transcript_id else None
        return certify_ranges(ranges, self.silence_map(map_id), words)

    def snapped(self, project_id: str, span: TimeRange) -> TimeRange:
        """A roughly chosen stretch with its edges in the nearest good silences. Raises as ``certify``."""
        map_id, transcript_id = self._of(project_id)
        words = self.transcript(transcript_id) if transcript_id else None
        return snap(span, self.silence_map(map_id), words)

    def _of(self, project_id: str) -> tuple[str, str | None]:
        with self._database.read() as session:
            project = session.get(Project, project_id)
            if project is None:
                raise ProjectNotFound
            if project.map_id is None:
                raise NotReady(NOT_MAPPED)
            return project.map_id, project.transcript_id

    def _silence_map(self, map_id: str) -> SilenceMap:
        with self._database.read() as session:
            row = session.get_one(SilenceMapRow, map_id)
        return map_of_row(row)

    def _transcript(self, transcript_id: str) -> Transcript:
        with self._database.read() as session:
            asset_id = session.get_one(TranscriptRow, transcript_id).asset_id
        return transcript_from_json(self._files.json(asset_id))

    def _asset_of(self, map_id: str) -> str:
        with self._database.read() as session:
            return session.get_one(SilenceMapRow, map_id).asset_id

    def _envelope(self, asset_id: str) -> Envelope:
        with self._files.path(asset_id) as path:
            return Envelope.from_bytes(path.read_bytes())
