"""Keeps the lease of a claimed task while its stage runs."""

from __future__ import annotations

import threading
import time

import structlog

from clipper_core.domain.task import RENEW_EVERY_S
from clipper_core.errors import ClipperError, LeaseLost
from clipper_core.services.runs.tasks import Claim, Tasks

log = structlog.get_logger()

LOOK_EVERY_S = 1.0  # how soon a cancelled task notices


class LeaseKeeper:
    """Keeps a claim alive while its stage runs, and tells the stage to stop when the claim is gone."""

    def __init__(self, tasks: Tasks, claim: Claim) -> None:
        self._tasks = tasks
        self._claim = claim
        self._progress = 0.0
        self._lost = False
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"lease-{claim.id}", daemon=True)

    def __enter__(self) -> LeaseKeeper:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def beat(self, progress: float) -> None:
        """Note how far the stage is (0-1). Raises LeaseLost once the task was cancelled or taken over."""
        self._progress = max(self._progress, min(1.0, progress))
        if self._lost:
            raise LeaseLost

    def _run(self) -> None:
        renewed = time.monotonic()
        shown = 0.0
        while not self._end.wait(LOOK_EVERY_S):
            due = time.monotonic() - renewed >= RENEW_EVERY_S or self._progress - shown >= 0.01
            try:
                mine = self._tasks.renew(self._claim, self._progress) if due else self._tasks.is_mine(self._claim)
            except ClipperError as error:
                # The lease lasts longer than a short fault of the database; if it does not, the token decides.
                log.warning("could not renew a lease", task=self._claim.id, why=error.message)
                continue
            if due and mine:
                renewed, shown = time.monotonic(), self._progress
            if not mine:
                self._lost = True
                return
