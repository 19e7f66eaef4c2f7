"""What asking a paid service took."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spending:
    """Sound sent, tokens read and written, time waited, and money in dollars where the prices are known."""

    audio_ms: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    waited_ms: int = 0
    cost: float | None = None

    def __add__(self, other: Spending) -> Spending:
        known = [c for c in (self.cost, other.cost) if c is not None]
        return Spending(
            self.audio_ms + other.audio_ms,
            self.tokens_in + other.tokens_in,
            self.tokens_out + other.tokens_out,
            self.waited_ms + other.waited_ms,
            sum(known) if known else None,
        )


def all_of(parts: Iterable[Spending]) -> Spending:
    return sum(parts, Spending())
