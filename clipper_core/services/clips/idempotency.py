"""Changes that were asked for twice: each is made once, by the key its sender gave it.

A key belongs to a scope: the clip a change was sent to, or the project a clip was made in. It is written in the
transaction of the change itself, under the project's lock, so that of two equal requests the second finds it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from clipper_core.db.models import AnsweredRequest, now
from clipper_core.db.session import Database

KEPT_DAYS = 30  # a desk that was closed with a change unsent may be opened again so much later


def answered(session: Session, scope: str, key: str | None) -> list[str] | None:
    """The ids of what came of the change that was sent with this key; None where there was none."""
    row = session.get(AnsweredRequest, (scope, key)) if key else None
    return list(row.made) if row is not None else None


def remember(session: Session, scope: str, key: str | None, made: Iterable[str]) -> None:
    """Note, in the transaction of a change, what came of it."""
    if key:
        session.add(AnsweredRequest(scope=scope, key=key, made=list(made)))
        session.flush()


class Requests:
    """The keys that are kept."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def sweep(self) -> None:
        """Forget the keys nobody will send again."""
        old = AnsweredRequest.created_at < now() - timedelta(days=KEPT_DAYS)
        with self._database.write() as session:
            session.execute(delete(AnsweredRequest).where(old))
