"""Ranges of a recording, in whole milliseconds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True, order=True)
class TimeRange:
    """From ``start_ms`` up to, but not including, ``end_ms``; t = 0 is the earliest stream start."""

    start_ms: int
    end_ms: int

    def __post_init__(self) -> None:
        if not 0 <= self.start_ms < self.end_ms:
            raise ValueError(f"not a time range: {self.start_ms}-{self.end_ms}")

    @property
    def length_ms(self) -> int:
        return self.end_ms - self.start_ms

    def overlaps(self, other: TimeRange) -> bool:
        return self.start_ms < other.end_ms and other.start_ms < self.end_ms

    def contains(self, at_ms: int) -> bool:
        return self.start_ms <= at_ms < self.end_ms


def in_order(ranges: Sequence[TimeRange]) -> bool:
    """Whether the ranges follow each other in time without overlapping."""
    return all(a.end_ms <= b.start_ms for a, b in pairwise(ranges))


def union(ranges: Iterable[TimeRange]) -> tuple[TimeRange, ...]:
    """The same ranges in order, with those that touch or overlap made one."""
    out: list[TimeRange] = []
    for span in sorted(ranges):
        if out and span.start_ms <= out[-1].end_ms:
            out[-1] = TimeRange(out[-1].start_ms, max(out[-1].end_ms, span.end_ms))
        else:
            out.append(span)
    return tuple(out)


def total_ms(ranges: Iterable[TimeRange]) -> int:
    return sum(r.length_ms for r in ranges)


def seconds(ms: int) -> float:
    """Milliseconds as the float seconds the outer faces speak."""
    return ms / 1000


def milliseconds(s: float) -> int:
    """The nearest whole millisecond."""
    return round(s * 1000)
