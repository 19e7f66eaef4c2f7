"""The steps that give a recording its words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clipper_core.db.models import PaidAnswer, Task, TranscriptRow
from clipper_core.db.session import Database
from clipper_core.domain.recognised import RecognisedPiece
from clipper_core.domain.task_inputs import AlignInputs, TranscribeInputs
from clipper_core.domain.time_range import TimeRange
from clipper_core.errors import EngineMissing
from clipper_core.services.engines.registry import EngineSet
from clipper_core.services.runs.word_steps import WordSteps
from tests.unit.services.runs.step_room import StepRoom
from tests.unit.stages.words.test_align import Ruler

SRT = b"1\n00:00:00,000 --> 00:00:02,000\nAnd so it begins, they said.\n"
PART = TimeRange(0, 9_000)


class FakeRecogniser:
    version, languages, draft = "1", frozenset({"en"}), True
    piece_ms, spares_ms, in_flight = None, 1_500, 1

    def __init__(self, name: str) -> None:
        self.name = name
        self.asked = 0

    def hear(self, pcm: Any, offset_ms: int, progress: Any) -> RecognisedPiece:
        self.asked += 1
        return RecognisedPiece("hello there", (("hello", 0, 300), ("there", 300, 600)), "en")


@pytest.fixture
def room(database: Database, tmp_path: Path) -> StepRoom:
    room = StepRoom(database, tmp_path)
    room.furnish()
    about = {"project_id": "prj_1", "kind": "transcribe", "queue": "speech", "inputs": {}}
    with database.write() as session:
        session.add(Task(id="tsk_1", state="running", input_key="k1", **about))
        for number, (start_ms, language) in enumerate(((10_500, "de"), (0, "en")), 2):
            words = [[f"w{start_ms + i}", start_ms + i, start_ms + i + 4_500, True] for i in (0, 4_500)]
            result = {"words": words, "language": language}
            session.add(Task(id=f"tsk_{number}", state="succeeded", input_key=f"k{number}", result=result, **about))
    return room


def steps(room: StepRoom, *recognisers: FakeRecogniser) -> WordSteps:
    makers = {r.name: lambda _language, r=r: r for r in recognisers}
    return WordSteps(room.database, room.files, room.measured, EngineSet(makers, Ruler))


def test_a_part_is_transcribed_with_times_of_the_recording(room: StepRoom) -> None:
    inputs = TranscribeInputs("map_1", "ast_speech", "en", "fake", TimeRange(10_500, 20_000))

    outcome = steps(room, FakeRecogniser("fake")).transcribe(room.context(inputs))

    assert outcome.result == {
        "words": [["hello", 10_500, 10_800, True], ["there", 10_800, 11_100, True]],
        "language": "en",
    }


@pytest.mark.parametrize(("name", "asked"), [("openai", 1), ("pocketsphinx", 2)])
def test_a_second_attempt_pays_for_nothing_twice(room: StepRoom, name: str, asked: int) -> None:
    recogniser = FakeRecogniser(name)
    inputs = TranscribeInputs("map_1", "ast_speech", "en", name, PART)

    results = [steps(room, recogniser).transcribe(room.context(inputs)).result for _ in range(2)]

    assert results[0] == results[1]
    assert recogniser.asked == asked
    with room.database.read() as session:
        assert session.query(PaidAnswer).count() == (1 if name == "openai" else 0)


def test_an_engine_gone_since_the_start_is_missing(room: StepRoom) -> None:
    with pytest.raises(EngineMissing):
        steps(room).transcribe(room.context(TranscribeInputs("map_1", "ast_speech", "en", "openai", PART)))


def test_captions_become_the_transcript_of_the_recording(room: StepRoom) -> None:
    inputs = AlignInputs("map_1", "ast_speech", "auto", "captions", (), room.store("captions", SRT))

    outcome = steps(room).align(room.context(inputs))

    project = room.save(outcome)
    with room.database.read() as session:
        row = session.get_one(TranscriptRow, project.transcript_id or "")
    assert outcome.result == {"transcript": row.id, "warnings": []}
    assert (row.engine, row.language, row.draft, row.word_count) == ("captions", "en", False, 6)


@pytest.mark.parametrize(("engine", "draft", "code"), [("pocketsphinx", True, "draft_words"), ("openai", False, None)])
def test_parts_become_one_transcript_in_spoken_order(
    room: StepRoom, engine: str, draft: bool, code: str | None
) -> None:
    inputs = AlignInputs("map_1", "ast_speech", "auto", engine, ("tsk_2", "tsk_3"))

    outcome = steps(room).align(room.context(inputs))

    project = room.save(outcome)
    with room.database.read() as session:
        row = session.get_one(TranscriptRow, project.transcript_id or "")
    assert (row.engine, row.draft, row.word_count) == (engine, draft, 4)
    assert (code in [w["code"] for w in outcome.result["warnings"]]) == (code is not None)
