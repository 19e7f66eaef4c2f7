"""Runs: what follows what, also when work was done before, cancelled on the way, or asked for anew."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from clipper_core.db.codecs import media_to_row
from clipper_core.db.map_rows import map_row
from clipper_core.db.models import Asset, Project, Run, Task
from clipper_core.db.session import Database
from clipper_core.domain.engines import Selector, Transcriber
from clipper_core.domain.media import AudioTrack, MediaInfo
from clipper_core.domain.silence import SilenceMap, SilenceSettings
from clipper_core.domain.task import Kind, TaskState
from clipper_core.errors import ProjectNotFound, ServiceKeyRefused, WrongState
from clipper_core.services.engines.choice import EngineChoice
from clipper_core.services.runs.runs import Runs
from clipper_core.services.runs.tasks import Tasks
from clipper_core.services.runs.views import RunView
from tests.unit.services.runs.test_tasks import FakeBell

MEDIA = MediaInfo(180_000, "mp3", (AudioTrack(0, "mp3", 44_100, 2),))
STRETCHES = [[0, 60_000], [60_000, 120_000], [120_000, 180_000]]
RESULTS: dict[Kind, dict[str, Any]] = {
    Kind.PROBE: {"media": media_to_row(MEDIA)},
    Kind.MAP_SILENCE: {"map": "map_1", "speech": "ast_s", "stretches": STRETCHES, "warnings": []},
    Kind.TRANSCRIBE: {"words": []},
    Kind.PROPOSE: {"clips": 0},
}
DRAFT = {"code": "draft_words", "message": "These are a draft."}


class House:
    """A recording, its runs, and somebody who finishes tasks with the results above."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.tasks = Tasks(database, FakeBell())
        self.runs = Runs(database, self.tasks, self.choose)
        self.transcripts = 0
        self.how = Transcriber.POCKETSPHINX

    def choose(self, language: str, has_captions: bool) -> EngineChoice:
        return EngineChoice(Transcriber.CAPTIONS if has_captions else self.how, Selector.OFFLINE, language)

    def waiting(self, kind: Kind) -> list[Task]:
        query = select(Task).where(Task.kind == kind, Task.state == TaskState.QUEUED).order_by(Task.position)
        with self.database.read() as session:
            return list(session.scalars(query))

    def finish(self, kind: Kind, most: int = 99) -> None:
        for task in self.waiting(kind)[:most]:
            claim = self.tasks.claim(task.id, task.attempt)
            assert claim is not None
            result = RESULTS.get(kind)
            if kind is Kind.ALIGN:
                self.transcripts += 1
                result = {"transcript": f"trs_{self.transcripts}", "warnings": [DRAFT]}
            assert result is not None
            self.tasks.finish(claim, result, lambda s, t: self.runs.follow_everywhere(s, t))

    def finish_all(self) -> None:
        for kind in (Kind.PROBE, Kind.MAP_SILENCE, Kind.TRANSCRIBE, Kind.ALIGN, Kind.PROPOSE):
            self.finish(kind)

    def give_captions(self) -> None:
        with self.database.write() as session:
            session.get_one(Project, "prj_1").captions_id = "ast_c"

    def project(self) -> Project:
        with self.database.read() as session:
            return session.get_one(Project, "prj_1")

    def run(self, run: RunView) -> RunView:
        return self.runs.get(run.id)


@pytest.fixture
def house(database: Database) -> House:
    with database.write() as session:
        session.get_one(Project, "prj_1").source_id = "ast_1"
        session.add(Asset(id="ast_1", project_id="prj_1", kind="source", key="k", mime="audio/mpeg", size=1))
    return House(database)


def test_a_run_goes_from_probe_to_proposals(house: House) -> None:
    run = house.runs.start("prj_1")
    assert house.run(run).state is TaskState.QUEUED

    house.finish_all()

    done = house.run(run)
    assert done.state is TaskState.SUCCEEDED
    assert [t.kind for t in done.tasks].count(Kind.TRANSCRIBE) == 3
    assert [t.kind for t in done.tasks].count(Kind.ALIGN) == 1
    assert done.warnings == (DRAFT,)


def test_words_are_placed_once_every_part_is_transcribed(house: House) -> None:
    house.runs.start("prj_1")
    house.finish(Kind.PROBE)
    house.finish(Kind.MAP_SILENCE)

    house.finish(Kind.TRANSCRIBE, most=2)
    assert not house.waiting(Kind.ALIGN)
    house.finish(Kind.TRANSCRIBE)

    (align,) = house.waiting(Kind.ALIGN)
    assert len(align.inputs["parts"]) == 3


def test_a_later_run_uses_chosen_silences_without_transcribing_again(house: House) -> None:
    house.runs.start("prj_1")
    with house.database.write() as session:
        for name, settings in (("map_1", SilenceSettings()), ("map_2", SilenceSettings(offset_db=3))):
            session.add(map_row(name, "prj_1", "ast_1", SilenceMap(180_000, settings=settings)))
    house.finish_all()
    with house.database.write() as session:
        session.get_one(Project, "prj_1").map_id = "map_2"

    house.runs.start("prj_1")

    assert house.project().map_id == "map_2"
    assert not house.waiting(Kind.TRANSCRIBE)
    assert [t.inputs["map"] for t in house.waiting(Kind.ALIGN)] == ["map_2"]
    house.finish(Kind.ALIGN)
    assert [t.inputs["map"] for t in house.waiting(Kind.PROPOSE)] == ["map_2"]


def test_a_second_run_reuses_finished_work_and_proposes_again(house: House) -> None:
    first = house.runs.start("prj_1")
    house.finish_all()

    second = house.runs.start("prj_1")

    assert second.id != first.id
    assert not any(house.waiting(k) for k in (Kind.PROBE, Kind.MAP_SILENCE, Kind.TRANSCRIBE, Kind.ALIGN))
    assert len(house.waiting(Kind.PROPOSE)) == 1
    house.finish_all()
    done = house.run(second)
    assert done.state is TaskState.SUCCEEDED
    assert [t.kind for t in done.tasks].count(Kind.ALIGN) == 1
    assert done.warnings == (DRAFT,)
    assert house.project().transcript_id == "trs_1"


def test_a_run_after_a_cancelled_one_waits_for_missing_parts(house: House) -> None:
    first = house.runs.start("prj_1")
    house.finish(Kind.PROBE)
    house.finish(Kind.MAP_SILENCE)
    house.finish(Kind.TRANSCRIBE, most=1)
    house.runs.cancel(first.id)

    house.runs.start("prj_1")

    assert len(house.waiting(Kind.TRANSCRIBE)) == 2
    assert not house.waiting(Kind.ALIGN)
    assert house.run(first).state is TaskState.CANCELLED


def test_a_cancelled_run_stays_cancelled_when_shared_work_ends(house: House) -> None:
    first = house.runs.start("prj_1")
    house.finish(Kind.PROBE)
    house.runs.cancel(first.id)
    house.give_captions()
    second = house.runs.start("prj_1")

    house.finish_all()

    assert house.run(first).state is TaskState.CANCELLED
    assert house.run(second).state is TaskState.SUCCEEDED
    assert not any(t.kind is Kind.TRANSCRIBE for t in house.run(second).tasks)


def test_a_retried_run_goes_on_where_it_was(house: House) -> None:
    run = house.runs.start("prj_1")
    house.finish(Kind.PROBE)
    house.finish(Kind.MAP_SILENCE)
    house.finish(Kind.TRANSCRIBE, most=1)
    house.runs.cancel(run.id)

    house.runs.retry(run.id)
    assert len(house.waiting(Kind.TRANSCRIBE)) == 2
    house.finish_all()

    assert house.run(run).state is TaskState.SUCCEEDED


def test_a_retry_after_changed_settings_starts_a_new_run(house: House) -> None:
    house.how = Transcriber.OPENAI
    first = house.runs.start("prj_1")
    house.finish(Kind.PROBE)
    house.finish(Kind.MAP_SILENCE)
    claim = house.tasks.claim(house.waiting(Kind.TRANSCRIBE)[0].id, 1)
    assert claim is not None
    house.tasks.fail(claim, ServiceKeyRefused())
    assert house.run(first).state is TaskState.FAILED

    house.how = Transcriber.POCKETSPHINX
    second = house.runs.retry(first.id)
    house.finish_all()

    assert second.id != first.id
    assert house.run(second).state is TaskState.SUCCEEDED
    assert house.run(second).settings["transcriber"] == "pocketsphinx"


def test_a_failed_service_fails_every_waiting_part(house: House) -> None:
    run = house.runs.start("prj_1")
    house.finish(Kind.PROBE)
    house.finish(Kind.MAP_SILENCE)
    claim = house.tasks.claim(house.waiting(Kind.TRANSCRIBE)[0].id, 1)
    assert claim is not None
    house.tasks.fail(claim, ServiceKeyRefused())

    assert house.tasks.fail_waiting(claim, ServiceKeyRefused()) == 2
    assert house.run(run).state is TaskState.FAILED
    house.runs.retry(run.id)
    house.finish_all()

    assert house.run(run).state is TaskState.SUCCEEDED


def test_clips_chosen_offline_instead_can_be_chosen_again(house: House) -> None:
    run = house.runs.start("prj_1")
    house.finish_all()
    assert not house.run(run).can_retry
    with house.database.write() as session:
        warning = {"code": "chosen_offline", "message": "The service did not answer."}
        session.get_one(Run, run.id).warnings = [warning]
    assert house.run(run).can_retry

    again = house.runs.retry(run.id)

    assert again.id != run.id
    assert [t.kind for t in house.run(again).tasks if t.state is TaskState.QUEUED] == [Kind.PROPOSE]


def test_only_the_newest_run_of_a_recording_can_be_retried(house: House) -> None:
    first = house.runs.start("prj_1")
    house.runs.cancel(first.id)
    house.give_captions()
    second = house.runs.start("prj_1")
    house.runs.cancel(second.id)

    with pytest.raises(WrongState):
        house.runs.retry(first.id)
    with house.database.write() as session:
        project = session.get_one(Project, "prj_1")
        project.deleted_at = project.created_at
    with pytest.raises(ProjectNotFound):
        house.runs.retry(second.id)


def test_a_run_that_is_over_cannot_be_cancelled(house: House) -> None:
    run = house.runs.start("prj_1")
    house.finish_all()

    with pytest.raises(WrongState):
        house.runs.cancel(run.id)


def test_asking_twice_gives_the_active_run(house: House) -> None:
    assert house.runs.start("prj_1").id == house.runs.start("prj_1").id
