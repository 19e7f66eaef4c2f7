"""Idempotency keys: a request sent twice is applied once.

A key belongs to a scope: the clip a change was sent to, or the project a clip was made in. It is written in the
transaction of the change itself, under the project's lock, so that of two equal requests the second finds it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from clipper_core.db.models import AnsweredRequest, now
from clipper_core.db.session import Database

MAX_AGE_DAYS = 30  # a desk that was closed with a change unsent may be opened again as much as this later


@dataclass(frozen=True, slots=True)
class Sender:
    """The name of the person who sent a change, and the idempotency key of their request; both may be missing."""

    by: str = ""
    key: str | None = None


ANONYMOUS = Sender()


def result_of(session: Session, scope: str, key: str | None) -> list[str] | None:
    """The result of the change that was sent with a key before; None if there was none.

    Args:
        session: Any transaction.
        scope: The id of the clip or project the key belongs to.
        key: The idempotency key, or None for a request without one.

    Returns:
        The ids that ``record`` was given with this key.
    """
    row = session.get(AnsweredRequest, (scope, key)) if key else None
    return list(row.made) if row is not None else None


def record_result(session: Session, scope: str, key: str | None, result: Iterable[str]) -> None:
    """Record the result of a change under its key, if it has one.

    Args:
        session: The transaction of the change itself.
        scope: The id of the clip or project the key belongs to.
        key: The idempotency key, or None for a request without one.
        result: The ids of what the change made.
    """
    if key:
        session.add(AnsweredRequest(scope=scope, key=key, made=list(result)))
        session.flush()


class IdempotencyKeys:
    """The keys in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def sweep(self) -> None:
        """Delete the keys that are too old to be sent again."""
        old = AnsweredRequest.created_at < now() - timedelta(days=MAX_AGE_DAYS)
        with self._database.write() as session:
            session.execute(delete(AnsweredRequest).where(old))
