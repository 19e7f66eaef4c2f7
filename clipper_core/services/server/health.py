"""Health: asks everything Clipper depends on whether it works."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

from clipper_core.adapters.queue import RqQueue
from clipper_core.adapters.store.storage import Storage
from clipper_core.db.session import Database
from clipper_core.errors import ClipperError

MAX_PART_S = 8
NO_ANSWER = {"status": "failed", "code": "no_answer", "message": f"It did not answer within {MAX_PART_S} seconds."}


class Health:
    """Checks the database, the queue, the file store and the workers, side by side."""

    def __init__(self, database: Database, storage: Storage, queue: RqQueue) -> None:
        self._parts: dict[str, Callable[[], dict[str, Any]]] = {
            "database": lambda: _ok_after(database.check),
            "queue": lambda: _ok_after(queue.check),
            "storage": lambda: _ok_after(storage.check),
            "workers": lambda: _workers(queue),
        }

    def report(self) -> dict[str, Any]:
        """Each part's ``status`` (ok or failed), with code and message if it failed; and in all, ok or degraded."""
        pool = ThreadPoolExecutor(len(self._parts))
        answers = {name: pool.submit(_part_report, ask) for name, ask in self._parts.items()}
        done, _ = wait(answers.values(), timeout=MAX_PART_S)
        parts = {name: answer.result() if answer in done else dict(NO_ANSWER) for name, answer in answers.items()}
        pool.shutdown(wait=False)  # a part that hangs must not hold the answer up
        well = all(p["status"] == "ok" for p in parts.values())
        return {"status": "ok" if well else "degraded", **parts}


def _part_report(ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return ask()
    except ClipperError as error:
        return {"status": "failed", "code": error.code, "message": error.message}


def _ok_after(check: Callable[[], None]) -> dict[str, Any]:
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
