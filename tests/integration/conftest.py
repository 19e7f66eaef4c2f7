"""Real servers for the tests of this folder."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import Redis, Stack, redis_binary, running_stack


@pytest.fixture
def redis_server() -> Iterator[Redis]:
    if redis_binary() is None:
        pytest.skip("no Redis server can be had here without root")
    with tempfile.TemporaryDirectory(prefix="cr-") as folder:
        server = Redis(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop()


@pytest.fixture
def stack(tmp_path: Path, redis_server: Redis) -> Iterator[Stack]:
    """A Clipper with SQLite, a real Redis and no processes yet."""
    with running_stack(tmp_path, redis_server) as running:
        yield running
