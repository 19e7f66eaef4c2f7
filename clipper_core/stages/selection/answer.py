"""The answer of a language model that was asked for clips: read, checked, and mended where that is possible.

Nothing in an answer is trusted. What can be mended is mended here (fences around the JSON, titles of many lines, scores
off the scale); the rest is a problem, in words that tell a model what to do about it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field, ValidationError

from clipper_core.stages.selection.number import Line, one_line

MAX_TITLE = 80
MAX_REASON = 200
MAX_REASONS = 3
MAX_CLIPS = 100  # of one answer; so many are never asked for
QUOTES, MARKS = '"“”„«»', "*_#` "
MAX_SCORE, UNKNOWN_SCORE = 100.0, 50.0


class Fault(StrEnum):
    """Why an answer can't be used, as a reader is told."""

    CUT_SHORT = "it broke off before its end"
    MALFORMED = "it was not in the form that was asked for"
    NO_SUCH_SENTENCE = "it named sentences that do not exist"
    AGAINST_RULES = "its clips had a wrong length, or lay where clips were decided on before"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A clip that a model suggests: which of its list, from which line to which, and what it says about it."""

    place: int
    first: Line
    last: Line
    title: str
    reasons: tuple[str, ...]
    score: float

    @property
    def length_ms(self) -> int:
        """The length from the first sentence to the end of the last."""
        return self.last.end_ms - self.first.start_ms


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with an answer, and how the model is told about it."""

    fault: Fault
    words: str


@dataclass(frozen=True, slots=True)
class CheckedAnswer:
    """The clips of an answer as far as they can be used, and what is wrong with the rest."""

    suggestions: tuple[Suggestion, ...] = ()
    problems: tuple[Problem, ...] = ()


def check_answer(text: str, cut_short: bool, lines: Sequence[Line]) -> CheckedAnswer:
    """Read an answer. Never raises.

    Args:
        text: What the model wrote.
        cut_short: Whether it was stopped before its end.
        lines: The sentences it chose from, numbered without gaps.

    Returns:
        The clips in the order of the answer, and its problems.
    """
    problems = [Problem(Fault.CUT_SHORT, "It broke off. Answer with fewer clips, and shorter.")] if cut_short else []
    try:
        body = _Body.model_validate_json(_json_in(text))
    except ValidationError as error:
        unreadable = Problem(Fault.MALFORMED, f"It is not the JSON that was asked for: {_first_of(error)}.")
        return CheckedAnswer(problems=(*problems, *([] if cut_short else [unreadable])))
    suggestions: list[Suggestion] = []
    for place, clip in enumerate(body.clips[:MAX_CLIPS], 1):
        checked = _suggestion(place, clip, lines)
        if isinstance(checked, Problem):
            problems.append(checked)
        else:
            suggestions.append(checked)
    return CheckedAnswer(tuple(suggestions), tuple(problems))


def _on_scale(value: float) -> float:
    return min(max(value, 0.0), MAX_SCORE)


class _Clip(BaseModel):  # pydantic puts the name into messages that a model reads: keep it
    first_sentence: int
    last_sentence: int
    title: str = ""
    reasons: list[str] = Field(default_factory=list)
    score: Annotated[float, Field(allow_inf_nan=False), AfterValidator(_on_scale)] = UNKNOWN_SCORE


class _Body(BaseModel):
    clips: list[Any]


def _json_in(text: str) -> str:
    """The text from its first brace to its last: some models put fences or words around their JSON."""
    first, last = text.find("{"), text.rfind("}")
    return text[first : last + 1] if 0 <= first < last else text


def _suggestion(place: int, entry: Any, lines: Sequence[Line]) -> Suggestion | Problem:
    try:
        clip = _Clip.model_validate(entry)
    except ValidationError as error:
        return Problem(Fault.MALFORMED, f"Clip {place} is not in the form that was asked for: {_first_of(error)}.")
    lowest, highest = lines[0].number, lines[-1].number
    if not all(lowest <= number <= highest for number in (clip.first_sentence, clip.last_sentence)):
        wrong = f"Clip {place} names a sentence that does not exist: they are numbered {lowest} to {highest}."
        return Problem(Fault.NO_SUCH_SENTENCE, wrong)
    if clip.first_sentence > clip.last_sentence:
        return Problem(Fault.NO_SUCH_SENTENCE, f"Clip {place} ends before it begins.")
    first, last = lines[clip.first_sentence - lowest], lines[clip.last_sentence - lowest]
    return Suggestion(place, first, last, clean_title(clip.title), clean_reasons(clip.reasons), clip.score)


def clean_title(text: str) -> str:
    """A title on one line, at most ``MAX_TITLE`` characters, without marks around it; empty if it says nothing."""
    title = one_line(_bare(one_line(text, 10 * MAX_TITLE)), MAX_TITLE)
    return title if any(c.isalnum() for c in title) else ""


def _bare(title: str) -> str:
    """Without the marks of a heading, and without quotation marks that hold the whole of it."""
    rest = title.strip(MARKS)
    inner = rest[1:-1]
    quoted = len(rest) > 2 and rest[0] in QUOTES and rest[-1] in QUOTES and not any(c in QUOTES for c in inner)
    return inner.strip() if quoted else rest


def clean_reasons(texts: Sequence[str]) -> tuple[str, ...]:
    """One to three reasons on one line each; none if they say nothing."""
    lines = [one_line(text, MAX_REASON) for text in texts]
    telling = dict.fromkeys(line for line in lines if any(c.isalnum() for c in line))
    return tuple(telling)[:MAX_REASONS]


def _first_of(error: ValidationError) -> str:
    """The first error that pydantic reports, without the value it was given."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(str(step) for step in first["loc"])
    return f"{where}: {first['msg']}" if where else str(first["msg"])
