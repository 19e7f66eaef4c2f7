"""Addresses of services hold passwords, and nothing of them is ever said, not even the half of one that was misread."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clipper_core.adapters.queue import RqQueue
from clipper_core.db.session import Database
from clipper_core.errors import ClipperError, DatabaseUnavailable, QueueUnavailable, SetupProblem

CLOSED = "127.0.0.1:1"  # nobody listens there
PASSWORDS = st.text("secret@:/?#[]%& ", min_size=1, max_size=12).map(lambda odd: f"hunter{odd}hunter")


def said_by(do: Callable[[], object]) -> str:
    """Everything in an error of ours, and in what led to it as far as a traceback would show."""
    with pytest.raises(ClipperError) as raised:
        do()
    said, error = [], raised.value
    while error is not None:
        said.append(f"{error} {getattr(error, 'detail', '')}")
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n".join(said)


@settings(max_examples=30, deadline=None)
@given(PASSWORDS)
def test_no_part_of_a_redis_password_is_said_however_it_is_written(password: str) -> None:
    for written in (password, quote(password, safe="")):
        assert "hunter" not in said_by(lambda written=written: RqQueue(f"redis://:{written}@{CLOSED}/0").check())


@settings(max_examples=30, deadline=None)
@given(PASSWORDS)
def test_no_part_of_a_database_password_is_said_however_it_is_written(password: str) -> None:
    for written in (password, quote(password, safe="")):
        url = f"postgresql+psycopg://clipper:{written}@{CLOSED}/clips"
        assert "hunter" not in said_by(lambda url=url: Database(url, keep_connections=False).check())


@pytest.mark.parametrize(
    "url",
    [
        "redis.example:6379",
        "http://redis.example",
        "redis://:pass/word@redis.example:6379/0",
        "redis://redis.example:70000/0",
        "redis://redis.example/0?ssl_ca_certs=/ca.crt",
        "redis://redis.example/0?no_such_option=1",
        "rediss://redis.example/0?socket_timeout=soon",
    ],
)
def test_a_redis_url_that_can_t_be_read_is_a_sentence_that_names_it(url: str) -> None:
    with pytest.raises(SetupProblem, match="REDIS_URL"):
        RqQueue(url)


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "mysql://user:password@db.example/clips",
        "postgresql+psycopg2://user:password@db.example/clips",
        "postgresql+psycopg://user:pass@word@db.example/clips",
        "postgresql+psycopg://user:password@db.example:port/clips",
    ],
)
def test_a_database_url_that_can_t_be_read_is_a_sentence_that_names_it(url: str) -> None:
    with pytest.raises(SetupProblem, match="DATABASE_URL"):
        Database(url)


def test_an_option_postgresql_does_not_have_is_a_sentence() -> None:
    with pytest.raises(SetupProblem, match="DATABASE_URL"):
        Database(f"postgresql+psycopg://clipper@{CLOSED}/clips?no_such_option=1").check()


def test_nothing_is_connected_before_it_is_needed() -> None:
    RqQueue(f"redis://{CLOSED}/0")
    Database(f"postgresql+psycopg://clipper@{CLOSED}/clips")

    with pytest.raises(QueueUnavailable):
        RqQueue(f"redis://{CLOSED}/0").check()
    with pytest.raises(DatabaseUnavailable):
        Database(f"postgresql+psycopg://clipper@{CLOSED}/clips").check()
