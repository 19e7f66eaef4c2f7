"""Paid engines that remember: what was answered before is not asked again, and every answer is kept as it arrives."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from clipper_core.adapters.endpoint.openai import ChatAnswer, Endpoint
from clipper_core.domain.recognised import RecognisedPiece, heard_from_row, heard_to_row
from clipper_core.domain.spending import Spending
from clipper_core.stages.selection.request import Message
from clipper_core.stages.words.transcribe import Recogniser


def answer_key(*sent: Any) -> str:
    """Names everything that was sent: plain values, and sound or text as bytes."""
    told = [hashlib.sha256(s).hexdigest() if isinstance(s, bytes) else s for s in sent]
    return hashlib.sha256(json.dumps(told, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


class Memory(Protocol):
    """Where answers are kept."""

    def known(self, key: str) -> dict[str, Any] | None: ...
    def keep(self, key: str, answer: dict[str, Any], spent: Spending) -> None: ...
    def disown(self, key: str) -> None:
        """Ask for it again next time: the answer was of no use."""


class OfThisProcess:
    """Answers for as long as a command runs, and what they took."""

    def __init__(self) -> None:
        self._answers: dict[str, dict[str, Any]] = {}
        self.spent: Spending | None = None

    def known(self, key: str) -> dict[str, Any] | None:
        return self._answers.get(key)

    def keep(self, key: str, answer: dict[str, Any], spent: Spending) -> None:
        self._answers[key] = answer
        self.spent = spent if self.spent is None else self.spent + spent

    def disown(self, key: str) -> None:
        self._answers.pop(key, None)


class RememberingRecogniser:
    """A recogniser that asks for no piece twice."""

    def __init__(self, recogniser: Recogniser, language: str, memory: Memory) -> None:
        self._recogniser = recogniser
        self._language = language
        self._memory = memory
        self.name, self.version = recogniser.name, recogniser.version
        self.languages, self.draft = recogniser.languages, recogniser.draft
        self.piece_ms, self.spares_ms = recogniser.piece_ms, recogniser.spares_ms
        self.in_flight = recogniser.in_flight

    def hear(self, pcm: npt.NDArray[np.int16], offset_ms: int, progress: Callable[[float], None]) -> RecognisedPiece:
        key = answer_key("hear", self.version, self._language, np.ascontiguousarray(pcm).tobytes())
        known = self._memory.known(key)
        if known is not None:
            return heard_from_row(known)
        heard = self._recogniser.hear(pcm, offset_ms, progress)
        self._memory.keep(key, heard_to_row(heard), heard.spending)
        return heard


class RememberingChat:
    """A language model that is asked nothing twice, unless its answers turned out to be of no use."""

    def __init__(self, endpoint: Endpoint, memory: Memory, check: Callable[[], None], most_words: int) -> None:
        self.most_words = most_words  # of a transcript in one request
        self._endpoint = endpoint
        self._memory = memory
        self._check = check
        self._given: list[str] = []

    def __call__(self, messages: Sequence[Message], schema_name: str, schema: dict[str, Any]) -> ChatAnswer:
        key = answer_key("chat", self._endpoint.chat_version, [dict(m) for m in messages], schema)
        self._given.append(key)
        known = self._memory.known(key)
        if known is not None:
            return ChatAnswer(known["text"], known["refusal"], known["cut_short"])
        answer = self._endpoint.chat(messages, schema_name, schema, self._check)
        said = {k: v for k, v in asdict(answer).items() if k != "spending"}
        self._memory.keep(key, {"v": 1, **said}, answer.spending)
        return answer

    def disown(self) -> None:
        """None of its answers could be used."""
        for key in self._given:
            self._memory.disown(key)
