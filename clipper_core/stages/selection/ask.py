"""Choose clips by asking a language model.

The model sees numbered sentences and answers with numbers, titles and reasons; where the clips are cut, and whether
they keep the rules, is decided here, by the same places, scores and certificates as without a model. An answer that
can't be used is asked for once more, with what is wrong with it; then the caller is told, and chooses without a model.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from clipper_core.domain.clip import Lengths, Proposal
from clipper_core.domain.clock import clock
from clipper_core.domain.silence import SilenceMap
from clipper_core.domain.time_range import TimeRange
from clipper_core.domain.transcript import Transcript
from clipper_core.errors import PieceTooLarge, ServiceAnswerUnusable, ServiceUnavailable
from clipper_core.stages.selection.answer import MAX_SCORE, CheckedAnswer, Fault, Problem, Suggestion, check_answer
from clipper_core.stages.selection.choose import Choice, Demand, best_set, proposals_of
from clipper_core.stages.selection.features import RecordingFeatures, features_of
from clipper_core.stages.selection.name import Name
from clipper_core.stages.selection.number import Line, in_parts, number_sentences
from clipper_core.stages.selection.place import Placer
from clipper_core.stages.selection.request import (
    SCHEMA,
    SCHEMA_NAME,
    Message,
    TranscriptPart,
    write_repair,
    write_request,
)

MAX_WORDS = 20_000  # of a part: about two hours of talk, forty thousand tokens
MIN_WORDS = 500  # of a part: a model that reads less is not asked
CONTEXT_MS = 60_000  # shown on either side of the range that is asked about
A_FEW = 2  # asked for beyond what is wanted, since some fall away
MAX_DETAIL = 2_000  # characters of an unusable answer, kept for an engineer


class Answer(Protocol):
    """A model's answer: its text, or why it declined; ``cut_short`` where it was stopped before its end."""

    @property
    def text(self) -> str:
        """The text that the model wrote."""
        ...

    @property
    def refusal(self) -> str | None:
        """Why it declined; None where it did not."""
        ...

    @property
    def cut_short(self) -> bool:
        """True if it was stopped before its end."""
        ...


class Chat(Protocol):
    """Asks a language model for JSON after a strict schema. May raise ServiceUnavailable, or what stops the work."""

    def __call__(self, messages: Sequence[Message], schema_name: str, schema: dict[str, Any]) -> Answer: ...


@dataclass(frozen=True, slots=True)
class ClipRequest:
    """The clips a language model is asked for.

    ``avoid`` are ranges that no clip may overlap. ``within`` is where there is anything to choose, if not everywhere:
    what lies far from it is not shown. Long transcripts are asked about in parts of at most ``max_words``, or less if
    the service takes less.
    """

    lengths: Lengths = Lengths()  # noqa: RUF009 - frozen
    avoid: tuple[TimeRange, ...] = ()
    within: TimeRange | None = None
    max_words: int = MAX_WORDS


@dataclass(frozen=True, slots=True)
class ChatSelection:
    """The clips a model chose, best first, and what a reader should know about how that went."""

    proposals: tuple[Proposal, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _PlacedSuggestion:
    """A suggestion and where it would be cut."""

    suggestion: Suggestion
    span: TimeRange


@dataclass(frozen=True, slots=True)
class _PartResult:
    """The outcome of asking about one part."""

    placed: tuple[_PlacedSuggestion, ...]
    problems: tuple[Problem, ...]
    text: str
    repaired: bool = False

    @property
    def is_unusable(self) -> bool:
        """True if the part must be asked about again: not in form, or nothing legal though clips were named."""
        grave = any(p.fault is not Fault.AGAINST_RULES for p in self.problems)
        return grave or (bool(self.problems) and not self.placed)


def ask_for_clips(
    chat: Chat,
    transcript: Transcript,
    silences: SilenceMap,
    request: ClipRequest = ClipRequest(),
    progress: Callable[[float], None] = lambda _: None,
) -> ChatSelection:
    """Ask a language model for clips, best first.

    Every clip keeps to the lengths and is cut in a silence at a sentence edge where there is one near. No clips come
    back only where there is no room for one; then nothing is asked.

    Args:
        chat: Asks the model.
        transcript: The words of the recording.
        silences: Its silences.
        request: What is asked for.
        progress: Called with 0-1 now and then; may raise, which stops the work.

    Returns:
        Proposals of which none overlaps another, and notes.

    Raises:
        ServiceAnswerUnusable: The model declines, or nothing that it answers can be used; the message says why.
            Other errors are those of ``chat`` and ``progress``.
    """
    demand = Demand.of(silences.duration_ms, request.lengths, request.avoid)
    if demand.count == 0:
        return ChatSelection()
    inquiry = _Inquiry(chat, features_of(transcript, silences), demand, request.within)
    parts, results = inquiry.ask_all(request.max_words, progress)
    progress(1.0)
    proposals = inquiry.best_of([p for result in results for p in result.placed])
    if not proposals:
        raise _unusable(results)
    return ChatSelection(proposals, _notes(parts, results))


class _Inquiry:
    """One recording that is being asked about."""

    def __init__(
        self, chat: Chat, features: RecordingFeatures, demand: Demand, within: TimeRange | None = None
    ) -> None:
        self._chat, self._features, self._demand, self._within = chat, features, demand, within
        self._placer = Placer(features, demand.lengths)

    def ask_all(
        self, max_words: int, progress: Callable[[float], None]
    ) -> tuple[list[TranscriptPart], list[_PartResult]]:
        """Ask about each part. Parts that are too large for the service are asked about in halves."""
        parts = self._parts(max_words)
        results: list[_PartResult] = []
        try:
            for part, count in parts:
                progress(len(results) / len(parts))
                results.append(self._ask(part, count))
        except PieceTooLarge:
            largest = max(part.size for part, _ in parts)
            if largest < 2 * MIN_WORDS:
                raise
            return self.ask_all(min(max_words, largest) // 2, progress)
        return [part for part, _ in parts], results

    def _parts(self, max_words: int) -> list[tuple[TranscriptPart, int]]:
        """The parts that have room for a clip, and how many clips to ask for in each: its share and a few more."""
        transcript = self._features.transcript
        if transcript is None:
            return []
        numbered = number_sentences(self._features, self._demand.lengths.max_ms)
        lines = [line for line in numbered if self._is_near(line)]
        divided = in_parts(lines, self._features.topics, max_words)
        whole = self._features.duration_ms, transcript.language, transcript.draft, self._demand.taken
        parts = [TranscriptPart(piece, number, len(divided), *whole) for number, piece in enumerate(divided, 1)]
        free_ms = [_free_ms(part) for part in parts]
        shares = [math.ceil(self._demand.count * free / max(1, sum(free_ms))) + A_FEW for free in free_ms]
        rows = zip(parts, shares, free_ms, strict=True)
        return [(part, share) for part, share, free in rows if free >= self._demand.lengths.min_ms]

    def _is_near(self, line: Line) -> bool:
        if self._within is None:
            return True
        return line.end_ms > self._within.start_ms - CONTEXT_MS and line.start_ms < self._within.end_ms + CONTEXT_MS

    def _ask(self, part: TranscriptPart, count: int) -> _PartResult:
        """The clips of a part; asked for once more where the first answer can't be used."""
        messages = write_request(part, self._demand.lengths, count)
        first = self._read_answer(messages, part)
        if not first.is_unusable:
            return first
        try:
            again = self._read_answer(write_repair(messages, first.text, [p.words for p in first.problems]), part)
        except ServiceUnavailable:
            if not first.placed:
                raise
            return replace(first, repaired=True)  # the legal clips of the first answer are paid for and good
        better = first if len(first.placed) > len(again.placed) else again
        return replace(better, repaired=True)

    def _read_answer(self, messages: Sequence[Message], part: TranscriptPart) -> _PartResult:
        answer = self._chat(messages, SCHEMA_NAME, SCHEMA)
        if answer.refusal:
            raise ServiceAnswerUnusable(DECLINED, detail=_whole(answer.refusal)[:MAX_DETAIL])
        text = _whole(answer.text)
        checked = check_answer(text, answer.cut_short, part.lines)
        placed, problems = self._place(checked)
        return _PartResult(placed, (*checked.problems, *problems), text)

    def _place(self, checked: CheckedAnswer) -> tuple[tuple[_PlacedSuggestion, ...], list[Problem]]:
        """Place the suggestions, the best first; one that overlaps a better one is left out without a problem."""
        placed: list[_PlacedSuggestion] = []
        problems: list[Problem] = []
        for suggestion in sorted(checked.suggestions, key=lambda s: -s.score):
            wish = suggestion.first.start_ms, suggestion.last.end_ms
            span = self._placer.place(*wish, [*self._demand.taken, *(p.span for p in placed)])
            if span is not None:
                placed.append(_PlacedSuggestion(suggestion, span))
            elif self._placer.place(*wish, self._demand.taken) is None:
                problems.append(self._against_rules(suggestion))
        return tuple(placed), problems

    def _against_rules(self, suggestion: Suggestion) -> Problem:
        length_ms, lengths = suggestion.length_ms, self._demand.lengths
        which = f"Clip {suggestion.place} (sentences {suggestion.first.number} to {suggestion.last.number})"
        wrong = "lies where clips were decided on before, or where the recording can't be cut"
        if length_ms > lengths.max_ms:
            wrong = f"lasts {length_ms / 1000:.0f} seconds; at most {lengths.max_ms / 1000:g} are allowed"
        elif length_ms < lengths.min_ms:
            wrong = f"lasts {length_ms / 1000:.0f} seconds; at least {lengths.min_ms / 1000:g} are needed"
        return Problem(Fault.AGAINST_RULES, f"{which} {wrong}.")

    def best_of(self, placed: Sequence[_PlacedSuggestion]) -> tuple[Proposal, ...]:
        """As many as are wanted of the clips of all parts, those with the best scores that do not overlap.

        Titles and reasons are the model's; our own where it has none, or a title twice.
        """
        if not placed:
            return ()
        start = np.array([p.span.start_ms for p in placed], dtype=np.int64)
        end = np.array([p.span.end_ms for p in placed], dtype=np.int64)
        scores = np.array([p.suggestion.score / MAX_SCORE for p in placed])
        in_its_order = [placed[n] for n in sorted(best_set(start, end, scores, self._demand.count))]
        chosen = sorted(in_its_order, key=lambda p: -p.suggestion.score)
        choices = [Choice(p.span, p.suggestion.score / MAX_SCORE) for p in chosen]
        preferred = [Name(p.suggestion.title, p.suggestion.reasons) for p in chosen]
        return proposals_of(choices, self._features, self._demand.lengths, preferred)


def _free_ms(part: TranscriptPart) -> int:
    """The length (ms) of the range that a part covers, less what is taken of it."""
    start_ms, end_ms = part.lines[0].start_ms, max(line.end_ms for line in part.lines)
    overlaps = (min(t.end_ms, end_ms) - max(t.start_ms, start_ms) for t in part.taken)
    return end_ms - start_ms - sum(max(0, ms) for ms in overlaps)


def _whole(text: str) -> str:
    """Without half characters, which JSON can hold and nothing else can."""
    return text.encode("utf-8", "replace").decode()


DECLINED = "The language model declined to choose clips from this recording."
NOTHING_TO_ASK = "There was too little speech to ask the language model about."
NOTHING_CHOSEN = "The language model found nothing in this recording that would make a clip."


def _unusable(results: Sequence[_PartResult]) -> ServiceAnswerUnusable:
    """Why no clip came of all that was answered."""
    if not results:
        return ServiceAnswerUnusable(NOTHING_TO_ASK)
    worst = next((r for r in results if r.problems), None)
    if worst is None:
        return ServiceAnswerUnusable(NOTHING_CHOSEN)
    message = f"The language model's answer could not be used, even when it was asked again: {worst.problems[0].fault}."
    listed = "\n".join(p.words for p in worst.problems)
    return ServiceAnswerUnusable(message, detail=f"{listed}\n{worst.text}"[:MAX_DETAIL])


def _notes(parts: Sequence[TranscriptPart], results: Sequence[_PartResult]) -> tuple[str, ...]:
    notes: list[str] = []
    for part, one in zip(parts, results, strict=True):
        where = f" about {clock(part.lines[0].start_ms)} to {clock(part.lines[-1].end_ms)}" if part.of > 1 else ""
        if one.problems and not one.placed:
            notes.append(f"What the language model answered{where} could not be used: {one.problems[0].fault}.")
        elif one.repaired:
            notes.append(f"The language model's first answer{where} could not be used, so it was asked once more.")
        count = sum(p.fault is not Fault.CUT_SHORT for p in one.problems)
        if one.placed and count:
            notes.append(f"Left out, as against the rules: {count} of what the language model chose{where}.")
    return tuple(notes)
