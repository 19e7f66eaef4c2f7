"""Data that steps read beside their inputs."""

from __future__ import annotations

import pytest

from clipper_core.db.models import PaidAnswer, Project, Task
from clipper_core.db.session import Database
from clipper_core.domain.spending import Spending
from clipper_core.domain.task import Kind
from clipper_core.services.runs.task_data import paid_answers, stored_media
from clipper_core.services.runs.tasks import Claim


def test_media_is_what_probing_stored(database: Database) -> None:
    with pytest.raises(AssertionError):
        stored_media(database, "prj_1")
    with database.write() as session:
        session.get_one(Project, "prj_1").media = {"v": 1, "duration_ms": 5}

    assert stored_media(database, "prj_1") == {"v": 1, "duration_ms": 5}


def test_answers_name_the_task_that_paid(database: Database) -> None:
    about = {"project_id": "prj_1", "kind": "transcribe", "queue": "speech", "input_key": "k", "inputs": {}}
    with database.write() as session:
        session.add(Task(id="tsk_1", state="running", **about))

    claim = Claim("tsk_1", "tok_1", 1, Kind.TRANSCRIBE, "prj_1", {})
    paid_answers(database, claim).keep("key", {"text": "hello"}, Spending(audio_ms=60_000))

    assert paid_answers(database, claim).known("key") == {"text": "hello"}
    with database.read() as session:
        (row,) = session.query(PaidAnswer).all()
    assert (row.task_id, row.kind, row.audio_ms) == ("tsk_1", "transcribe", 60_000)
