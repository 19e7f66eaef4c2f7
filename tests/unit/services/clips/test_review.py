"""Clips: versions are immutable, decisions are a record, and nobody overwrites what they have not seen."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from clipper_core.db.models import Clip, ClipVersion, Decision, Project, Task
from clipper_core.db.session import Database
from clipper_core.domain.clip import ClipStatus, Proposal, Verdict, standing, status_of
from clipper_core.domain.time_range import TimeRange
from clipper_core.errors import BadRange, BadSettings, NothingToUndo, Stale
from clipper_core.services.assets.measured import CertifiedCuts
from clipper_core.services.clips.notes import Notes
from clipper_core.services.clips.proposals import Found, add_proposals, kept_stretches
from clipper_core.services.clips.review import Clips
from clipper_core.services.clips.verdicts import NewestDecision
from clipper_core.services.clips.views import new_version


class NoEvidence:
    def certified(self, project_id: str, ranges: Sequence[TimeRange]) -> CertifiedCuts:
        return CertifiedCuts((), "map_1", None)

    def words_changed(self, before_id: str | None, now_id: str | None, ranges: Sequence[TimeRange]) -> bool:
        return False


class Listener:
    """Keeps what it was told about decisions."""

    def __init__(self) -> None:
        self.told: list[ClipStatus] = []

    def decided(self, session: Session, clip: Clip, version: ClipVersion, status: ClipStatus) -> list[Task]:
        self.told.append(status)
        return []

    def ring(self, tasks: Sequence[Task]) -> None:
        pass


@pytest.fixture
def database(database: Database) -> Database:
    """With a recording of ten minutes that was mapped."""
    with database.write() as session:
        project = session.get_one(Project, "prj_1")
        project.media, project.map_id = {"duration_ms": 600_000}, "map_1"
    return database


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
def clips(database: Database, listener: Listener) -> Clips:
    return Clips(database, NoEvidence(), listener)


def proposed(database: Database, *spans: TimeRange) -> None:
    with database.write() as session:
        proposals = [Proposal(s, 1.0, f"At {s.start_ms}", ("because",)) for s in spans]
        add_proposals(session, session.get_one(Project, "prj_1"), Found("run_1", proposals, "map_1", None))


SPAN = TimeRange(10_000, 40_000)


def test_a_proposal_is_undecided_until_somebody_decides(database: Database, clips: Clips, listener: Listener) -> None:
    proposed(database, SPAN)
    clip = clips.of_project("prj_1")[0]
    assert clip.status is ClipStatus.PROPOSED

    decided = clips.decide(clip.id, clip.revision, Verdict.REJECTED, reason="starts_late", note="cut in", by="Ana")

    assert decided.status is ClipStatus.REJECTED
    assert (decided.decision.reason, decided.decision.note, decided.decision.by) == ("starts_late", "cut in", "Ana")
    assert listener.told == [ClipStatus.REJECTED]


def test_an_edit_makes_a_new_version_that_needs_a_decision(database: Database, clips: Clips) -> None:
    proposed(database, SPAN)
    clip = clips.of_project("prj_1")[0]
    approved = clips.decide(clip.id, clip.revision, Verdict.APPROVED)

    edited = clips.revise(clip.id, approved.revision, ranges=(TimeRange(9_000, 41_000),), by="Ben")

    assert (edited.version, edited.status) == (2, ClipStatus.PROPOSED)
    assert [d.version for d in edited.decisions] == [1]
    with database.read() as session:
        first = session.scalars(select(ClipVersion).where(ClipVersion.number == 1)).one()
    assert first.ranges == [[10_000, 40_000]]


def test_the_second_writer_is_told_and_nothing_is_lost(database: Database, clips: Clips) -> None:
    proposed(database, SPAN)
    seen = clips.of_project("prj_1")[0]
    clips.decide(seen.id, seen.revision, Verdict.APPROVED, by="Ana")

    with pytest.raises(Stale):
        clips.decide(seen.id, seen.revision, Verdict.REJECTED, by="Ben")
    with pytest.raises(Stale):
        clips.revise(seen.id, seen.revision, ranges=(TimeRange(0, 5_000),), by="Ben")

    assert clips.get(seen.id).status is ClipStatus.APPROVED


def test_of_many_decisions_on_one_revision_exactly_one_is_kept(database: Database, clips: Clips) -> None:
    proposed(database, SPAN)
    clip = clips.of_project("prj_1")[0]
    together = threading.Barrier(6)
    refused: list[Stale] = []

    def decide(number: int) -> None:
        together.wait()
        try:
            clips.decide(clip.id, clip.revision, Verdict.APPROVED, by=str(number))
        except Stale as error:
            refused.append(error)

    people = [threading.Thread(target=decide, args=(n,)) for n in range(6)]
    for person in people:
        person.start()
    for person in people:
        person.join()

    assert len(refused) == 5
    with database.read() as session:
        assert len(session.scalars(select(Decision)).all()) == 1


def test_undo_takes_back_the_decision_that_stands(database: Database, clips: Clips) -> None:
    proposed(database, SPAN)
    clip = clips.of_project("prj_1")[0]
    one = clips.decide(clip.id, clip.revision, Verdict.APPROVED)
    two = clips.decide(clip.id, one.revision, Verdict.REJECTED)

    back = clips.decide(clip.id, two.revision, Verdict.WITHDRAWN)
    assert back.status is ClipStatus.APPROVED
    start = clips.decide(clip.id, back.revision, Verdict.WITHDRAWN)
    assert (start.status, start.decision) == (ClipStatus.PROPOSED, None)

    with pytest.raises(NothingToUndo):
        clips.decide(clip.id, start.revision, Verdict.WITHDRAWN)
    assert len(clips.get(clip.id).decisions) == 4


def test_a_reason_nobody_knows_is_refused(database: Database, clips: Clips) -> None:
    proposed(database, SPAN)
    clip = clips.of_project("prj_1")[0]

    with pytest.raises(BadSettings):
        clips.decide(clip.id, clip.revision, Verdict.REJECTED, reason="<b>boring</b>")


@pytest.mark.parametrize(
    "ranges",
    [
        (),
        (TimeRange(0, 700_000),),
        (TimeRange(0, 100),),
        (TimeRange(5_000, 9_000), TimeRange(8_000, 12_000)),
        (TimeRange(20_000, 30_000), TimeRange(5_000, 9_000)),
    ],
    ids=["none", "past the end", "too short", "overlapping", "out of order"],
)
def test_a_clip_lies_inside_the_recording_in_order(clips: Clips, ranges: tuple[TimeRange, ...]) -> None:
    with pytest.raises(BadRange):
        clips.create("prj_1", ranges)


def test_a_new_run_replaces_untouched_proposals_and_keeps_what_people_touched(database: Database, clips: Clips) -> None:
    proposed(database, SPAN, TimeRange(50_000, 80_000))
    first, second = clips.of_project("prj_1")
    clips.decide(first.id, first.revision, Verdict.REJECTED)
    mine = clips.create("prj_1", (TimeRange(100_000, 130_000),), title="Mine")

    with database.read() as session:
        kept = kept_stretches(session, "prj_1")
    proposed(database, TimeRange(200_000, 230_000))

    assert sorted(kept) == [SPAN, TimeRange(100_000, 130_000)]
    left = {c.id for c in clips.of_project("prj_1")}
    assert {first.id, mine.id} <= left
    assert second.id not in left
    assert len(left) == 3


def test_a_new_run_keeps_what_somebody_said_something_about_but_not_what_only_got_new_words(
    database: Database, clips: Clips
) -> None:
    proposed(database, SPAN, TimeRange(50_000, 80_000))
    noted, corrected = clips.of_project("prj_1")
    Notes(database).add(noted.id, 12_000, "Is this her name?")
    with database.write() as session:
        project, clip = session.get_one(Project, "prj_1"), session.get_one(Clip, corrected.id)
        project.transcript_id = "trs_corrected"
        clip.newest, clip.revision = 2, 2
        session.add(new_version(clip, project, corrected.title, corrected.ranges, (), "source", "Ana"))

    with database.read() as session:
        kept = kept_stretches(session, "prj_1")
    proposed(database, TimeRange(200_000, 230_000))

    assert kept == [SPAN]
    left = {c.id for c in clips.of_project("prj_1")}
    assert noted.id in left
    assert corrected.id not in left


def test_a_run_that_proposes_the_same_stretch_keeps_the_clip_people_may_have_open(
    database: Database, clips: Clips
) -> None:
    other = TimeRange(50_000, 80_000)
    proposed(database, SPAN, other)
    before = {c.ranges[0]: c.id for c in clips.of_project("prj_1")}

    proposed(database, other, TimeRange(100_000, 130_000))

    after = {c.ranges[0]: (c.id, c.rank) for c in clips.of_project("prj_1")}
    assert after[other] == (before[other], 1)
    assert SPAN not in after


def test_a_proposal_does_not_overlap_a_clip_somebody_touched_meanwhile(database: Database, clips: Clips) -> None:
    proposed(database, SPAN)
    clip = clips.of_project("prj_1")[0]
    clips.decide(clip.id, clip.revision, Verdict.APPROVED)

    proposed(database, TimeRange(35_000, 60_000), TimeRange(70_000, 95_000))

    assert [c.ranges[0] for c in clips.of_project("prj_1") if c.id != clip.id] == [TimeRange(70_000, 95_000)]


DECISIONS = {v: NewestDecision(v) for v in Verdict}


@given(st.lists(st.sampled_from(list(DECISIONS.values())), max_size=30))
def test_a_status_is_what_the_last_decision_not_taken_back_says(decisions: list[NewestDecision]) -> None:
    stands = standing(decisions)

    assert status_of(decisions).value == (stands[-1].verdict.value if stands else "proposed")
    assert status_of([*decisions, DECISIONS[Verdict.APPROVED]]) is ClipStatus.APPROVED
    assert status_of([*decisions, DECISIONS[Verdict.APPROVED], DECISIONS[Verdict.WITHDRAWN]]) is status_of(decisions)
