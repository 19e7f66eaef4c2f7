"""The steps that look at a recording, with FFmpeg."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clipper_core.adapters.media.ffmpeg import Ffmpeg
from clipper_core.db.codecs import media_from_row
from clipper_core.db.models import SilenceMapRow
from clipper_core.db.session import Database
from clipper_core.domain.task_inputs import MapInputs, PreviewInputs, ProbeInputs
from clipper_core.errors import NotMedia, TooLong
from clipper_core.services.runs.recording_steps import RecordingSteps
from clipper_core.stages.media.probe import ProbeLimits
from tests.unit.conftest import talk, write_wav
from tests.unit.services.runs.step_room import StepRoom


class CountingEar:
    heard = 0

    def hear(self, speech: Path, duration_ms: int, frames: int, progress: Any) -> Any:
        self.heard += 1
        return np.zeros(frames, np.uint8)


@pytest.fixture
def room(database: Database, tmp_path: Path) -> StepRoom:
    room = StepRoom(database, tmp_path)
    sound = talk((1_500, -20.0), (700, -80.0), (1_500, -20.0), rate=8_000)
    room.store("source", write_wav(tmp_path / "talk.wav", sound, rate=8_000).read_bytes())
    return room


def steps(room: StepRoom, ffmpeg: Ffmpeg, voice: Any = None, limits: ProbeLimits | None = None) -> RecordingSteps:
    return RecordingSteps(room.database, room.files, ffmpeg, limits or ProbeLimits(), voice)


def test_probing_stores_what_the_file_says(room: StepRoom, ffmpeg: Ffmpeg) -> None:
    outcome = steps(room, ffmpeg).probe(room.context(ProbeInputs("ast_source")))

    assert room.save(outcome).media == outcome.result["media"]
    assert media_from_row(outcome.result["media"]).duration_ms == 3_700


def test_a_recording_beyond_the_limits_is_refused(room: StepRoom, ffmpeg: Ffmpeg) -> None:
    strict = steps(room, ffmpeg, limits=ProbeLimits(max_hours=0.0001))

    with pytest.raises(TooLong):
        strict.probe(room.context(ProbeInputs("ast_source")))
    with pytest.raises(NotMedia):
        steps(room, ffmpeg).probe(room.context(ProbeInputs(room.store("text", b"no media at all"))))


@pytest.mark.parametrize("asked", [None, "silero 3.4"])
def test_mapping_asks_for_a_voice_only_on_demand(room: StepRoom, ffmpeg: Ffmpeg, asked: str | None) -> None:
    ear = CountingEar()
    all_steps = steps(room, ffmpeg, ear)
    room.save(all_steps.probe(room.context(ProbeInputs("ast_source"))))

    outcome = all_steps.map_silence(room.context(MapInputs("ast_source", 0, "7.1", asked)))

    project = room.save(outcome)
    with room.database.read() as session:
        row = session.get_one(SilenceMapRow, project.map_id or "")
    assert (outcome.result["map"], outcome.result["speech"]) == (project.map_id, project.speech_id)
    assert len(row.silences["silences"]) >= 1
    assert outcome.result["stretches"] and outcome.result["warnings"] == []
    assert ear.heard == (1 if asked else 0)


def test_a_preview_is_sound_for_a_recording_without_pictures(room: StepRoom, ffmpeg: Ffmpeg) -> None:
    all_steps = steps(room, ffmpeg)
    room.save(all_steps.probe(room.context(ProbeInputs("ast_source"))))

    outcome = all_steps.preview(room.context(PreviewInputs("ast_source", 0)))

    (file,) = outcome.files
    assert file.mime == "audio/mp4" and file.path.stat().st_size > 0
    assert room.save(outcome).preview_id == outcome.result["preview"] == file.id
