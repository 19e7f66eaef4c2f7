"""Clips, their versions, and the decisions made on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeVar

from clipper_core.domain.cut import Cut
from clipper_core.domain.time_range import TimeRange
from clipper_core.errors import BadSettings


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


@dataclass(frozen=True, slots=True)
class NewDecision:
    """A decision to be made on a clip's newest version.

    ``carry`` approves it because an earlier version is approved, which the record shows. Raises BadSettings for a
    reason that is not known, or for carrying over anything but an approval.
    """

    verdict: Verdict
    reason: str | None = None
    note: str | None = None
    carry: bool = False

    def __post_init__(self) -> None:
        if self.reason is not None and self.reason not in set(Reason):
            raise BadSettings("This reason is not one of those Clipper knows. Choose one from the list.")
        if self.carry and self.verdict is not Verdict.APPROVED:
            raise BadSettings("Only an approval can be carried over to another version.")


@dataclass(frozen=True, slots=True)
class ClipEdit:
    """The changes of a new version; None leaves that part as it is. ``take_words`` needs no other change."""

    ranges: Sequence[TimeRange] | None = None
    title: str | None = None
    take_words: bool = False

    @property
    def takes_words_alone(self) -> bool:
        return self.take_words and self.ranges is None and self.title is None


class Decided(Protocol):
    """Anything with a verdict: a decision as it was read, or one that is about to be made."""

    @property
    def verdict(self) -> Verdict: ...


D = TypeVar("D", bound=Decided)


def standing(decisions: Iterable[D]) -> tuple[D, ...]:
    """The decisions in effect, after every withdrawal has taken back the one before it."""
    stack: list[D] = []
    for decision in decisions:
        if decision.verdict is not Verdict.WITHDRAWN:
            stack.append(decision)
        elif stack:
            stack.pop()
    return tuple(stack)


def status_of(decisions: Iterable[Decided]) -> ClipStatus:
    """A clip's status, from the decisions on its newest version in the order they were made."""
    in_effect = standing(decisions)
    return ClipStatus(in_effect[-1].verdict.value) if in_effect else ClipStatus.PROPOSED


def carries_from(decisions: Mapping[int, Sequence[Decided]], newest: int) -> int | None:
    """The version whose approval may be carried over to version ``newest``; None if there is none.

    Nothing may be in effect on ``newest``. Of the versions before it, the last one with a decision in effect must be
    approved: a later rejection or request for changes is not passed over.

    Args:
        decisions: The decisions on each version, by its number, in the order they were made.
        newest: The number of the newest version.
    """
    if standing(decisions.get(newest, ())):
        return None
    for number in sorted((n for n in decisions if n < newest), reverse=True):
        in_effect = standing(decisions[number])
        if in_effect:
            return number if in_effect[-1].verdict is Verdict.APPROVED else None
    return None
