"""Whether everything Clipper stands on answers."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

from clipper_core.adapters.queue import RqQueue
from clipper_core.adapters.store.storage import Storage
from clipper_core.db.session import Database
from clipper_core.errors import ClipperError

PARTS_MOST_S = 8
LATE = {"status": "failed", "code": "no_answer", "message": f"It did not answer within {PARTS_MOST_S} seconds."}


class Health:
    def __init__(self, database: Database, storage: Storage, queue: RqQueue) -> None:
        self._parts: dict[str, Callable[[], dict[str, Any]]] = {
            "database": lambda: _fine(database.check),
            "queue": lambda: _fine(queue.check),
            "storage": lambda: _fine(storage.check),
            "workers": lambda: _workers(queue),
        }

    def report(self) -> dict[str, Any]:
        """Each part with its ``status`` (ok or failed) and, where it failed, why; over all: ok or degraded."""
        pool = ThreadPoolExecutor(len(self._parts))
        asked = {name: pool.submit(_asked, ask) for name, ask in self._parts.items()}
        done, _ = wait(asked.values(), timeout=PARTS_MOST_S)
        parts = {name: answer.result() if answer in done else dict(LATE) for name, answer in asked.items()}
        pool.shutdown(wait=False)
        fine = all(p["status"] == "ok" for p in parts.values())
        return {"status": "ok" if fine else "degraded", **parts}


def _asked(ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return ask()
    except ClipperError as error:
        return {"status": "failed", "code": error.code, "message": error.message}


def _fine(check: Callable[[], None]) -> dict[str, Any]:
    check()
    return {"status": "ok"}


def _workers(queue: RqQueue) -> dict[str, Any]:
    alive = queue.workers()
    if not alive:
        return {
            "status": "failed",
            "code": "no_workers",
            "message": "No worker is running. Start one: python worker.py",
        }
    return {"status": "ok", "count": len(alive), "busy": sum(w.busy for w in alive)}
