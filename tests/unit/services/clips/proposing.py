"""Proposals of a run, for tests."""

from __future__ import annotations

from clipper_core.db.models import Project
from clipper_core.db.session import Database
from clipper_core.domain.clip import Proposal
from clipper_core.domain.time_range import TimeRange
from clipper_core.services.clips.proposals import RunProposals, add_proposals

SPAN = TimeRange(10_000, 40_000)


def proposed(database: Database, *spans: TimeRange) -> None:
    with database.write() as session:
        proposals = [Proposal(s, 1.0, f"At {s.start_ms}", ("because",)) for s in spans]
        add_proposals(session, session.get_one(Project, "prj_1"), RunProposals("run_1", proposals, "map_1", None))
