"""Answers of an OpenAI-compatible endpoint, as far as Clipper reads them: checked, and nothing else believed."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, TypeAdapter, ValidationError

from clipper_core.adapters.endpoint.heard_words import clean, language_code, words_as_written
from clipper_core.domain.recognised import RecognisedPiece, TimedText
from clipper_core.domain.spending import Spending


@dataclass(frozen=True, slots=True)
class ChatAnswer:
    """The model's text; why it declined, if it did; whether it was cut off before its end."""

    text: str
    refusal: str | None = None
    cut_short: bool = False
    spending: Spending = Spending()  # noqa: RUF009 - frozen


class _Word(BaseModel):
    word: str
    start: FiniteFloat
    end: FiniteFloat


_WORDS = TypeAdapter(list[_Word])


class Transcription(BaseModel):
    """Text, and what an engine adds to it; what it adds in a shape we don't know is left out."""

    text: str
    language: Any = None
    languages: Any = None
    words: Any = None
    segments: Any = None
    usage: Any = None

    def heard(self, length_ms: int) -> RecognisedPiece:
        """The piece, ``length_ms`` long; its spending is left to the caller."""
        text = clean(self.text)
        timed = self._timed(length_ms)
        words = None if timed is None or (text and not timed) else words_as_written(text, timed)
        return RecognisedPiece(text, words, self._language())

    def tokens(self) -> tuple[int, int]:
        """Read and written, where the endpoint says so."""
        usage = self.usage if isinstance(self.usage, dict) else {}
        return _count(usage.get("input_tokens")), _count(usage.get("output_tokens"))

    def _language(self) -> str | None:
        named = self.language
        if not isinstance(named, str) and isinstance(self.languages, list) and self.languages:
            first = self.languages[0]
            named = first.get("code") if isinstance(first, dict) else first
        return language_code(named) if isinstance(named, str) else None

    def _timed(self, length_ms: int) -> list[TimedText] | None:
        """The words with their times, inside the piece; None without any. Some servers keep them in their segments."""
        timed_words = self.words
        if timed_words is None and isinstance(self.segments, list):
            inside = [s.get("words") for s in self.segments if isinstance(s, dict)]
            timed_words = [w for words in inside if isinstance(words, list) for w in words] or None
        try:
            words = _WORDS.validate_python(timed_words)
        except ValidationError:
            return None

        def place(s: float) -> int:
            return round(min(max(s, 0.0) * 1000, length_ms))

        return [(w.word, place(w.start), max(place(w.start), place(w.end))) for w in words]


class _Message(BaseModel):
    content: str | None = None
    refusal: str | None = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None


class Completion(BaseModel):
    """The first choice of a chat completion, and what it took."""

    choices: list[_Choice] = Field(min_length=1)
    usage: Any = None

    def tokens(self) -> tuple[int, int]:
        usage = self.usage if isinstance(self.usage, dict) else {}
        return _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))

    def answer(self) -> ChatAnswer:
        """Its spending is left to the caller. Raises ValueError where there is neither text nor a reason for none."""
        first = self.choices[0]
        refusal = first.message.refusal
        if first.finish_reason == "content_filter":
            refusal = refusal or "The service's content filter stopped the answer."
        cut_short = first.finish_reason == "length"
        if not first.message.content and not refusal and not cut_short:
            raise ValueError("neither text nor refusal")
        return ChatAnswer(first.message.content or "", clean(refusal) if refusal else None, cut_short)


class Complaint(BaseModel):
    """The body of an error, in the real service's shape or one of those seen elsewhere."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    text: str = ""
    code: str = ""
    type: str = ""
    param: str = ""

    @classmethod
    def read(cls, body: bytes) -> Self:
        """Never raises: a page or noise is said to be one."""
        try:
            answer = json.loads(body)
        except (ValueError, RecursionError):
            return cls(text=_start_of(body))
        inner = answer.get("error", answer) if isinstance(answer, dict) else answer
        if not isinstance(inner, dict):
            return cls(text=str(inner))
        sentence = next((inner[k] for k in ("message", "detail", "error") if inner.get(k)), inner)
        named = {k: str(inner[k]) for k in ("code", "type", "param") if inner.get(k)}
        return cls(text=sentence if isinstance(sentence, str) else json.dumps(sentence), **named)

    def mentions(self, *texts: str) -> bool:
        everything = f"{self.code} {self.param} {self.text}".lower()
        return any(t in everything for t in texts)

    def is_called(self, names: Collection[str]) -> bool:
        return self.code in names or self.type in names


def _start_of(body: bytes) -> str:
    text = body[:2_000].decode("utf-8", "replace").strip()
    return "a web page in place of an answer" if text.lower().startswith(("<!doctype", "<html")) else text


def _count(value: Any) -> int:
    return value if isinstance(value, int) and value >= 0 else 0
