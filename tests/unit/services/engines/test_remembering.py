"""Paid engines ask nothing twice."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import numpy.typing as npt
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.adapters.endpoint.openai import ChatAnswer, Endpoint
from clipper_core.domain.recognised import RecognisedPiece
from clipper_core.domain.spending import Spending
from clipper_core.services.engines.remembering import (
    OfThisProcess,
    RememberingChat,
    RememberingRecogniser,
    answer_key,
)

MINUTE = Spending(audio_ms=60_000, cost=0.006)
ASKED = [{"role": "user", "content": "Which sentences?"}]


class CountingRecogniser:
    name, version, languages, draft = "openai", "model @ host", frozenset({"en"}), False
    piece_ms, spares_ms, in_flight = 10_000, 5_000, 4
    asked = 0

    def hear(self, pcm: Any, offset_ms: int, progress: Any) -> RecognisedPiece:
        self.asked += 1
        return RecognisedPiece("hello there", (("hello", 0, 300), ("there", 300, 600)), "en", MINUTE)


class CountingEndpoint:
    chat_version = "chat @ host"
    asked = 0

    def chat(self, *_: Any) -> ChatAnswer:
        self.asked += 1
        return ChatAnswer(f"answer {self.asked}", None, False)


def sound(seed: int) -> npt.NDArray[np.int16]:
    return np.full(16_000, seed, np.int16)


def test_equal_sound_is_paid_for_once() -> None:
    paid, memory = CountingRecogniser(), OfThisProcess()
    recogniser = RememberingRecogniser(paid, "en", memory)

    first = recogniser.hear(sound(1), 0, lambda _: None)
    again = RememberingRecogniser(paid, "en", memory).hear(sound(1), 60_000, lambda _: None)

    assert first == again
    assert (paid.asked, memory.spent) == (1, MINUTE)


def test_other_sound_or_another_language_is_asked_for() -> None:
    paid, memory = CountingRecogniser(), OfThisProcess()

    for language, seed in (("en", 1), ("en", 2), ("de", 1)):
        RememberingRecogniser(paid, language, memory).hear(sound(seed), 0, lambda _: None)

    assert paid.asked == 3


def test_a_remembering_recogniser_is_given_the_same_pieces() -> None:
    recogniser = RememberingRecogniser(CountingRecogniser(), "en", OfThisProcess())

    for name in ("name", "version", "languages", "draft", "piece_ms", "spares_ms", "in_flight"):
        assert getattr(recogniser, name) == getattr(CountingRecogniser, name)


def test_a_model_s_answer_is_reused_until_disowned() -> None:
    endpoint, memory = CountingEndpoint(), OfThisProcess()
    chat = RememberingChat(cast(Endpoint, endpoint), memory, lambda: None, 20_000)

    answers = [chat(ASKED, "clips", {}).text for _ in range(2)]
    chat.disown()
    answers.append(chat(ASKED, "clips", {}).text)

    assert answers == ["answer 1", "answer 1", "answer 2"]


@given(st.lists(st.builds(Spending, *[st.integers(0, 10**6)] * 4), max_size=5))
def test_a_process_adds_up_what_it_paid(spendings: list[Spending]) -> None:
    memory = OfThisProcess()

    for number, spending in enumerate(spendings):
        memory.keep(str(number), {}, spending)

    if not spendings:
        assert memory.spent is None
    else:
        assert memory.spent is not None and memory.spent.audio_ms == sum(s.audio_ms for s in spendings)


@given(
    st.lists(st.one_of(st.text(), st.integers(), st.binary()), max_size=4),
    st.lists(st.one_of(st.text(), st.integers(), st.binary()), max_size=4),
)
def test_only_equal_questions_have_equal_keys(one: list[object], two: list[object]):
    assert (answer_key(*one) == answer_key(*two)) == (repr(one) == repr(two))
