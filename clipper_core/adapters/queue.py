"""The queue: a doorbell made of RQ. Losing everything in it loses no work, since the rows say what there is to do.

No retry, dependency, timeout or registry of RQ's own is relied on. Entries are JSON: a pickle from a shared Redis
would be a program of another's making.
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
from urllib.parse import urlsplit

import redis
import redis.backoff
import redis.exceptions
import redis.retry
from rq import Queue, Worker
from rq.exceptions import DuplicateJobError
from rq.serializers import JSONSerializer
from rq.worker.base import BaseWorker

from clipper_core.domain.task import Queue as QueueName
from clipper_core.errors import QueueNotTrusted, QueuePasswordRefused, QueueUnavailable, SetupProblem

PERFORM = "worker.perform"  # the function that an entry names, in the project's root, where workers run
HEARTBEAT_S = 5
RECONCILE_S = 5
MAX_PAUSE_S = 15  # between two attempts to reach a Redis that does not answer

BAD_URL = (
    "REDIS_URL can't be read. It is redis://:password@host:6379/0, or rediss:// with TLS, where @ : / in the password "
    "are written %40 %3A %2F."
)
NOT_ALLOWED = "The user in REDIS_URL may not do what the queue needs. Allow it all commands on the keys rq:*."
READ_ONLY = "The queue (Redis) takes no changes at this address. Name the primary server in REDIS_URL."
FULL = "The memory of the queue (Redis) is full. Give it more; work that was asked for is saved."
FAULTY = "The queue (Redis) answered with an error. Look at the details; work that was asked for is saved."
ENDED = "The worker ended because of a fault of its own. Its log says which."


@dataclass(frozen=True, slots=True)
class WorkerInfo:
    """A worker with a recent heartbeat: the queues it takes from, and whether it performs a task."""

    name: str
    queues: tuple[str, ...]
    busy: bool
    heard_at: datetime


class RqQueue:
    """The queues ``fast``, ``speech`` and ``render`` on one Redis."""

    def __init__(self, url: str) -> None:
        """Nothing is connected yet. Raises SetupProblem where ``url`` can't be used."""
        self._redis = _client(
            url,
            socket_timeout=3,
            socket_connect_timeout=3,
            retry=redis.retry.Retry(redis.backoff.ConstantBackoff(0.1), 1),
        )
        self._url = url

    def ring(self, queue: str, task_id: str, attempt: int, *, first: bool = False) -> None:
        """See ``Doorbell.ring``. A second entry for the same attempt is ignored."""
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
        """The number of entries that wait in each queue."""
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

    def work(
        self,
        queues: Sequence[str],
        now_and_then: Callable[[], None],
        stopped: Callable[[int], None],
        away: Callable[[QueueUnavailable], None],
    ) -> None:
        """Be a worker until told to stop.

        While Redis does not answer, a task at work is done to its end; the next one is taken when Redis is back.

        Args:
            queues: The queues to take from, the most urgent first.
            now_and_then: Called every few seconds, in this process.
            stopped: Called on SIGTERM or Ctrl-C with the id of the process that did the task at work, after its end.
            away: Called with the reason, again and again, while Redis does not answer.

        Raises:
            QueueUnavailable: The worker ended for another reason.
        """
        pause = 1.0
        while True:
            began = time.monotonic()
            why = self._worked(queues, now_and_then, stopped)
            if why is None:
                return
            away(why)
            pause = 1.0 if time.monotonic() - began > MAX_PAUSE_S else min(2 * pause, MAX_PAUSE_S)
            time.sleep(pause)

    def _worked(
        self, queues: Sequence[str], now_and_then: Callable[[], None], stopped: Callable[[int], None]
    ) -> QueueUnavailable | None:
        """Be a worker until Redis fails. Returns the reason, or None after a request to stop."""
        try:
            self.check()
        except QueueUnavailable as error:
            return error
        worker = self._worker(queues)
        worker.now_and_then, worker.stopped = now_and_then, stopped
        with contextlib.suppress(redis.RedisError):
            worker.work(logging_level="WARNING", with_scheduler=False)
        for number in (signal.SIGINT, signal.SIGTERM):  # no longer this worker's
            signal.signal(number, signal.SIG_DFL)
        if worker.told_to_stop:
            return None
        if worker.lost is None:
            raise QueueUnavailable(ENDED)
        with contextlib.suppress(redis.RedisError):  # it stays subscribed to its channel otherwise
            worker.unsubscribe()  # type: ignore[no-untyped-call]
        return _ours(worker.lost)

    def _worker(self, queues: Sequence[str]) -> _Worker:
        connection = _client(self._url, socket_connect_timeout=3)
        return _Worker(
            [Queue(q, connection=connection, serializer=JSONSerializer) for q in queues],
            name=f"{socket.gethostname()}-{os.getpid()}-{time.time_ns() // 1_000_000}",
            connection=connection,
            serializer=JSONSerializer,
            default_result_ttl=0,
            job_monitoring_interval=HEARTBEAT_S,
            worker_ttl=15 + HEARTBEAT_S,
            log_job_description=False,
        )

    def _queue(self, name: str) -> Queue:
        return Queue(name, connection=self._redis, serializer=JSONSerializer)


class _Worker(Worker):
    """RQ's worker, which besides looks after the rows, stops at once, and takes its children with it.

    RQ does not say what ended it: ``told_to_stop`` is one reason, ``lost``, the last error of Redis, the other.
    """

    max_connection_wait_time = MAX_PAUSE_S
    now_and_then: Callable[[], None]
    stopped: Callable[[int], None]
    told_to_stop = False
    lost: redis.RedisError | None = None
    _looked_at = 0.0

    def bootstrap(self, *args: Any, **kwargs: Any) -> None:
        with self._noting():
            super().bootstrap(*args, **kwargs)

    def check_for_suspension(self, burst: bool) -> None:
        with self._noting():
            super().check_for_suspension(burst)

    def dequeue_job_and_maintain_ttl(self, *args: Any, **kwargs: Any) -> Any:
        with self._noting():
            return super().dequeue_job_and_maintain_ttl(*args, **kwargs)

    def execute_job(self, job: Any, queue: Any) -> None:
        with self._noting():
            super().execute_job(job, queue)

    def heartbeat(self, timeout: int | None = None, pipeline: Any = None) -> None:
        with self._noting():
            super().heartbeat(timeout, pipeline)
        if pipeline is None and not self._is_horse and time.monotonic() - self._looked_at >= RECONCILE_S:
            self._looked_at = time.monotonic()
            self.now_and_then()

    def maintain_heartbeats(self, job: Any, execution: Any) -> None:
        with contextlib.suppress(redis.RedisError):  # the task needs the database alone, and may well outlast this
            super().maintain_heartbeats(job, execution)
        self.now_and_then()

    @contextlib.contextmanager
    def _noting(self) -> Iterator[None]:
        try:
            yield
        except redis.RedisError as error:
            self.lost = error
            raise

    def request_stop(self, signum: int, frame: Any) -> None:
        self.told_to_stop = True
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


def _client(url: str, **options: Any) -> redis.Redis:
    """A client that has not connected yet. What can't be read may be half a password: it is not repeated."""
    try:
        client = redis.Redis.from_url(url, **options)
        pool = client.connection_pool
        pool.connection_class(**pool.connection_kwargs)  # an option Redis does not know shows only here
        fits = "@" not in url or "@" in urlsplit(url).netloc or url.startswith("unix:")
    except (ValueError, TypeError, redis.RedisError):
        fits = False
    if not fits:
        raise SetupProblem(BAD_URL)
    return client


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except redis.RedisError as error:
        raise _ours(error) from error


def _ours(error: redis.RedisError) -> QueueUnavailable:
    """Our error for one of Redis. Its text names hosts and users, and never a password."""
    detail = f"{type(error).__name__}: {error}"
    match error:
        case redis.exceptions.NoPermissionError():
            return QueuePasswordRefused(NOT_ALLOWED, detail=detail)
        case (
            redis.AuthenticationError()
            | redis.exceptions.AuthorizationError()
            | redis.AuthenticationWrongNumberOfArgsError()
        ):
            return QueuePasswordRefused(detail=detail)
        case redis.ReadOnlyError():
            return QueueUnavailable(READ_ONLY, detail=detail)
        case redis.OutOfMemoryError():
            return QueueUnavailable(FULL, detail=detail)
        case redis.ResponseError():
            return QueueUnavailable(FAULTY, detail=detail)
    if "CERTIFICATE_VERIFY_FAILED" in detail:
        return QueueNotTrusted(detail=detail)
    return QueueUnavailable(detail=detail)
