"""A new run's proposals replace untouched ones, and keep off what people touched."""

from __future__ import annotations

from clipper_core.db.models import Clip, Project
from clipper_core.db.session import Database
from clipper_core.domain.clip import NewDecision, Verdict
from clipper_core.domain.time_range import TimeRange
from clipper_core.services.assets.measured import CertifiedCuts
from clipper_core.services.clips.notes import Notes
from clipper_core.services.clips.proposals import touched_ranges
from clipper_core.services.clips.review import Clips
from clipper_core.services.clips.views import VersionContent, new_version
from tests.unit.services.clips.proposing import SPAN, proposed


def test_a_new_run_replaces_untouched_proposals_only(database: Database, clips: Clips) -> None:
    proposed(database, SPAN, TimeRange(50_000, 80_000))
    first, second = clips.of_project("prj_1")
    clips.decide(first.id, first.revision, NewDecision(Verdict.REJECTED))
    mine = clips.create("prj_1", (TimeRange(100_000, 130_000),), title="Mine")

    with database.read() as session:
        kept = touched_ranges(session, "prj_1")
    proposed(database, TimeRange(200_000, 230_000))

    assert sorted(kept) == [SPAN, TimeRange(100_000, 130_000)]
    left = {c.id for c in clips.of_project("prj_1")}
    assert {first.id, mine.id} <= left
    assert second.id not in left
    assert len(left) == 3


def test_a_new_run_keeps_noted_but_not_reworded_clips(database: Database, clips: Clips) -> None:
    proposed(database, SPAN, TimeRange(50_000, 80_000))
    noted, corrected = clips.of_project("prj_1")
    Notes(database).add(noted.id, 12_000, "Is this her name?")
    with database.write() as session:
        project, clip = session.get_one(Project, "prj_1"), session.get_one(Clip, corrected.id)
        project.transcript_id = "trs_corrected"
        clip.newest, clip.revision = 2, 2
        content = VersionContent(corrected.title, corrected.ranges, "source", "Ana")
        session.add(new_version(clip, content, CertifiedCuts((), project.map_id, project.transcript_id)))

    with database.read() as session:
        kept = touched_ranges(session, "prj_1")
    proposed(database, TimeRange(200_000, 230_000))

    assert kept == [SPAN]
    left = {c.id for c in clips.of_project("prj_1")}
    assert noted.id in left
    assert corrected.id not in left


def test_the_same_range_proposed_again_keeps_its_clip(database: Database, clips: Clips) -> None:
    other = TimeRange(50_000, 80_000)
    proposed(database, SPAN, other)
    before = {c.ranges[0]: c.id for c in clips.of_project("prj_1")}

    proposed(database, other, TimeRange(100_000, 130_000))

    after = {c.ranges[0]: (c.id, c.rank) for c in clips.of_project("prj_1")}
    assert after[other] == (before[other], 1)
    assert SPAN not in after


def test_no_proposal_overlaps_a_touched_clip(database: Database, clips: Clips) -> None:
    proposed(database, SPAN)
    clip = clips.of_project("prj_1")[0]
    clips.decide(clip.id, clip.revision, NewDecision(Verdict.APPROVED))

    proposed(database, TimeRange(35_000, 60_000), TimeRange(70_000, 95_000))

    assert [c.ranges[0] for c in clips.of_project("prj_1") if c.id != clip.id] == [TimeRange(70_000, 95_000)]
