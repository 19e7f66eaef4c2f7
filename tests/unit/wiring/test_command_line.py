"""The parts that the command line works with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clipper_core.domain.clip import Lengths
from clipper_core.domain.engines import Selector, Transcriber
from clipper_core.errors import BadCaptions, SetupProblem
from clipper_core.settings import Settings
from clipper_core.wiring.command_line import ProcessRequest, choose_for_file, propose_here

TALK = {"duration": 120.0, "words": [{"w": f"word{i}.", "start": i, "end": i + 0.8} for i in range(1, 110)]}


def settings(**values: Any) -> Settings:
    return Settings(_env_file=None, **values)


def test_a_caption_file_gives_the_words(tmp_path: Path) -> None:
    captions = tmp_path / "talk.srt"
    captions.write_text("1\n00:00:00,000 --> 00:00:01,000\nHello.\n")

    choice = choose_for_file(settings(), ProcessRequest(captions=captions, language="de"))

    assert (choice.transcriber, choice.selector, choice.language) == (Transcriber.CAPTIONS, Selector.OFFLINE, "de")


@pytest.mark.parametrize(
    ("values", "captions", "sentence"),
    [
        ({}, Path("missing.srt"), "There is no caption file missing.srt"),
        ({"transcriber": "captions"}, None, "--captions"),
    ],
)
def test_captions_that_are_not_there_are_asked_for(
    values: dict[str, str], captions: Path | None, sentence: str
) -> None:
    with pytest.raises(BadCaptions, match=sentence):
        choose_for_file(settings(**values), ProcessRequest(captions=captions))


def test_a_missing_engine_is_refused_before_the_work() -> None:
    with pytest.raises(SetupProblem):
        choose_for_file(settings(transcriber="openai"), ProcessRequest())
    with pytest.raises(SetupProblem):
        propose_here(settings(selector="chat"), TALK, Lengths())


def test_a_transcript_gives_clips_whatever_would_transcribe_here() -> None:
    clips, warnings = propose_here(settings(transcriber="faster-whisper"), TALK, Lengths(20_000, 40_000, 2))

    assert clips and not warnings
