"""A Clipper for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import Redis, Stack, running_stack
from tests.services import RedisCorner, fresh_places


@pytest.fixture
def stack(tmp_path: Path, redis_server: Redis | RedisCorner) -> Iterator[Stack]:
    """A Clipper with a database and a queue of its own, and no processes yet."""
    with fresh_places() as places, running_stack(tmp_path, redis_server, **places) as running:
        yield running
