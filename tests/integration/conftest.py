"""A Clipper for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.servers import Redis, Stack, running_stack
from tests.services import RedisCorner, fresh_places, fresh_redis


@pytest.fixture
def stack(tmp_path: Path, redis_server: Redis | RedisCorner) -> Iterator[Stack]:
    """A Clipper with a database and a queue of its own, and no processes yet."""
    with fresh_places() as places, running_stack(tmp_path, redis_server, **places) as running:
        yield running


@pytest.fixture(scope="module")
def shared_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A Clipper with a worker for all tests of a module that leave it as they found it, or use what is their own."""
    folder = tmp_path_factory.mktemp("shared")
    with fresh_redis() as redis, fresh_places() as places, running_stack(folder, redis, **places) as running:
        running.worker()
        yield running


@pytest.fixture(scope="module")
def shared_client(shared_stack: Stack) -> httpx.Client:
    """The HTTP API of the shared Clipper, in a process of its own."""
    return shared_stack.api()
