"""A whole Clipper for the tests that drive a browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.servers import Stack, running_stack
from tests.services import fresh_places, fresh_redis


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A whole Clipper: a queue, two workers, the web process."""
    with (
        fresh_redis() as redis,
        fresh_places() as places,
        running_stack(tmp_path_factory.mktemp("stack"), redis, **places) as stack,
    ):
        stack.worker("fast,speech")
        stack.worker("fast,render,speech")
        stack.web()
        yield stack
