"""Silence maps as rows and back, also for rows of earlier versions."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any

from sqlalchemy.orm import Session

from clipper_core.db.models import Project, SilenceMapRow
from clipper_core.domain.silence import Silence, SilenceBasis, SilenceMap, SilenceSettings

KNOWN = {f.name for f in fields(SilenceSettings)}


def map_row(map_id: str, project_id: str, asset_id: str, silence_map: SilenceMap) -> SilenceMapRow:
    """A silence map as a row that is not in the database yet.

    Args:
        map_id: The row's own id.
        project_id: The recording.
        asset_id: The asset with the envelope that the map was found in.
        silence_map: The map.
    """
    return SilenceMapRow(
        id=map_id,
        project_id=project_id,
        asset_id=asset_id,
        duration_ms=silence_map.duration_ms,
        threshold_db=silence_map.threshold_db,
        settings={**asdict(silence_map.settings), "finder": silence_map.finder},
        silences={"v": 2, "silences": [_to_row(s) for s in silence_map.silences]},
    )


def map_of_row(row: SilenceMapRow) -> SilenceMap:
    silences = tuple(_from_row(*s) for s in row.silences["silences"])
    return SilenceMap(row.duration_ms, silences, row.threshold_db, settings_of_row(row), finder_of_row(row))


def settings_of_row(row: SilenceMapRow) -> SilenceSettings:
    """A row's settings, with defaults for those that earlier versions did not have."""
    return SilenceSettings(**{k: v for k, v in row.settings.items() if k in KNOWN})


def finder_of_row(row: SilenceMapRow) -> int:
    finder: int = row.settings.get("finder", 1)
    return finder


def map_in_use(session: Session, project: Project, map_id: str) -> str:
    """The map to use in place of a run's own.

    Args:
        session: The caller's transaction.
        project: The recording.
        map_id: The map that the run made.

    Returns:
        The project's map if the user changed settings over the same envelope, else ``map_id``.
    """
    if project.map_id is None or project.map_id == map_id:
        return map_id
    used, made = session.get(SilenceMapRow, project.map_id), session.get(SilenceMapRow, map_id)
    return used.id if used and made and used.asset_id == made.asset_id else map_id


def _to_row(silence: Silence) -> list[Any]:
    plain: list[Any] = [silence.start_ms, silence.end_ms, round(silence.level_db, 2)]
    if silence.confidence is None and silence.evidence is None:
        return plain
    sure = None if silence.confidence is None else round(silence.confidence, 3)
    return [*plain, sure, silence.evidence.value if silence.evidence else None]


def _from_row(
    start_ms: int, end_ms: int, level_db: float, sure: float | None = None, evidence: str | None = None
) -> Silence:
    return Silence(start_ms, end_ms, level_db, sure, SilenceBasis(evidence) if evidence else None)
