"""Spending adds up and is described in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.domain.spending import Spending


@given(st.lists(st.builds(Spending, *[st.integers(0, 10**6)] * 4, st.one_of(st.none(), st.just(0.25)))))
def test_spending_adds_up_and_known_costs_count(parts: list[Spending]):
    whole = sum(parts, Spending())

    assert whole.audio_ms == sum(p.audio_ms for p in parts)
    assert (whole.cost is None) == all(p.cost is None for p in parts)


@pytest.mark.parametrize(
    ("spending", "words"),
    [
        (
            Spending(audio_ms=24 * 60_000, waited_ms=120_000, cost=0.144),
            "The service heard 24 min of sound, for $0.14. Its answers took 2 min.",
        ),
        (
            Spending(tokens_in=12_000, tokens_out=800, waited_ms=9_400),
            "The service read 12,000 tokens and wrote 800. Its answers took 9 s.",
        ),
        (Spending(cost=0.0), "The service was asked, for $0.00. Its answers took 0 s."),
        (Spending(cost=0.0004), "The service was asked, for less than $0.001. Its answers took 0 s."),
        (Spending(cost=0.0213), "The service was asked, for $0.021. Its answers took 0 s."),
    ],
)
def test_spending_is_described_in_words(spending: Spending, words: str) -> None:
    assert spending.in_words() == words
