"""A Redis of the operator's: with a password, with TLS, late, gone for a while, and when it lets nobody in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import redis
from sqlalchemy import select

from clipper_core.adapters.queue import RqQueue
from clipper_core.db.models import Task
from clipper_core.domain.task import Kind, TaskState
from clipper_core.errors import QueueNotTrusted, QueuePasswordRefused, QueueUnavailable
from tests.servers import Process, Stack, free_port, redis_binary, running_stack, some_captions, until
from tests.services import Certificates, RedisServer, fresh_places, tls_redis

pytestmark = pytest.mark.servers

Start = Callable[..., RedisServer]


@pytest.fixture
def redis_with(tmp_path: Path) -> Iterator[Start]:
    """Makes a Redis with a password, with TLS where asked for."""
    made: list[RedisServer] = []

    def make(*, tls: bool = False) -> RedisServer:
        program = tls_redis() if tls else redis_binary()
        if program is None:
            pytest.skip("no Redis server that speaks TLS is installed here" if tls else "no Redis server is here")
        folder = tmp_path / f"redis{len(made)}"
        folder.mkdir()
        certificates = Certificates(folder / "tls").make() if tls else None
        server = RedisServer(folder, tls=certificates, program=program)
        made.append(server)
        return server

    yield make
    for server in made:
        server.stop()


@pytest.fixture
def stack_with(tmp_path: Path) -> Iterator[Callable[[RedisServer], Stack]]:
    with ExitStack() as held:

        def make(server: RedisServer) -> Stack:
            places = held.enter_context(fresh_places())
            return held.enter_context(running_stack(tmp_path / "stack", server, **places))

        yield make


def says(process: Process, what: str, times: int = 1) -> bool:
    return process.log.read_text(errors="replace").count(what) >= times


def check_no_secret(stack: Stack, *secrets: str) -> None:
    for process in stack.processes:
        log = process.log.read_text(errors="replace")
        assert not any(secret in log for secret in secrets), process.log


@pytest.mark.parametrize("tls", [False, True], ids=["password", "TLS"])
def test_work_goes_through_a_redis_with_a_password(
    redis_with: Start, stack_with: Callable[..., Stack], tls: bool, media: Path
) -> None:
    server = redis_with(tls=tls)
    server.start()
    stack = stack_with(server)
    client = stack.api()
    stack.worker()

    run = stack.finished(stack.upload(media / "jfk.flac", captions=some_captions(stack.folder)))

    assert run.state is TaskState.SUCCEEDED, run.failure
    report = client.get("/health").json()
    assert report["status"] == "ok", report
    check_no_secret(stack, server.password)


def test_a_worker_recovers_from_a_wrong_password(
    redis_with: Start, stack_with: Callable[..., Stack], media: Path
) -> None:
    server = redis_with()
    server.start()
    stack = stack_with(server)
    wrong = "not-the-password"
    client = stack.api(REDIS_URL=server.url_of(password=wrong))
    worker = stack.worker(REDIS_URL=server.url_of(password=wrong))
    sentence = QueuePasswordRefused().message

    answer = client.get("/health")
    until(lambda: says(worker, sentence, times=2), saying="the worker says why, and tries again")
    project_id = stack.upload(media / "jfk.flac", captions=some_captions(stack.folder))
    with redis.Redis.from_url(server.url) as operator:
        operator.config_set("requirepass", wrong)

    assert stack.finished(project_id).state is TaskState.SUCCEEDED
    assert worker.popen.poll() is None
    assert answer.status_code == 503
    assert answer.json()["queue"] == {"status": "failed", "code": "queue_password_refused", "message": sentence}
    assert wrong not in answer.text
    check_no_secret(stack, wrong, server.password)


def test_a_worker_waits_for_a_redis_that_is_late(
    redis_with: Start, stack_with: Callable[..., Stack], media: Path
) -> None:
    server = redis_with()
    stack = stack_with(server)
    project_id = stack.upload(media / "jfk.flac", captions=some_captions(stack.folder))
    worker = stack.worker()
    until(lambda: says(worker, QueueUnavailable().message), saying="the worker says that it waits")

    server.start()

    assert stack.finished(project_id).state is TaskState.SUCCEEDED
    assert worker.popen.poll() is None


@pytest.mark.slow
def test_a_task_survives_a_redis_outage(redis_with: Start, stack_with: Callable[..., Stack], media: Path) -> None:
    server = redis_with()
    server.start()
    stack = stack_with(server)
    worker = stack.worker()
    project_id = stack.upload(media / "jfk.flac")
    until(lambda: state_of(stack, Kind.TRANSCRIBE) == TaskState.RUNNING, seconds=60, every=0.01)

    server.stop()
    until(lambda: state_of(stack, Kind.TRANSCRIBE) == TaskState.SUCCEEDED, seconds=60, saying="the task ends")
    until(lambda: says(worker, QueueUnavailable().message), saying="the worker says that it waits")
    server.start()

    assert stack.finished(project_id).state is TaskState.SUCCEEDED
    assert worker.popen.poll() is None
    with stack.app.database.read() as session:
        assert not any(task.interruptions for task in session.scalars(select(Task)))


def test_a_worker_waiting_for_redis_can_be_stopped(redis_with: Start, stack_with: Callable[..., Stack]) -> None:
    server = redis_with()
    server.start()
    stack = stack_with(server)
    worker = stack.worker()
    until(lambda: RqQueue(server.url).workers(), saying="the worker is there")
    server.stop()
    until(lambda: says(worker, QueueUnavailable().message) or says(worker, "could not connect"))

    worker.popen.terminate()

    worker.popen.wait(10)


def test_an_untrusted_certificate_is_refused_in_a_sentence(redis_with: Start) -> None:
    server = redis_with(tls=True)
    server.start()

    with pytest.raises(QueueNotTrusted) as refused:
        RqQueue(server.url_of(more="db=0")).check()

    assert "ssl_ca_certs" in refused.value.message
    RqQueue(server.url_of(more="ssl_cert_reqs=none")).check()


def test_an_unknown_host_is_named_in_the_details() -> None:
    with pytest.raises(QueueUnavailable) as absent:
        RqQueue(f"redis://:hunter2@127.0.0.1:{free_port()}/0").check()

    assert absent.value.code == "queue_unavailable"
    assert "127.0.0.1" in str(absent.value.detail)
    assert "hunter2" not in f"{absent.value} {absent.value.detail}"


def state_of(stack: Stack, kind: Kind) -> str | None:
    with stack.app.database.read() as session:
        return session.scalar(select(Task.state).where(Task.kind == kind))
