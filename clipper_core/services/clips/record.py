"""A clip's record: who made which version, and every decision on them, as views."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any, NamedTuple

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from clipper_core.db.models import Clip, ClipVersion, Decision
from clipper_core.domain.clip import Verdict

VERDICTS = {v.value: v for v in Verdict}
MAX_ENTRIES = 50_000  # versions and decisions, of which a thousand take less than a megabyte


class DecisionView(NamedTuple):
    verdict: Verdict
    reason: str | None
    note: str | None
    by: str
    at: datetime
    version: int
    carried_from: int | None


class VersionView(NamedTuple):
    """The making of a version; ``by`` is "Clipper" for a proposal, and empty if the author gave no name."""

    number: int
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Record:
    """Every version of a clip and every decision on it, both in order."""

    versions: tuple[VersionView, ...]
    decisions: tuple[DecisionView, ...]

    def __len__(self) -> int:
        return len(self.versions) + len(self.decisions)

    def decisions_on(self, version: int) -> tuple[DecisionView, ...]:
        """The decisions on one version, in the order they were made."""
        return tuple(d for d in self.decisions if d.version == version)


class Records:
    """A cache of clip records: a record never changes while the clip's revision is the same.

    Only for transactions that only read: what is not committed yet must not be cached.
    """

    def __init__(self, max_entries: int = MAX_ENTRIES) -> None:
        self._max_entries = max_entries
        self._size = 0
        self._cache: dict[str, tuple[int, Record]] = {}
        self._lock = Lock()

    def read(self, session: Session, clips: Sequence[Clip]) -> dict[str, Record]:
        """The records of these clips, as ``read_records`` returns them."""
        records: dict[str, Record] = {}
        with self._lock:
            for clip in clips:
                revision, record = self._cache.get(clip.id, (0, None))
                if record is not None and revision == clip.revision:
                    records[clip.id] = record
        missing = [c for c in clips if c.id not in records]
        records |= read_records(session, missing)
        with self._lock:
            for clip in clips:
                self._keep(clip, records[clip.id])
        return records

    def _keep(self, clip: Clip, record: Record) -> None:
        """Cache it as the newest; the records used longest ago are dropped."""
        before = self._cache.pop(clip.id, None)
        self._size += len(record) - (len(before[1]) if before else 0)
        self._cache[clip.id] = clip.revision, record
        while self._size > self._max_entries:
            self._size -= len(self._cache.pop(next(iter(self._cache)))[1])


def read_records(session: Session, clips: Sequence[Clip]) -> dict[str, Record]:
    """The records of these clips, read as columns: as objects, a long one would take a second."""
    if not clips:
        return {}
    ids = [c.id for c in clips]
    versions: dict[str, list[VersionView]] = {i: [] for i in ids}
    decisions: dict[str, list[DecisionView]] = {i: [] for i in ids}
    numbers: dict[str, int] = {}
    for clip_id, version_id, number, by, at in session.execute(_versions_of(ids)):
        numbers[version_id] = number
        versions[clip_id].append(VersionView(number, by, at))
    for clip_id, version_id, verdict, reason, note, by, at, carried in session.execute(_decisions_on(ids)):
        decision = DecisionView(VERDICTS[verdict], reason, note, by, at, numbers[version_id], carried)
        decisions[clip_id].append(decision)
    return {i: Record(tuple(versions[i]), tuple(decisions[i])) for i in ids}


def _versions_of(clip_ids: Sequence[str]) -> Select[*tuple[Any, ...]]:
    columns = (ClipVersion.number, ClipVersion.created_by, ClipVersion.created_at)
    query = select(ClipVersion.clip_id, ClipVersion.id, *columns)
    return query.where(ClipVersion.clip_id.in_(clip_ids)).order_by(ClipVersion.clip_id, ClipVersion.number)


def _decisions_on(clip_ids: Sequence[str]) -> Select[*tuple[Any, ...]]:
    columns = (Decision.verdict, Decision.reason, Decision.note, Decision.decided_by, Decision.decided_at)
    query = select(Decision.clip_id, Decision.version_id, *columns, Decision.carried_from)
    return query.where(Decision.clip_id.in_(clip_ids)).order_by(Decision.clip_id, Decision.number)
