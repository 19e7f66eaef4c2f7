"""Retries of a service: how long to wait in between, and when to give up."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

import structlog

from clipper_core.errors import ClipperError, ServiceAnswerUnusable, ServiceUnavailable

log = structlog.get_logger()

Answer = TypeVar("Answer")

FIRST_WAIT_S, MAX_WAIT_S = 0.5, 30.0
LOOK_EVERY_S = 0.5  # how soon a stop is noticed while waiting
MAX_UNUSABLE = 2  # answers, before no better one is expected


@dataclass(frozen=True, slots=True)
class Setback:
    """The reason why one attempt failed although the next may succeed: in words that follow "because"."""

    why: str
    detail: str | None = None
    wait_s: float | None = None
    """How long the service asked us to wait."""
    unusable: bool = False
    """It answered, but not what it was asked."""


@dataclass
class Retrier:
    """Tries until there is an answer, for ``patience_s`` in all. One serves all threads that ask the same service.

    What the service asks one of them to wait, all wait.
    """

    patience_s: float
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random
    _not_before: float = field(default=-math.inf, init=False)

    def first_answer(self, attempt: Callable[[], Answer | Setback | ClipperError], check: Callable[[], None]) -> Answer:
        """The first answer. ``check`` is called before each attempt and twice a second in between; it may raise.

        Raises the error that an attempt returned, ServiceUnavailable, ServiceAnswerUnusable.
        """
        end = self.clock() + self.patience_s
        tries = unusable = 0
        self._wait_until(min(self._not_before, end), check)
        while True:
            check()
            got = attempt()
            if isinstance(got, ClipperError):
                raise got
            if not isinstance(got, Setback):
                return got
            tries += 1
            unusable += got.unusable
            if unusable >= MAX_UNUSABLE:
                raise ServiceAnswerUnusable(detail=got.detail)
            until = self._next(got, tries)
            if until > end:
                raise given_up(got, self.patience_s, tries)
            log.info("asking again", why=got.why, in_s=round(until - self.clock(), 1), tries=tries)
            self._wait_until(until, check)

    def _next(self, setback: Setback, tries: int) -> float:
        """When to try again: by what was asked, or twice as long as before, never all at the same moment."""
        now = self.clock()
        if setback.wait_s is not None and setback.wait_s <= self.patience_s:
            self._not_before = max(self._not_before, now + setback.wait_s)
            return self._not_before + self.chance() * min(1.0, 0.1 * setback.wait_s)
        if setback.wait_s is not None:
            return math.inf
        wait = min(MAX_WAIT_S, FIRST_WAIT_S * 2.0 ** min(tries - 1, 16))
        return max(self._not_before, now + wait * (0.5 + 0.5 * self.chance()))

    def _wait_until(self, moment: float, check: Callable[[], None]) -> None:
        while (left := moment - self.clock()) > 0:
            check()
            self.sleep(min(left, LOOK_EVERY_S))


def given_up(setback: Setback, patience_s: float, tries: int) -> ServiceUnavailable:
    """The error for the user when no further attempt is made.

    Args:
        setback: The last attempt's.
        patience_s: How many seconds are waited for an answer in all.
        tries: How many attempts failed.
    """
    if setback.wait_s is not None and setback.wait_s > patience_s:
        why = f"it asked us to wait {in_words(setback.wait_s)}, longer than CLIPPER_OPENAI_PATIENCE_S allows"
    else:
        often = "" if tries == 1 else f", {tries} times in a row"
        why = f"{setback.why}{often}"
    return ServiceUnavailable(
        f"The speech or language service did not answer: {why}. Your recording is safe; press Retry in a while.",
        detail=setback.detail,
    )


def in_words(seconds: float) -> str:
    for size, unit in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{round(seconds / size)} {unit}"
    return f"{math.ceil(seconds)} seconds"


def retry_after_s(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """The seconds that ``Retry-After-Ms`` or ``Retry-After`` (seconds, or a date as in RFC 9110) asks for, or None.

    A date is seen by the clock of the service where its answer tells one.
    """
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        seconds = _number(headers.get(name, ""))
        if seconds is not None:
            return seconds / unit
    moment = _date(headers.get("retry-after", ""))
    if moment is None:
        return None
    return max(0.0, (moment - (_date(headers.get("date", "")) or now or datetime.now(UTC))).total_seconds())


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def _date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
