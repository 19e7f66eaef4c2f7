"""A project's silence map, envelope and words, as cuts are certified by them.

Maps and transcripts never change under their id, so the newest few are kept in memory.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from clipper_core.db import lookups
from clipper_core.db.map_rows import map_of_row
from clipper_core.db.models import SilenceMapRow, TranscriptRow
from clipper_core.db.session import Database
from clipper_core.domain.cut import Cut
from clipper_core.domain.documents import transcript_from_json
from clipper_core.domain.envelope import Envelope
from clipper_core.domain.silence import SilenceMap
from clipper_core.domain.time_range import TimeRange
from clipper_core.domain.transcript import Transcript, wording
from clipper_core.errors import Failed
from clipper_core.services.assets.files import Files
from clipper_core.stages.cuts.snap import certify_ranges, snap

MAX_KEPT = 16
MAX_ENVELOPES = 8  # of which twelve hours take 30 MB each
MAX_COMPARISONS = 4096  # a few bytes each, and a clip list asks for one per clip
MAX_WORDINGS = 2 * MAX_COMPARISONS


@dataclass(frozen=True, slots=True)
class CertifiedCuts:
    """The cuts of some ranges with their certificates, and the map and transcript these rest on."""

    cuts: tuple[Cut, ...]
    map_id: str
    transcript_id: str | None


class MeasuredArtifacts:
    """A cache of silence maps, envelopes and transcripts."""

    def __init__(self, database: Database, files: Files) -> None:
        self._database = database
        self._files = files
        self.silence_map = lru_cache(MAX_KEPT)(self._silence_map)
        self.transcript = lru_cache(MAX_KEPT)(self._transcript)
        self._fresh_transcripts: dict[str, Transcript] = {}  # stored a moment ago, and not read yet
        self.asset_of = lru_cache(256)(self._asset_of)
        self._envelopes = lru_cache(MAX_ENVELOPES)(self._envelope)
        self._comparisons = lru_cache(MAX_COMPARISONS)(self._compare)
        self._wordings = lru_cache(MAX_WORDINGS)(self._wording_of)

    def envelope(self, map_id: str) -> Envelope:
        """The envelope a map was found in; maps over the same one share it."""
        stored: Envelope = self._envelopes(self.asset_of(map_id))
        return stored

    def certified(self, project_id: str, ranges: Sequence[TimeRange]) -> CertifiedCuts:
        """The certificates of these ranges' edges. Raises ProjectNotFound, NotReady before the map is there."""
        map_id, transcript_id = self._ids_in_use(project_id)
        words = self.transcript(transcript_id) if transcript_id else None
        return CertifiedCuts(certify_ranges(ranges, self.silence_map(map_id), words), map_id, transcript_id)

    def measured(self, project_id: str) -> tuple[SilenceMap, Transcript | None]:
        """The map and the words in use. Raises as ``certified``."""
        map_id, transcript_id = self._ids_in_use(project_id)
        return self.silence_map(map_id), self.transcript(transcript_id) if transcript_id else None

    def snapped(self, project_id: str, span: TimeRange) -> TimeRange:
        """A roughly chosen range with its edges moved into the nearest good silences. Raises as ``certified``."""
        return snap(span, *self.measured(project_id))

    def words_changed(self, before_id: str | None, now_id: str | None, ranges: Sequence[TimeRange]) -> bool:
        """True if two transcripts have different words in these ranges.

        Args:
            before_id: The earlier transcript; None if there was none, which counts as different unless the newer one
                is a draft, which is never quoted.
            now_id: The newer transcript, if there is one.
            ranges: The ranges to compare, in ms of the recording.

        Returns:
            False also if a transcript's file can't be read.
        """
        if now_id is None or before_id == now_id:
            return False
        try:
            changed: bool = self._comparisons(before_id, now_id, tuple(ranges))
        except Failed:  # a list of clips must not fail for this
            return False
        return changed

    def _compare(self, before_id: str | None, now_id: str, ranges: tuple[TimeRange, ...]) -> bool:
        if before_id is None:
            newest = self.transcript(now_id)
            return not newest.draft and any(newest.words_between(r.start_ms, r.end_ms) for r in ranges)
        return any(self._wordings(before_id, r) != self._wordings(now_id, r) for r in ranges)

    def _wording_of(self, transcript_id: str, span: TimeRange) -> bytes:
        """A fingerprint of the words in a range: clips rest on more transcripts than are kept in memory."""
        return hashlib.sha256(repr(wording(self.transcript(transcript_id), span)).encode()).digest()

    def _ids_in_use(self, project_id: str) -> tuple[str, str | None]:
        with self._database.read() as session:
            project = lookups.mapped_project(session, project_id)
            assert project.map_id is not None
            return project.map_id, project.transcript_id

    def _silence_map(self, map_id: str) -> SilenceMap:
        with self._database.read() as session:
            row = session.get_one(SilenceMapRow, map_id)
        return map_of_row(row)

    def keep(self, transcript_id: str, transcript: Transcript) -> None:
        """Cache words that were just stored, so that they are not read again."""
        self._fresh_transcripts[transcript_id] = transcript
        self.transcript(transcript_id)

    def _transcript(self, transcript_id: str) -> Transcript:
        fresh = self._fresh_transcripts.pop(transcript_id, None)
        if fresh is not None:
            return fresh
        with self._database.read() as session:
            asset_id = session.get_one(TranscriptRow, transcript_id).asset_id
        return transcript_from_json(self._files.json(asset_id))

    def _asset_of(self, map_id: str) -> str:
        with self._database.read() as session:
            return session.get_one(SilenceMapRow, map_id).asset_id

    def _envelope(self, asset_id: str) -> Envelope:
        with self._files.path(asset_id) as path:
            return Envelope.from_bytes(path.read_bytes())
