"""What paid services answered is kept, found again, and counted for the run that paid."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.db.migrate import migrate
from clipper_core.db.models import Project, Run, RunTask, Show, Task, now
from clipper_core.db.session import Database
from clipper_core.domain.spending import Spending, all_of
from clipper_core.services.engines.answers import Answers, spending_of
from clipper_core.services.engines.remembering import answer_key

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


def test_an_answer_that_was_kept_is_known_to_every_task_of_its_recording_and_to_no_other(database: Database):
    Answers(database, "prj_1", "tsk_1", "transcribe").keep("key", {"text": "hello"}, MINUTE)

    assert Answers(database, "prj_1", "tsk_9", "transcribe").known("key") == {"text": "hello"}
    assert Answers(database, "prj_1", "tsk_1", "transcribe").known("other") is None
    assert Answers(database, "prj_2", "tsk_2", "transcribe").known("key") is None


def test_an_answer_that_could_not_be_used_is_counted_and_asked_for_again(database: Database):
    answers = Answers(database, "prj_1", "tsk_1", "chat")

    answers.keep("key", {"text": "no JSON at all"}, MINUTE)
    answers.disown("key")

    assert answers.known("key") is None
    with database.read() as session:
        assert spending_of(session, ["run_1"]) == {"run_1": MINUTE}


def test_a_run_is_charged_for_all_it_asked_and_for_nothing_it_took_over(database: Database):
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


@given(
    st.lists(st.one_of(st.text(), st.integers(), st.binary()), max_size=4),
    st.lists(st.one_of(st.text(), st.integers(), st.binary()), max_size=4),
)
def test_different_questions_have_different_keys_and_equal_ones_the_same(one: list[object], two: list[object]):
    assert (answer_key(*one) == answer_key(*two)) == (repr(one) == repr(two))


@given(st.lists(st.builds(Spending, *[st.integers(0, 10**6)] * 4, st.one_of(st.none(), st.just(0.25)))))
def test_what_was_spent_adds_up_and_a_cost_is_known_once_one_part_of_it_is(parts: list[Spending]):
    whole = all_of(parts)

    assert whole.audio_ms == sum(p.audio_ms for p in parts)
    assert (whole.cost is None) == all(p.cost is None for p in parts)
