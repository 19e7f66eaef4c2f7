"""Asking again: when, how often, and what is said when it is given up. The clock is the test's own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.adapters.endpoint.retrying import (
    LOOK_EVERY_S,
    MAX_WAIT_S,
    Retrier,
    Setback,
    in_words,
    retry_after_s,
)
from clipper_core.errors import (
    Cancelled,
    ClipperError,
    ServiceAnswerUnusable,
    ServiceKeyRefused,
    ServiceUnavailable,
)

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TROUBLE = Setback("it had a fault of its own", "HTTP 500")


class Service:
    """Answers from a list, each answer at once; keeps the moments at which it was asked."""

    def __init__(self, *answers: str | Setback | ClipperError, patience_s: float = 600, chance: float = 1.0) -> None:
        self.now = 0.0
        self.asked: list[float] = []
        self.slept: list[float] = []
        self.patience = Retrier(patience_s, lambda: self.now, self._sleep, lambda: chance)
        self._answers = list(answers)

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def _answer(self) -> str | Setback | ClipperError:
        self.asked.append(self.now)
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]

    def insist(self, check: Callable[[], None] = lambda: None) -> str:
        return self.patience.first_answer(self._answer, check)


def test_waits_double_up_to_the_longest() -> None:
    service = Service(*[TROUBLE] * 9, "fine")

    assert service.insist() == "fine"
    waits = [b - a for a, b in zip(service.asked, service.asked[1:], strict=False)]
    assert waits == pytest.approx([0.5, 1, 2, 4, 8, 16, MAX_WAIT_S, MAX_WAIT_S, MAX_WAIT_S])


def test_chance_at_most_halves_a_wait() -> None:
    service = Service(TROUBLE, TROUBLE, "fine", chance=0.0)

    service.insist()

    assert service.asked == pytest.approx([0, 0.25, 0.75])


@given(st.floats(0, 300), st.floats(0, 1))
def test_what_the_service_asks_us_to_wait_is_waited(wait_s: float, chance: float) -> None:
    service = Service(Setback("it asked us to slow down", wait_s=wait_s), "fine", chance=chance)

    service.insist()

    assert wait_s <= service.asked[1] + 1e-6
    assert service.asked[1] <= wait_s + 1 + 1e-6


def test_what_one_request_is_asked_to_wait_all_wait() -> None:
    service = Service(Setback("it asked us to slow down", wait_s=20), "fine", chance=0.0)
    service.insist()
    service.now -= 15  # another thread, meanwhile

    service.insist()

    assert service.asked[2] == pytest.approx(20)


def test_a_wait_longer_than_the_patience_is_given_up_at_once() -> None:
    service = Service(Setback("it asked us to slow down", "HTTP 429", wait_s=7_200), patience_s=60)

    with pytest.raises(ServiceUnavailable, match="asked us to wait 2 hours, longer than CLIPPER_OPENAI_PATIENCE_S"):
        service.insist()
    assert service.slept == []


@given(st.floats(0.1, 2_000))
def test_it_is_given_up_within_the_patience_saying_what_happened_last(patience_s: float) -> None:
    service = Service(TROUBLE, patience_s=patience_s)

    with pytest.raises(ServiceUnavailable, match="it had a fault of its own") as raised:
        service.insist()
    assert service.now <= patience_s
    assert raised.value.detail == "HTTP 500"


def test_an_answer_that_cannot_be_used_is_asked_for_once_more() -> None:
    unusable = Setback("its answer could not be read", "It began: <html>", unusable=True)
    service = Service(unusable, unusable, "never asked for")

    with pytest.raises(ServiceAnswerUnusable) as raised:
        service.insist()
    assert len(service.asked) == 2
    assert raised.value.detail == "It began: <html>"


def test_an_error_is_raised_at_once() -> None:
    service = Service(ServiceKeyRefused(), "never asked for")

    with pytest.raises(ServiceKeyRefused):
        service.insist()
    assert len(service.asked) == 1


def test_a_stop_is_noticed_within_half_a_second_of_waiting() -> None:
    service = Service(Setback("it asked us to slow down", wait_s=100), "never asked for")

    def check() -> None:
        if service.now >= 10:
            raise Cancelled

    with pytest.raises(Cancelled):
        service.insist(check)
    assert service.now <= 10 + LOOK_EVERY_S
    assert len(service.asked) == 1


@given(st.floats(0, 1e6))
def test_seconds_and_milliseconds_are_read(seconds: float) -> None:
    assert retry_after_s({"retry-after": repr(seconds)}) == seconds
    assert retry_after_s({"retry-after-ms": repr(seconds), "retry-after": "7"}) == seconds / 1000


@given(st.integers(-1_000, 100_000))
def test_dates_are_seen_by_the_clock_of_the_service(ahead_s: int) -> None:
    theirs = NOW + timedelta(days=3)
    headers = {"retry-after": format_datetime(theirs + timedelta(seconds=ahead_s), usegmt=True)}

    assert retry_after_s({**headers, "date": format_datetime(theirs, usegmt=True)}, NOW) == max(0, ahead_s)
    assert retry_after_s(headers, theirs) == max(0, ahead_s)


@given(st.text(max_size=40).filter(lambda t: not any(c.isdigit() for c in t)))
def test_what_is_neither_number_nor_date_asks_for_nothing(text: str) -> None:
    assert retry_after_s({"retry-after": text, "retry-after-ms": text}) is None


def test_waits_are_said_in_words() -> None:
    assert [in_words(s) for s in (1, 90, 120, 3_600, 7_200, 200_000)] == [
        "1 seconds",
        "90 seconds",
        "2 minutes",
        "60 minutes",
        "2 hours",
        "2 days",
    ]
