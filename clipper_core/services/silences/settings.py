"""A recording's silences under settings of the user's choice: found again in its stored envelope, shown, and used."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from sqlalchemy import select
from sqlalchemy.orm import Session

from clipper_core.db import lookups
from clipper_core.db.map_rows import finder_of_row, map_row, settings_of_row
from clipper_core.db.models import Project, SilenceMapRow
from clipper_core.db.session import Database
from clipper_core.domain.envelope import Envelope
from clipper_core.domain.ids import new_id
from clipper_core.domain.loudness import Loudness
from clipper_core.domain.silence import FINDER, FLOOR_DB, SettingsFlaw, SettingsLimits, SilenceMap, SilenceSettings
from clipper_core.errors import Stale
from clipper_core.services.assets import MeasuredArtifacts
from clipper_core.stages.silence.contrast_in_pieces import contrast_of_levels
from clipper_core.stages.silence.find import find_silences, threshold_levels

MAX_KEPT = 8

LIMITS = SettingsLimits(
    {
        SettingsFlaw.THRESHOLD: "The threshold is a level in dBFS from -120 to 0, such as -40.",
        SettingsFlaw.OFFSET: "The offset moves the threshold by at most 20 dB up or down.",
        SettingsFlaw.BOTH: "An offset moves the threshold that follows the recording. Leave it out with a fixed one.",
        SettingsFlaw.LENGTH: "Silences and dead air are 10 to 600000 ms long.",
    },
    min_threshold_db=FLOOR_DB,
    min_ms=10,
    max_ms=600_000,
)

CHANGED = "Somebody changed the silences of this recording while you had it open. Look at them, then choose again."


@dataclass(frozen=True, slots=True)
class MapView:
    """A silence map, the revision of the map in use, and the recording's loudness."""

    revision: str
    silence_map: SilenceMap
    loudness: Loudness


class Silences:
    """Shows a project's silence map, tries others, and changes which one is used."""

    def __init__(self, database: Database, measured: MeasuredArtifacts) -> None:
        self._database = database
        self._measured = measured
        self._found = lru_cache(MAX_KEPT)(self._find)
        self._levels = lru_cache(MAX_KEPT)(self._find_levels)
        self._contrasted = lru_cache(MAX_KEPT)(self._contrast)

    def show(self, project_id: str, settings: SilenceSettings | None = None) -> MapView:
        """The map in use, or the one other settings would find. Stores nothing.

        Raises ProjectNotFound, NotReady before there is a map.
        """
        with self._database.read() as session:
            map_id = _map_of(lookups.mapped_project(session, project_id))
        return MapView(map_id, self.found(map_id, settings), self._measured.envelope(map_id).loudness)

    def found(self, map_id: str, settings: SilenceSettings | None = None) -> SilenceMap:
        """A stored map, or the one other settings find in its envelope, in milliseconds for hours of sound."""
        stored: SilenceMap = self._measured.silence_map(map_id)
        if settings is None or stored.answers(settings):
            return stored
        found: SilenceMap = self._found(map_id, settings)
        return found

    def levels(self, map_id: str, settings: SilenceSettings) -> npt.NDArray[np.float32] | None:
        """The threshold between silence and speech for each second, in dBFS; None if one level holds throughout."""
        levels: npt.NDArray[np.float32] | None = self._levels(map_id, settings)
        return levels

    def use(self, project_id: str, settings: SilenceSettings, expected_revision: str | None = None) -> MapView:
        """Make the map that these settings find the project's. Clips stay as they are.

        New cuts and proposals rest on it. Maps are kept, so settings that were used before get their map again.

        Args:
            project_id: The recording.
            settings: How silences are found.
            expected_revision: The map the client saw; None to skip the check.

        Raises:
            ProjectNotFound: The recording is gone.
            NotReady: It has no map yet.
            Stale: Another map is in use than the client saw, or a run replaced the envelope meanwhile.
        """
        with self._database.read() as session:
            before = _map_of(lookups.mapped_project(session, project_id))
        asset_id = self._measured.asset_of(before)
        found = self.found(before, settings)
        with self._database.write() as session:
            project = lookups.mapped_project(session, project_id, lock=True)
            now = _map_of(project)
            # A run may have mapped the recording again meanwhile: then this map rests on an old envelope.
            if (expected_revision is not None and expected_revision != now) or session.get_one(
                SilenceMapRow, now
            ).asset_id != asset_id:
                raise Stale(CHANGED)
            row = _stored(session, project_id, asset_id, settings)
            if row is None:
                row = map_row(new_id("map"), project_id, asset_id, found)
                session.add(row)
            if row.id != now:
                project.map_id = row.id
                project.revision += 1
            used = row.id
        return MapView(used, self.found(used), self._measured.envelope(used).loudness)

    def _find(self, map_id: str, settings: SilenceSettings) -> SilenceMap:
        return find_silences(self._contrasted(map_id), settings)

    def _find_levels(self, map_id: str, settings: SilenceSettings) -> npt.NDArray[np.float32] | None:
        return threshold_levels(self._contrasted(map_id), settings) if settings.threshold_db is None else None

    def _contrast(self, map_id: str) -> Envelope:
        """The envelope with its contrast: computed here for envelopes of earlier versions, which lack it."""
        envelope = self._measured.envelope(map_id)
        if envelope.contrast is not None:
            return envelope
        return replace(envelope, contrast=contrast_of_levels(envelope.level_cdb))


def checked_settings(
    threshold_db: float | None = None,
    offset_db: float | None = None,
    min_silence_ms: int | None = None,
    dead_air_ms: int | None = None,
) -> SilenceSettings:
    """Settings as the desk or the API asks for them.

    Args:
        threshold_db: A fixed threshold in dBFS (-120 to 0); None for the one that follows the recording.
        offset_db: dB (-20 to 20) added to the threshold that follows the recording; None for the default.
        min_silence_ms: The shortest silence in ms (10-600000); None for the default.
        dead_air_ms: The length in ms (10-600000) from which a silence is dead air; None for the default.

    Raises:
        BadSettings: A value is out of its range, or an offset comes with a fixed threshold.
    """
    return SilenceSettings.checked(LIMITS, threshold_db, offset_db, min_silence_ms, dead_air_ms)


def _stored(session: Session, project_id: str, asset_id: str, settings: SilenceSettings) -> SilenceMapRow | None:
    query = select(SilenceMapRow).where(SilenceMapRow.project_id == project_id, SilenceMapRow.asset_id == asset_id)
    rows = session.scalars(query.order_by(SilenceMapRow.created_at, SilenceMapRow.id))
    return next((r for r in rows if finder_of_row(r) == FINDER and settings_of_row(r) == settings), None)


def _map_of(project: Project) -> str:
    assert project.map_id is not None
    return project.map_id
