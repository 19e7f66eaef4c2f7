"""Starts one worker: it takes tasks from the queues, and looks after lost ones every few seconds."""

from __future__ import annotations

import argparse
import os
import sys

import structlog

from clipper_core.app import build_app, end_with_parent, set_up_logs
from clipper_core.domain.task import Queue
from clipper_core.errors import ClipperError
from clipper_core.settings import load_settings

log = structlog.get_logger()


def perform(task_id: str, attempt: int) -> None:
    """Perform one entry of the queue, in a forked process that builds and connects everything again."""
    end_with_parent(os.getppid())
    app = build_app()
    app.worker.perform(task_id, attempt)


def main() -> int:
    parser = argparse.ArgumentParser(description="A Clipper worker.")
    parser.add_argument("--queues", default=",".join(Queue), help="which queues, the most urgent first")
    queues = parser.parse_args().queues.split(",")
    if unknown := set(queues) - set(Queue):
        parser.error(f"no such queue: {', '.join(sorted(unknown))} (there are {', '.join(Queue)})")
    try:
        settings = load_settings()
        set_up_logs(settings)
        # No connection may stay open here: the worker forks for every task, and the child would share it.
        app = build_app(settings, keep_connections=False)

        def look_after_lost_tasks() -> None:
            try:
                app.tasks.reconcile()
            except ClipperError as error:
                log.warning("could not look after lost tasks, will try again", why=error.message)

        def log_queue_failure(error: ClipperError) -> None:
            log.warning(
                "the queue does not answer, will try again", code=error.code, why=error.message, detail=error.detail
            )

        log.info("worker started", queues=",".join(queues))
        app.queue.work(queues, look_after_lost_tasks, app.tasks.give_back, log_queue_failure)
    except ClipperError as error:
        print(f"{error.code}: {error.message}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
