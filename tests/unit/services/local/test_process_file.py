"""A file from the command line, from the recording to its clips."""

from __future__ import annotations

from pathlib import Path

import pytest

from clipper_core.adapters.media.ffmpeg import Ffmpeg
from clipper_core.domain.clip import Lengths
from clipper_core.domain.engines import Selector, Transcriber
from clipper_core.domain.preset import PRESETS
from clipper_core.domain.time_range import TimeRange
from clipper_core.errors import BadRange, EngineMissing, NotMedia
from clipper_core.services.engines.choice import EngineChoice
from clipper_core.services.engines.registry import EngineSet
from clipper_core.services.local.map_file import FileMapper, ProbeLimits
from clipper_core.services.local.process_file import FileProcessor, ProcessRequest
from tests.unit.conftest import talk, write_wav
from tests.unit.stages.words.test_align import Ruler

WORDLESS = EngineChoice(Transcriber.NONE, Selector.OFFLINE)
SRT = b"1\n00:00:00,000 --> 00:00:02,500\nAnd so it begins, they said.\n"


@pytest.fixture
def processor(ffmpeg: Ffmpeg) -> FileProcessor:
    mapper = FileMapper(ffmpeg, ProbeLimits())
    return FileProcessor(ffmpeg, mapper, EngineSet({}, Ruler), ProbeLimits())


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    parts = [(2_500, -20.0), (700, -80.0)] * 4
    return write_wav(tmp_path / "talk.wav", talk(*parts, rate=8_000), rate=8_000)


def test_without_words_clips_are_chosen_by_pauses(processor: FileProcessor, recording: Path, tmp_path: Path) -> None:
    reports: list[str] = []
    out = tmp_path / "clips"
    request = ProcessRequest(lengths=Lengths(2_000, 6_000, 2), preset=PRESETS["audio"], out=out)

    result = processor.process(recording, request, WORDLESS, lambda step, _: reports.append(step))

    document = result.to_json()
    assert document["clips"] and document["transcript"]["words"] == []
    assert all(Path(clip["files"]["media"]).is_file() for clip in document["clips"])
    assert set(document["timings_s"]) == {"probe", "map_silence", "propose", "render"}
    assert {"Mapping the silences", "Rendering"} <= set(reports)


def test_captions_are_placed_in_the_sound(processor: FileProcessor, recording: Path, tmp_path: Path) -> None:
    (tmp_path / "talk.srt").write_bytes(SRT)
    choice = EngineChoice(Transcriber.CAPTIONS, Selector.OFFLINE, "en")
    request = ProcessRequest(captions=tmp_path / "talk.srt", lengths=Lengths(60_000, 90_000))

    document = processor.process(recording, request, choice, lambda *_: None).to_json()

    assert [w["text"] for w in document["transcript"]["words"]] == ["And", "so", "it", "begins,", "they", "said."]
    assert set(document["timings_s"]) == {"probe", "map_silence", "align", "propose"}
    assert [w["code"] for w in document["warnings"]] == ["no_clips"]


def test_an_engine_that_is_not_here_is_missing(processor: FileProcessor, recording: Path) -> None:
    choice = EngineChoice(Transcriber.POCKETSPHINX, Selector.OFFLINE)

    with pytest.raises(EngineMissing):
        processor.process(recording, ProcessRequest(), choice, lambda *_: None)


def test_a_missing_track_or_file_is_refused(processor: FileProcessor, recording: Path) -> None:
    with pytest.raises(BadRange, match="1 sound tracks"):
        processor.process(recording, ProcessRequest(track=1), WORDLESS, lambda *_: None)
    with pytest.raises(NotMedia):
        processor.process(recording.with_name("other.wav"), ProcessRequest(), WORDLESS, lambda *_: None)


def test_a_range_beyond_the_end_is_not_rendered(processor: FileProcessor, recording: Path, tmp_path: Path) -> None:
    with pytest.raises(BadRange):
        processor.render(recording, TimeRange(0, 90_000), PRESETS["audio"], tmp_path / "out.wav", lambda *_: None)

    assert not (tmp_path / "out.wav").exists()
