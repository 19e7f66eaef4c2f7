"""The silences of a recording as people want them: found anew in its stored envelope, shown, and put to use."""

from __future__ import annotations

import math
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
from clipper_core.domain.silence import FINDER, MOST_OFFSET_DB, SilenceMap, SilenceSettings
from clipper_core.errors import BadSettings, Stale
from clipper_core.services.assets.measured import MeasuredArtifacts
from clipper_core.stages.silence.contrast_in_pieces import contrast_of_levels
from clipper_core.stages.silence.find import find_silences, threshold_levels

KEPT = 8
SHORTEST_MS, LONGEST_MS = 10, 600_000

CHANGED = "Somebody changed the silences of this recording while you had it open. Look at them, then choose again."


@dataclass(frozen=True, slots=True)
class MapView:
    """A silence map with its revision, or that of the stored map it was found beside, and how loud all of it is."""

    revision: str
    silence_map: SilenceMap
    loudness: Loudness


class Silences:
    """Shows a project's silence map, tries others, and changes which one is used."""

    def __init__(self, database: Database, measured: MeasuredArtifacts) -> None:
        self._database = database
        self._measured = measured
        self._found = lru_cache(KEPT)(self._find)
        self._levels = lru_cache(KEPT)(self._find_levels)
        self._contrasted = lru_cache(KEPT)(self._contrast)

    def show(self, project_id: str, settings: SilenceSettings | None = None) -> MapView:
        """The map in use, or what other settings would find; nothing is stored.

        Raises ProjectNotFound, NotReady before there is a map.
        """
        with self._database.read() as session:
            map_id = _map_of(lookups.mapped_project(session, project_id))
        return MapView(map_id, self.found(map_id, settings), self._measured.envelope(map_id).loudness)

    def found(self, map_id: str, settings: SilenceSettings | None = None) -> SilenceMap:
        """A stored map, or what other settings find in its envelope: milliseconds for hours."""
        stored: SilenceMap = self._measured.silence_map(map_id)
        if settings is None or stored.answers(settings):
            return stored
        found: SilenceMap = self._found(map_id, settings)
        return found

    def levels(self, map_id: str, settings: SilenceSettings) -> npt.NDArray[np.float32] | None:
        """The level that parts silence from speech in every second, in dBFS; None where one level does throughout."""
        levels: npt.NDArray[np.float32] | None = self._levels(map_id, settings)
        return levels

    def use(self, project_id: str, settings: SilenceSettings, seen: str | None = None) -> MapView:
        """Make what these settings find the project's map: for what is cut, placed and proposed from now on.

        Clips keep their versions, and these the certificates and the map they rest on. Maps are kept, so going back
        to settings that were used before takes that map again. ``seen`` is the revision somebody chose by.
        Raises ProjectNotFound, NotReady, Stale.
        """
        with self._database.read() as session:
            before = _map_of(lookups.mapped_project(session, project_id))
        asset_id = self._measured.asset_of(before)
        found = self.found(before, settings)
        with self._database.write() as session:
            project = lookups.mapped_project(session, project_id, lock=True)
            now = _map_of(project)
            # A run that mapped the recording anew meanwhile took away what was looked at.
            if (seen is not None and seen != now) or session.get_one(SilenceMapRow, now).asset_id != asset_id:
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
        """The envelope, with what an earlier version did not measure taken from its levels: once, not at each trial."""
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
    """Settings as somebody asked for them, the rest as usual. Raises BadSettings."""
    usual = SilenceSettings()
    offset = usual.offset_db if offset_db is None else offset_db
    shortest = usual.min_silence_ms if min_silence_ms is None else min_silence_ms
    dead_air = usual.dead_air_ms if dead_air_ms is None else dead_air_ms
    if threshold_db is not None and not (math.isfinite(threshold_db) and -120 <= threshold_db <= 0):
        raise BadSettings("The threshold is a level in dBFS from -120 to 0, such as -40.")
    if not (math.isfinite(offset) and abs(offset) <= MOST_OFFSET_DB):
        raise BadSettings("The offset moves the threshold by at most 20 dB up or down.")
    if threshold_db is not None and offset:
        raise BadSettings("An offset moves the threshold that follows the recording. Leave it out with a fixed one.")
    if not (SHORTEST_MS <= shortest <= LONGEST_MS and SHORTEST_MS <= dead_air <= LONGEST_MS):
        raise BadSettings("Silences and dead air are 10 to 600000 ms long.")
    return SilenceSettings(threshold_db, shortest, offset, dead_air)


def _stored(session: Session, project_id: str, asset_id: str, settings: SilenceSettings) -> SilenceMapRow | None:
    query = select(SilenceMapRow).where(SilenceMapRow.project_id == project_id, SilenceMapRow.asset_id == asset_id)
    rows = session.scalars(query.order_by(SilenceMapRow.created_at, SilenceMapRow.id))
    return next((r for r in rows if finder_of_row(r) == FINDER and settings_of_row(r) == settings), None)


def _map_of(project: Project) -> str:
    assert project.map_id is not None
    return project.map_id
