"""Answers of paid services are kept, found again, and counted for the run that paid."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from clipper_core.db.migrate import migrate
from clipper_core.db.models import Project, Run, RunTask, Show, Task, now
from clipper_core.db.session import Database
from clipper_core.domain.spending import Spending
from clipper_core.services.engines.answers import Answers, spending_of

MINUTE = Spending(audio_ms=60_000, waited_ms=2_000, cost=0.006)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'clipper.db'}")
    migrate(database)
    with database.write() as session:
        session.add(Show(id="shw_1", name="Show", defaults={}))
        session.flush()
        for project in ("prj_1", "prj_2"):
            session.add(Project(id=project, show_id="shw_1", title="T", filename="t.mp3", preferences={}))
        session.flush()
        begun = now() - timedelta(minutes=5)
        session.add(Run(id="run_1", project_id="prj_1", settings={}, warnings=[], created_at=begun))
        session.add(
            Task(
                id="tsk_1",
                project_id="prj_1",
                kind="transcribe",
                queue="speech",
                input_key="k1",
                inputs={},
                state="queued",
            )
        )
        session.add(
            Task(
                id="tsk_2",
                project_id="prj_2",
                kind="transcribe",
                queue="speech",
                input_key="k2",
                inputs={},
                state="queued",
            )
        )
        session.flush()
        session.add(RunTask(run_id="run_1", task_id="tsk_1"))
    yield database
    database.close()


def test_an_answer_is_shared_by_one_recording_alone(database: Database):
    Answers(database, "prj_1", "tsk_1", "transcribe").keep("key", {"text": "hello"}, MINUTE)

    assert Answers(database, "prj_1", "tsk_9", "transcribe").known("key") == {"text": "hello"}
    assert Answers(database, "prj_1", "tsk_1", "transcribe").known("other") is None
    assert Answers(database, "prj_2", "tsk_2", "transcribe").known("key") is None


def test_a_useless_answer_is_counted_and_asked_again(database: Database):
    answers = Answers(database, "prj_1", "tsk_1", "chat")

    answers.keep("key", {"text": "no JSON at all"}, MINUTE)
    answers.disown("key")

    assert answers.known("key") is None
    with database.read() as session:
        assert spending_of(session, ["run_1"]) == {"run_1": MINUTE}


def test_a_run_pays_only_for_what_it_asked(database: Database):
    answers = Answers(database, "prj_1", "tsk_1", "transcribe")
    answers.keep("one", {}, MINUTE)
    answers.keep("two", {}, Spending(audio_ms=30_000, tokens_in=7, tokens_out=3, waited_ms=500))
    with database.write() as session:
        session.add(
            Run(id="run_2", project_id="prj_1", settings={}, warnings=[], created_at=now() + timedelta(seconds=1))
        )
        session.flush()
        session.add(RunTask(run_id="run_2", task_id="tsk_1"))

    with database.read() as session:
        spent = spending_of(session, ["run_1", "run_2", "run_3"])

    assert spent == {"run_1": Spending(90_000, 7, 3, 2_500, 0.006)}
