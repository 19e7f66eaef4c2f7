"""Clips: versions are immutable, decisions are a record, and nobody overwrites what they have not seen."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from clipper_core.db.models import ClipVersion
from clipper_core.db.session import Database
from clipper_core.domain.clip import ClipEdit, ClipStatus, NewDecision, Verdict
from clipper_core.domain.time_range import TimeRange
from clipper_core.errors import BadSettings, NothingToUndo
from clipper_core.services.clips.idempotency import Sender
from clipper_core.services.clips.review import Clips
from tests.unit.services.clips.conftest import Listener
from tests.unit.services.clips.proposing import SPAN, proposed


def test_a_proposal_is_undecided_until_somebody_decides(database: Database, clips: Clips, listener: Listener) -> None:
    proposed(database, SPAN)
    clip = clips.of_project("prj_1")[0]
    assert clip.status is ClipStatus.PROPOSED

    decided = clips.decide(
        clip.id, clip.revision, NewDecision(Verdict.REJECTED, "starts_late", "cut in"), Sender("Ana")
    )

    assert decided.status is ClipStatus.REJECTED
    assert (decided.decision.reason, decided.decision.note, decided.decision.by) == ("starts_late", "cut in", "Ana")
    assert listener.told == [ClipStatus.REJECTED]


def test_an_edit_needs_a_decision_of_its_own(database: Database, clips: Clips) -> None:
    proposed(database, SPAN)
    clip = clips.of_project("prj_1")[0]
    approved = clips.decide(clip.id, clip.revision, NewDecision(Verdict.APPROVED))

    edited = clips.revise(clip.id, approved.revision, ClipEdit((TimeRange(9_000, 41_000),)), Sender("Ben"))

    assert (edited.version, edited.status) == (2, ClipStatus.PROPOSED)
    assert [d.version for d in edited.decisions] == [1]
    with database.read() as session:
        first = session.scalars(select(ClipVersion).where(ClipVersion.number == 1)).one()
    assert first.ranges == [[10_000, 40_000]]


def test_undo_takes_back_the_decision_that_stands(database: Database, clips: Clips) -> None:
    proposed(database, SPAN)
    clip = clips.of_project("prj_1")[0]
    one = clips.decide(clip.id, clip.revision, NewDecision(Verdict.APPROVED))
    two = clips.decide(clip.id, one.revision, NewDecision(Verdict.REJECTED))

    back = clips.decide(clip.id, two.revision, NewDecision(Verdict.WITHDRAWN))
    assert back.status is ClipStatus.APPROVED
    start = clips.decide(clip.id, back.revision, NewDecision(Verdict.WITHDRAWN))
    assert (start.status, start.decision) == (ClipStatus.PROPOSED, None)

    with pytest.raises(NothingToUndo):
        clips.decide(clip.id, start.revision, NewDecision(Verdict.WITHDRAWN))
    assert len(clips.get(clip.id).decisions) == 4


def test_a_reason_nobody_knows_is_refused(database: Database, clips: Clips) -> None:
    proposed(database, SPAN)
    clip = clips.of_project("prj_1")[0]

    with pytest.raises(BadSettings):
        clips.decide(clip.id, clip.revision, NewDecision(Verdict.REJECTED, "<b>boring</b>"))
