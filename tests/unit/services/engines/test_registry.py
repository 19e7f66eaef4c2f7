"""The engines of a process: looked up by name, and paid ones asked for nothing twice."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from clipper_core.adapters.endpoint.openai import Endpoint
from clipper_core.adapters.endpoint.options import EndpointOptions
from clipper_core.domain.recognised import RecognisedPiece
from clipper_core.errors import EngineMissing
from clipper_core.services.engines.registry import EngineSet
from clipper_core.services.engines.remembering import OfThisProcess, RememberingRecogniser


class CountingRecogniser:
    version, languages, draft = "1", frozenset({"en"}), False
    piece_ms, spares_ms, in_flight = 10_000, 1_000, 1

    def __init__(self, name: str) -> None:
        self.name = name
        self.asked = 0

    def recognise(self, pcm: Any, offset_ms: int, progress: Any) -> RecognisedPiece:
        self.asked += 1
        return RecognisedPiece("hello", (("hello", 0, 100),), "en")


def engines(recogniser: CountingRecogniser, endpoint: Endpoint | None = None) -> EngineSet:
    return EngineSet({recogniser.name: lambda _language: recogniser}, lambda: pytest.fail("no aligner"), None, endpoint)


def test_an_engine_that_is_not_here_is_missing() -> None:
    with pytest.raises(EngineMissing):
        engines(CountingRecogniser("here")).recogniser("elsewhere", "en", OfThisProcess())


@pytest.mark.parametrize(("name", "asked"), [(Endpoint.name, 1), ("pocketsphinx", 2)])
def test_only_a_paid_recogniser_remembers_its_answers(name: str, asked: int) -> None:
    memory, counting = OfThisProcess(), CountingRecogniser(name)
    sound = np.ones(16_000, np.int16)

    for _ in range(2):
        recogniser = engines(counting).recogniser(name, "en", memory)
        assert recogniser.recognise(sound, 0, lambda _: None).text == "hello"

    assert counting.asked == asked
    assert isinstance(recogniser, RememberingRecogniser) == (name == Endpoint.name)


def test_a_language_model_needs_the_selector_and_an_endpoint() -> None:
    endpoint = Endpoint(EndpointOptions(key="k"))
    counting = CountingRecogniser("here")

    assert engines(counting, endpoint).chat("chat", OfThisProcess(), lambda: None) is not None
    assert engines(counting, endpoint).chat("offline", OfThisProcess(), lambda: None) is None
    assert engines(counting).chat("chat", OfThisProcess(), lambda: None) is None
