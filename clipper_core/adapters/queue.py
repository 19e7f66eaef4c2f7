"""The queue: a doorbell made of RQ. Losing everything in it loses no work, since the rows say what there is to do.

No retry, dependency, timeout or registry of RQ's own is relied on. Entries are JSON: a pickle from a shared Redis
would be somebody else's program.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import redis
import redis.backoff
import redis.retry
from rq import Queue, Worker
from rq.exceptions import DuplicateJobError
from rq.serializers import JSONSerializer
from rq.worker.base import BaseWorker

from clipper_core.domain.task import Queue as QueueName
from clipper_core.errors import QueueUnavailable

PERFORM = "worker.perform"  # what an entry names: found in the project's root, where workers run
HEARTBEAT_S = 5
RECONCILE_S = 5


@dataclass(frozen=True, slots=True)
class WorkerInfo:
    """A worker the queue has heard from: what it listens to and what it is at."""

    name: str
    queues: tuple[str, ...]
    busy: bool
    heard_at: datetime


class RqQueue:
    """The queues ``fast``, ``speech`` and ``render`` on one Redis."""

    def __init__(self, url: str) -> None:
        self._redis = redis.Redis.from_url(
            url,
            socket_timeout=3,
            socket_connect_timeout=3,
            retry=redis.retry.Retry(redis.backoff.ConstantBackoff(0.1), 1),
        )
        self._url = url

    def ring(self, queue: str, task_id: str, attempt: int, *, first: bool = False) -> None:
        """Put one entry for this attempt into the queue; a second for the same attempt is ignored.

        ``first`` puts it before all others there.
        """
        with _translated(), contextlib.suppress(DuplicateJobError):
            self._queue(queue).enqueue_call(
                PERFORM,
                args=(task_id, attempt),
                job_id=f"{task_id}-{attempt}",
                timeout=-1,
                result_ttl=0,
                failure_ttl=300,
                description=f"{task_id} attempt {attempt}",
                unique=True,
                at_front=first,
            )

    def waiting(self) -> set[str]:
        """The entries that wait in the queues, as ``{task}-{attempt}``."""
        with _translated():
            return {job_id for name in QueueName for job_id in self._queue(name.value).job_ids}

    def depths(self) -> dict[str, int]:
        """How many entries wait in each queue."""
        with _translated():
            return {name.value: self._queue(name.value).count for name in QueueName}

    def workers(self) -> list[WorkerInfo]:
        """The workers heard from lately, by name."""
        with _translated():
            found = Worker.all(connection=self._redis)
            infos = [_info(w) for w in found]
        fresh = [w for w in infos if (datetime.now(UTC) - w.heard_at).total_seconds() < 10 * HEARTBEAT_S]
        return sorted(fresh, key=lambda w: w.name)

    def check(self) -> None:
        """Raise QueueUnavailable unless Redis answers."""
        with _translated():
            self._redis.ping()

    def work(self, queues: Sequence[str], now_and_then: Callable[[], None], stopped: Callable[[int], None]) -> None:
        """Be a worker until told to stop. ``now_and_then`` runs every few seconds, in this process.

        On SIGTERM or Ctrl-C the task at work is ended and ``stopped`` is told the process that did it.
        """
        connection = redis.Redis.from_url(self._url, socket_connect_timeout=3)
        worker = _Worker(
            [Queue(q, connection=connection, serializer=JSONSerializer) for q in queues],
            name=f"{socket.gethostname()}-{os.getpid()}-{int(time.time())}",
            connection=connection,
            serializer=JSONSerializer,
            default_result_ttl=0,
            job_monitoring_interval=HEARTBEAT_S,
            worker_ttl=15 + HEARTBEAT_S,
            log_job_description=False,
        )
        worker.now_and_then = now_and_then
        worker.stopped = stopped
        with _translated():
            worker.work(logging_level="WARNING", with_scheduler=False)

    def _queue(self, name: str) -> Queue:
        return Queue(name, connection=self._redis, serializer=JSONSerializer)


class _Worker(Worker):
    """RQ's worker, which besides looks after the rows, stops at once, and takes its children with it."""

    now_and_then: Callable[[], None]
    stopped: Callable[[int], None]
    _looked_at = 0.0

    def heartbeat(self, timeout: int | None = None, pipeline: Any = None) -> None:
        super().heartbeat(timeout, pipeline)
        if pipeline is None and not self._is_horse and time.monotonic() - self._looked_at >= RECONCILE_S:
            self._looked_at = time.monotonic()
            self.now_and_then()

    def maintain_heartbeats(self, job: Any, execution: Any) -> None:
        super().maintain_heartbeats(job, execution)
        self.now_and_then()

    def request_stop(self, signum: int, frame: Any) -> None:
        horse = self.horse_pid
        if horse:
            # The task is given back, not waited for: it may take an hour, and another worker can have it now.
            self.kill_horse(signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(horse, 0)
            self.stopped(horse)
            with contextlib.suppress(redis.RedisError):
                self.register_death()  # type: ignore[no-untyped-call]
            os._exit(0)
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]


def _info(worker: BaseWorker) -> WorkerInfo:
    heard = worker.last_heartbeat or datetime.fromtimestamp(0, UTC)
    heard = heard if heard.tzinfo else heard.replace(tzinfo=UTC)
    return WorkerInfo(worker.name, tuple(worker.queue_names()), str(worker.get_state()) == "busy", heard)


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except redis.RedisError as error:
        raise QueueUnavailable(detail=type(error).__name__ + ": " + str(error)) from error
