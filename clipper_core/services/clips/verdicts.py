"""The decisions a clip's status is derived from: those on its newest version."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from clipper_core.db.models import Clip, ClipVersion, Decision
from clipper_core.domain.clip import Verdict


class NewestDecision(NamedTuple):
    """A decision on the newest version of a clip, of which only the verdict was read."""

    verdict: Verdict


def newest_decisions(session: Session, clips: ColumnElement[bool]) -> dict[str, list[NewestDecision]]:
    """The decisions on the newest versions of the clips that match a condition, by clip id and in order.

    A clip without decisions has no entry. Much cheaper than the records of the clips.
    """
    query = select(Decision.clip_id, Decision.verdict).join(ClipVersion, ClipVersion.id == Decision.version_id)
    query = query.join(Clip, and_(Clip.id == ClipVersion.clip_id, Clip.newest == ClipVersion.number))
    decisions: dict[str, list[NewestDecision]] = {}
    for clip_id, verdict in session.execute(query.where(clips).order_by(Decision.number)):
        decisions.setdefault(clip_id, []).append(NewestDecision(Verdict(verdict)))
    return decisions
