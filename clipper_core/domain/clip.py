"""Clips, their versions, and the decisions made on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from clipper_core.domain.cut import Cut
from clipper_core.domain.time_range import TimeRange


@dataclass(frozen=True, slots=True)
class Lengths:
    """How long clips may be, and how many are wanted."""

    min_ms: int = 20_000
    max_ms: int = 90_000
    most: int = 12

    def __post_init__(self) -> None:
        if not 0 < self.min_ms <= self.max_ms or self.most < 0:
            raise ValueError(f"no clip can be {self.min_ms}-{self.max_ms} ms long")


@dataclass(frozen=True, slots=True)
class Proposal:
    """A clip as a selector proposes it: where, why, and how it compares (``score`` only orders, it means nothing else).

    ``alternatives`` are other good edges for the same idea, best first.
    """

    span: TimeRange
    score: float
    title: str
    reasons: tuple[str, ...]
    cuts: tuple[Cut, ...] = ()
    alternatives: tuple[TimeRange, ...] = ()


class ClipStatus(StrEnum):
    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"
    CHANGES_REQUESTED = "changes_requested"


class Verdict(StrEnum):
    """What a decision says. ``withdrawn`` takes the one before it back."""

    APPROVED = "approved"
    REJECTED = "rejected"
    CHANGES_REQUESTED = "changes_requested"
    WITHDRAWN = "withdrawn"


class Reason(StrEnum):
    """Why a clip was rejected, in the words reviewers use."""

    NO_CONTEXT = "no_context"
    STARTS_LATE = "starts_late"
    ENDS_WEAK = "ends_weak"
    DUPLICATE = "duplicate"
    OFF_TOPIC = "off_topic"
    OTHER = "other"


def standing(verdicts: Iterable[Verdict]) -> tuple[Verdict, ...]:
    """The decisions that stand, after every withdrawal has taken back the one before it."""
    stack: list[Verdict] = []
    for verdict in verdicts:
        if verdict is not Verdict.WITHDRAWN:
            stack.append(verdict)
        elif stack:
            stack.pop()
    return tuple(stack)


def status_of(verdicts: Iterable[Verdict]) -> ClipStatus:
    """A clip's status, from the decisions on its newest version in the order they were made."""
    stands = standing(verdicts)
    return ClipStatus(stands[-1].value) if stands else ClipStatus.PROPOSED


def carries_from(verdicts: Mapping[int, Sequence[Verdict]], newest: int) -> int | None:
    """The version whose approval may be carried over to version ``newest``; None where there is none.

    Nothing may stand on ``newest``, and an approval on the last version before it that anything stands on: a rejection
    or a request for changes since then is not passed over.
    """
    if standing(verdicts.get(newest, ())):
        return None
    for number in sorted((n for n in verdicts if n < newest), reverse=True):
        stands = standing(verdicts[number])
        if stands:
            return number if stands[-1] is Verdict.APPROVED else None
    return None
