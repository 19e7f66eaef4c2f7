"""The transcript in use: a correction, if it descends from the run's transcript."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clipper_core.db.models import Asset, Project, TranscriptRow
from clipper_core.db.session import Database
from clipper_core.db.transcript_rows import transcript_in_use

CHAIN = 5


@pytest.fixture
def chain(database: Database) -> Database:
    """Two transcripts: ``a0`` corrected into ``a1`` and so on, and ``b0`` beside."""
    with database.write() as session:
        session.add(Asset(id="ast_1", project_id="prj_1", kind="transcript", key="k", mime="x/y", size=1))
        session.flush()
        for name, parent in [("b0", None), *((f"a{n}", f"a{n - 1}" if n else None) for n in range(CHAIN))]:
            row = TranscriptRow(id=name, project_id="prj_1", asset_id="ast_1", engine="captions", language="en")
            row.draft, row.word_count, row.parent_id = False, 1, parent
            session.add(row)
    return database


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, CHAIN - 1), st.integers(0, CHAIN - 1))
def test_a_correction_replaces_its_own_ancestors(chain: Database, current: int, recognised: int) -> None:
    with chain.read() as session:
        project = Project(id="prj_1", transcript_id=f"a{current}")

        used = transcript_in_use(session, project, f"a{recognised}")

    assert used == (f"a{current}" if current >= recognised else f"a{recognised}")


def test_other_words_are_used_as_they_are(chain: Database) -> None:
    with chain.read() as session:
        assert transcript_in_use(session, Project(id="prj_1", transcript_id="a3"), "b0") == "b0"
        assert transcript_in_use(session, Project(id="prj_1", transcript_id=None), "b0") == "b0"
