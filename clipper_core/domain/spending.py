"""Spending: the sound, tokens, time and money that paid services took."""

from __future__ import annotations

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

    def in_words(self) -> str:
        """A sentence such as: The service heard 24 min of sound, for $0.14. Its answers took 2 min."""
        did = []
        if self.audio_ms:
            did.append(f"heard {_lasting(self.audio_ms)} of sound")
        if self.tokens_in or self.tokens_out:
            did.append(f"read {self.tokens_in:,} tokens and wrote {self.tokens_out:,}")
        price = f", for {_money(self.cost)}" if self.cost is not None else ""
        return f"The service {' and '.join(did) or 'was asked'}{price}. Its answers took {_lasting(self.waited_ms)}."


def _lasting(ms: int) -> str:
    seconds = round(ms / 1000)
    return f"{seconds} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _money(dollars: float) -> str:
    if 0 < dollars < 0.001:
        return "less than $0.001"
    return f"${dollars:.2f}" if dollars >= 0.1 or dollars == 0 else f"${dollars:.3f}"
