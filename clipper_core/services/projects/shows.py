"""Shows: the settings that recordings of one series share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from clipper_core.db.models import Show
from clipper_core.db.session import Database
from clipper_core.domain.ids import DEFAULT_SHOW, new_id
from clipper_core.errors import BadSettings, ShowNotFound


@dataclass(frozen=True, slots=True)
class ShowView:
    id: str
    name: str
    defaults: dict[str, Any]


class Shows:
    def __init__(self, database: Database) -> None:
        self._database = database

    def ensure_default(self) -> None:
        """Make the default show unless it exists: every recording is in a show."""
        with self._database.write() as session:
            if session.get(Show, DEFAULT_SHOW) is None:
                session.add(Show(id=DEFAULT_SHOW, name="My recordings", defaults={}))

    def all(self) -> list[ShowView]:
        with self._database.read() as session:
            rows = session.scalars(select(Show).order_by(Show.created_at, Show.id))
            return [ShowView(s.id, s.name, s.defaults) for s in rows]

    def create(self, name: str) -> ShowView:
        name = " ".join("".join(c if c.isprintable() else " " for c in name).split())[:300]
        if not name:
            raise BadSettings("A show needs a name. Type one, then add it.")
        with self._database.write() as session:
            show = Show(id=new_id("shw"), name=name, defaults={})
            session.add(show)
            session.flush()
            return ShowView(show.id, show.name, show.defaults)


def existing_show(session: Session, show_id: str | None) -> Show:
    """The show asked for, or the default one. Raises ShowNotFound."""
    show = session.get(Show, show_id or DEFAULT_SHOW)
    if show is None:
        raise ShowNotFound
    return show
