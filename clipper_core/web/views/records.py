"""The record of a clip as JSON: its versions and the decisions on them.

A record may hold thousands of entries and never changes. Its JSON is therefore made once and kept for as long as the
record itself is in memory.
"""

from __future__ import annotations

import weakref

from clipper_core.domain.documents import Json
from clipper_core.services.clips import DecisionView, Record

# By identity: to hash or compare a record by value would cost as much as to serialise it again.
_cache: dict[int, Json] = {}


def record_json(record: Record) -> Json:
    """The versions and decisions of a clip. The same object at every call: callers must not change it."""
    document = _cache.get(id(record))
    if document is None:
        document = _cache[id(record)] = _serialised(record)
        # Before Python may give the id to another object, the entry is gone.
        weakref.finalize(record, _cache.pop, id(record), None).atexit = False
    return document


def decision_json(decision: DecisionView) -> Json:
    return {
        "decision": decision.verdict.value,
        "reason": decision.reason,
        "note": decision.note,
        "by": decision.by,
        "at": decision.at.isoformat(),
        "version": decision.version,
        "carried_from": decision.carried_from,
    }


def _serialised(record: Record) -> Json:
    versions = [{"number": v.number, "by": v.by, "at": v.at.isoformat()} for v in record.versions]
    return {"versions": versions, "decisions": [decision_json(d) for d in record.decisions]}
