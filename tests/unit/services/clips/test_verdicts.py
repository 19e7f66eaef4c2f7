"""A clip's status rests on the decisions on its newest version alone."""

from __future__ import annotations

from clipper_core.db.models import Clip
from clipper_core.db.session import Database
from clipper_core.domain.clip import ClipEdit, NewDecision, Verdict
from clipper_core.domain.time_range import TimeRange
from clipper_core.services.clips.review import Clips
from clipper_core.services.clips.verdicts import newest_decisions
from tests.unit.services.clips.proposing import SPAN, proposed


def test_decisions_on_older_versions_do_not_count(database: Database, clips: Clips) -> None:
    proposed(database, SPAN, TimeRange(50_000, 80_000))
    edited, decided = clips.of_project("prj_1")
    edited = clips.decide(edited.id, edited.revision, NewDecision(Verdict.APPROVED))
    edited = clips.revise(edited.id, edited.revision, ClipEdit(title="New"))
    for verdict in (Verdict.REJECTED, Verdict.WITHDRAWN, Verdict.APPROVED):
        decided = clips.decide(decided.id, decided.revision, NewDecision(verdict))

    with database.read() as session:
        decisions = newest_decisions(session, Clip.project_id == "prj_1")

    assert {i: [d.verdict for d in ds] for i, ds in decisions.items()} == {
        decided.id: [Verdict.REJECTED, Verdict.WITHDRAWN, Verdict.APPROVED]
    }


def test_only_the_clips_of_the_condition_are_read(database: Database, clips: Clips) -> None:
    proposed(database, SPAN, TimeRange(50_000, 80_000))
    one, other = (clips.decide(c.id, c.revision, NewDecision(Verdict.APPROVED)) for c in clips.of_project("prj_1"))

    with database.read() as session:
        assert list(newest_decisions(session, Clip.id == one.id)) == [one.id]
        assert list(newest_decisions(session, Clip.id.in_([]))) == []
        assert other.id in newest_decisions(session, Clip.deleted_at.is_(None))
