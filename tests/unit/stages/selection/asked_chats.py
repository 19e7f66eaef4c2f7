"""A talk to choose from, and language models that answer as a test tells them."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from clipper_core.domain.clip import Lengths, Proposal
from clipper_core.domain.cut import Side
from clipper_core.domain.silence import SilenceMap
from clipper_core.domain.time_range import TimeRange
from clipper_core.domain.transcript import Transcript, Word, sentences_of
from clipper_core.stages.cuts.snap import silences_from_words
from clipper_core.stages.selection.ask import ChatSelection, ClipRequest, ask_for_clips

MINUTE = 60_000


USUAL = Lengths()


SUBJECTS = [["flour", "dough", "oven", "crust", "bakery"], ["mast", "harbour", "anchor", "keel", "captain"]]


def talk(minutes: float, *, sentence_ms: int = 4_000, pause_ms: int = 1_000) -> tuple[Transcript, SilenceMap]:
    """Sentences of one length with pauses of one length after each: number n starts at (n - 1) times their sum."""
    chance, words = random.Random(1), []
    for n in range(int(minutes * MINUTE) // (sentence_ms + pause_ms)):
        at = n * (sentence_ms + pause_ms)
        texts = ["Bakers", "know", *(chance.choice(SUBJECTS[at // 150_000 % 2]) for _ in range(5)), f"number{n + 1}."]
        each = sentence_ms // len(texts)
        words += [Word(text, at + k * each, at + (k + 1) * each) for k, text in enumerate(texts)]
    timed = tuple(words)
    transcript = Transcript("test", "en", timed, sentences_of(timed))
    return transcript, silences_from_words(timed, int(minutes * MINUTE))


def clip(first: int, last: int, score: float = 80, **rest: Any) -> dict[str, Any]:
    said = {"title": f"From {first} to {last}", "reasons": ["Opens with bread"], "score": score}
    return {"first_sentence": first, "last_sentence": last, **said, **rest}


def clips(*given: dict[str, Any]) -> str:
    return json.dumps({"clips": list(given)})


@dataclass
class Said:
    text: str = ""
    refusal: str | None = None
    cut_short: bool = False


@dataclass
class Chat:
    """Says what it is told to, in turn, and keeps what it was asked."""

    says: Sequence[Said | str | Exception]
    asked: list[list[dict[str, str]]] = field(default_factory=list)

    def __call__(self, messages: Sequence[dict[str, str]], schema_name: str, schema: dict[str, Any]) -> Said:
        self.asked.append(list(messages))
        said = self.says[len(self.asked) - 1]
        if isinstance(said, Exception):
            raise said
        return Said(said) if isinstance(said, str) else said

    @property
    def words(self) -> str:
        """All that it was told the last time."""
        return "\n".join(m["content"] for m in self.asked[-1])


@dataclass
class Reader:
    """Answers from the lines it is shown, as a model would: ``choice`` gets their numbers."""

    choice: Callable[[list[int]], str]
    asked: list[list[int]] = field(default_factory=list)
    wanted: list[int] = field(default_factory=list)

    def __call__(self, messages: Sequence[dict[str, str]], schema_name: str, schema: dict[str, Any]) -> Said:
        listing = messages[1]["content"]
        numbers = [int(n) for n in re.findall(r"^\[(\d+)\] ", listing, re.M)]
        self.asked.append(numbers)
        self.wanted.append(int(re.findall(r"Choose the (\d+) best clips", listing)[0]))
        return Said(self.choice(numbers))


def ask(
    chat: Any,
    material: tuple[Transcript, SilenceMap],
    lengths: Lengths = USUAL,
    progress: Callable[[float], None] = lambda _: None,
    **rest: Any,
) -> ChatSelection:
    return ask_for_clips(chat, *material, ClipRequest(lengths, **rest), progress)


def assert_well_formed(
    found: tuple[Proposal, ...], silences: SilenceMap, lengths: Lengths, avoid: tuple[TimeRange, ...] = ()
) -> None:
    assert 0 < len(found) <= min(12, lengths.most)
    assert [p.score for p in found] == sorted((p.score for p in found), reverse=True)
    for p in found:
        assert lengths.min_ms <= p.span.length_ms <= lengths.max_ms
        assert p.span.end_ms <= silences.duration_ms
        assert 0 < len(p.title) <= 80 and p.title.isprintable()
        assert p.reasons and all(0 < len(r) <= 200 and r.isprintable() for r in p.reasons)
        assert [(c.at_ms, c.side) for c in p.cuts] == [(p.span.start_ms, Side.IN), (p.span.end_ms, Side.OUT)]
        assert not any(p.span.overlaps(taken) for taken in avoid)
    assert not any(a.span.overlaps(b.span) for a, b in combinations(found, 2))
    assert len({p.title for p in found}) == len(found)
