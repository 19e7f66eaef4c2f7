"""Health: each part is checked alone, and one that hangs does not delay the others."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from clipper_core.errors import DatabaseUnavailable, QueueUnavailable
from clipper_core.services.server import health
from clipper_core.services.server.health import Health


def nothing() -> None:
    pass


def health_of(
    database: Callable[[], None] = nothing, queue: Callable[[], None] = nothing, workers: int = 1
) -> dict[str, Any]:
    alive = [SimpleNamespace(busy=n == 0) for n in range(workers)]
    parts = Health(
        SimpleNamespace(check=database),  # type: ignore[arg-type]
        SimpleNamespace(check=nothing),  # type: ignore[arg-type]
        SimpleNamespace(check=queue, workers=lambda: alive),  # type: ignore[arg-type]
    )
    return parts.report()


def test_all_parts_well_is_ok() -> None:
    report = health_of(workers=3)

    assert report["status"] == "ok"
    assert report["workers"] == {"status": "ok", "count": 3, "busy": 1}


def test_a_failed_part_degrades_only_itself() -> None:
    def fail() -> None:
        raise DatabaseUnavailable

    report = health_of(database=fail)

    assert (report["status"], report["database"]["status"]) == ("degraded", "failed")
    assert report["database"]["code"] == DatabaseUnavailable.code
    assert (report["queue"]["status"], report["storage"]["status"]) == ("ok", "ok")


def test_without_a_worker_the_command_is_named() -> None:
    report = health_of(workers=0)

    assert (report["status"], report["workers"]["code"]) == ("degraded", "no_workers")
    assert "worker.py" in report["workers"]["message"]


def test_a_part_that_hangs_is_reported_as_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "MAX_PART_S", 0.2)
    released = threading.Event()

    def hang() -> None:
        released.wait(30)
        raise QueueUnavailable

    report = health_of(queue=hang)
    released.set()

    assert (report["queue"]["code"], report["database"]["status"]) == ("no_answer", "ok")
