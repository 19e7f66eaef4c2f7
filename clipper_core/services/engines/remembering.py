"""Paid engines that cache: nothing is asked twice, and every answer is kept as it arrives."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from clipper_core.adapters.endpoint.openai import ChatAnswer, Endpoint
from clipper_core.domain.recognised import RecognisedPiece, piece_from_row, piece_to_row
from clipper_core.domain.spending import Spending
from clipper_core.stages.selection.request import Message
from clipper_core.stages.words.transcribe import Recogniser


def answer_key(*sent: Any) -> str:
    """A key for everything that was sent: plain values, and sound or text as bytes."""
    values = [hashlib.sha256(s).hexdigest() if isinstance(s, bytes) else s for s in sent]
    return hashlib.sha256(json.dumps(values, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


class Memory(Protocol):
    """A store of answers, by key."""

    def known(self, key: str) -> dict[str, Any] | None: ...
    def keep(self, key: str, answer: dict[str, Any], spent: Spending) -> None:
        """Keep an answer as soon as it arrives.

        Args:
            key: The key of the question, by ``answer_key``.
            answer: The answer as JSON.
            spent: The sound, tokens, time and money it took.
        """

    def disown(self, key: str) -> None:
        """Forget an answer that was of no use, so that it is asked for again."""


class OfThisProcess:
    """Answers for as long as a command runs, and their price."""

    def __init__(self) -> None:
        self._answers: dict[str, dict[str, Any]] = {}
        self.spent: Spending | None = None

    def known(self, key: str) -> dict[str, Any] | None:
        return self._answers.get(key)

    def keep(self, key: str, answer: dict[str, Any], spent: Spending) -> None:
        """Keep an answer, and add its price to ``spent``. See ``Memory.keep``."""
        self._answers[key] = answer
        self.spent = spent if self.spent is None else self.spent + spent

    def disown(self, key: str) -> None:
        self._answers.pop(key, None)


class RememberingRecogniser:
    """A recogniser that asks for no piece of sound twice."""

    def __init__(self, recogniser: Recogniser, language: str, memory: Memory) -> None:
        self._recogniser = recogniser
        self._language = language
        self._memory = memory
        self.name, self.version = recogniser.name, recogniser.version
        self.languages, self.draft = recogniser.languages, recogniser.draft
        self.piece_ms, self.spares_ms = recogniser.piece_ms, recogniser.spares_ms
        self.in_flight = recogniser.in_flight

    def recognise(
        self, pcm: npt.NDArray[np.int16], offset_ms: int, progress: Callable[[float], None]
    ) -> RecognisedPiece:
        """Recall or recognise the words in a piece. See ``Recogniser.recognise``."""
        key = answer_key("hear", self.version, self._language, np.ascontiguousarray(pcm).tobytes())
        known = self._memory.known(key)
        if known is not None:
            return piece_from_row(known)
        recognised = self._recogniser.recognise(pcm, offset_ms, progress)
        self._memory.keep(key, piece_to_row(recognised), recognised.spending)
        return recognised


class RememberingChat:
    """A language model that is asked nothing twice, unless its answers turned out to be of no use."""

    def __init__(self, endpoint: Endpoint, memory: Memory, check: Callable[[], None], max_words: int) -> None:
        self.max_words = max_words  # of a transcript in one request
        self._endpoint = endpoint
        self._memory = memory
        self._check = check
        self._answered: list[str] = []

    def __call__(self, messages: Sequence[Message], schema_name: str, schema: dict[str, Any]) -> ChatAnswer:
        key = answer_key("chat", self._endpoint.chat_version, [dict(m) for m in messages], schema)
        self._answered.append(key)
        known = self._memory.known(key)
        if known is not None:
            return ChatAnswer(known["text"], known["refusal"], known["cut_short"])
        answer = self._endpoint.chat(messages, schema_name, schema, self._check)
        text = {k: v for k, v in asdict(answer).items() if k != "spending"}
        self._memory.keep(key, {"v": 1, **text}, answer.spending)
        return answer

    def disown(self) -> None:
        """Forget every answer it gave: none of them could be used."""
        for key in self._answered:
            self._memory.disown(key)
