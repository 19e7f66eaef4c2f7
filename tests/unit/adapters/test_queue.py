"""The address of the queue: refused without repeating what may be a password."""

from __future__ import annotations

import pytest

from clipper_core.adapters.queue import RqQueue
from clipper_core.errors import QueueUnavailable, SetupProblem


@pytest.mark.parametrize(
    "url",
    [
        "http://:secret@host:6379/0",
        "redis://:sec/ret@host:6379/0",
        "redis://:secret@host:port/0",
        "redis://host/0?secret_option=1",
        "secret",
    ],
)
def test_a_bad_address_is_refused_without_being_shown(url: str) -> None:
    with pytest.raises(SetupProblem, match="REDIS_URL can't be read") as refused:
        RqQueue(url)

    assert "secret" not in f"{refused.value.message} {refused.value.detail}"


def test_a_redis_that_is_not_there_is_an_error_of_ours() -> None:
    queue = RqQueue("unix:///nowhere/redis.sock?db=0")

    with pytest.raises(QueueUnavailable):
        queue.check()
