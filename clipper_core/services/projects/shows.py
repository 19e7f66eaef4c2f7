"""Shows: what recordings of one series share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from clipper_core.db.models import Show
from clipper_core.db.session import Database
from clipper_core.domain.clip import Lengths
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
        """There is always a show to put a recording in."""
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


def checked_wishes(wishes: dict[str, Any]) -> dict[str, Any]:
    """What was asked for a recording (language, min_s, max_s, most, track), checked and in milliseconds.

    Raises BadSettings.
    """
    out: dict[str, Any] = {}
    try:
        low = round(float(wishes["min_s"]) * 1000) if wishes.get("min_s") is not None else None
        high = round(float(wishes["max_s"]) * 1000) if wishes.get("max_s") is not None else None
        most = int(wishes["most"]) if wishes.get("most") is not None else None
        track = int(wishes.get("track") or 0)
    except (TypeError, ValueError, OverflowError) as error:
        raise BadSettings("Clip lengths are numbers of seconds, such as 20 and 90.") from error
    base = Lengths()
    try:
        lengths = Lengths(low if low is not None else base.min_ms, high if high is not None else base.max_ms)
    except ValueError as error:
        raise BadSettings("The shortest clip must not be longer than the longest. Change one of them.") from error
    if lengths.min_ms < 1000 or lengths.max_ms > 3_600_000:
        raise BadSettings("Clips can be from one second to an hour long. Change the lengths.")
    if not 0 <= track < 64 or (most is not None and not 0 < most <= 200):
        raise BadSettings("Choose between 1 and 200 clips, and a track the recording has.")
    out.update(min_ms=lengths.min_ms, max_ms=lengths.max_ms, track=track)
    if most is not None:
        out["most"] = most
    language = str(wishes.get("language") or "auto").strip().lower()[:20]
    out["language"] = language if language.replace("-", "").isalnum() else "auto"
    return out
