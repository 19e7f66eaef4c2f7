"""The JSON of a record is made once, and only for as long as the record lives."""

from __future__ import annotations

import gc
from datetime import UTC, datetime

from clipper_core.domain.clip import Verdict
from clipper_core.services.clips.record import DecisionView, Record, VersionView
from clipper_core.web.views import records
from clipper_core.web.views.records import decision_json, record_json

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def record(by: str = "Ana") -> Record:
    decision = DecisionView(Verdict.APPROVED, None, "fine", by, AT, 2, 1)
    return Record((VersionView(1, "Clipper", AT), VersionView(2, by, AT)), (decision,))


def test_a_record_tells_its_versions_and_decisions_in_order() -> None:
    document = record_json(record())

    assert document == {
        "versions": [
            {"number": 1, "by": "Clipper", "at": "2026-01-02T03:04:05+00:00"},
            {"number": 2, "by": "Ana", "at": "2026-01-02T03:04:05+00:00"},
        ],
        "decisions": [decision_json(record().decisions[0])],
    }
    assert document["decisions"][0] == {
        "decision": "approved",
        "reason": None,
        "note": "fine",
        "by": "Ana",
        "at": "2026-01-02T03:04:05+00:00",
        "version": 2,
        "carried_from": 1,
    }


def test_a_record_is_serialised_once() -> None:
    one, equal = record(), record()

    assert record_json(one) is record_json(one)
    assert record_json(one) is not record_json(equal)
    assert record_json(one) == record_json(equal)


def test_the_json_of_a_dropped_record_is_dropped() -> None:
    gc.collect()
    before = len(records._cache)
    kept = [record(str(n)) for n in range(50)]
    for one in kept:
        record_json(one)
    assert len(records._cache) == before + 50

    kept.clear()
    del one
    gc.collect()

    assert len(records._cache) == before
