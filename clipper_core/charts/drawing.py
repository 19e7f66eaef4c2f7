"""Shared by all pictures of a recording: its level as points, its clips, their signs and colours, the clock.

Every colour is a middle tone that is legible on light and on dark.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from clipper_core.domain.clip import ClipStatus
from clipper_core.domain.clock import clock as to_the_second
from clipper_core.domain.coverage import Attention
from clipper_core.domain.envelope import FRAME_MS, Envelope

MAX_BUCKETS = 1_000  # two points each: as many as a screen has columns
FLOOR_DB = -80  # drawn as the bottom; what lies below it is silence to any ear

SIGNS = {
    ClipStatus.PROPOSED: "·",
    ClipStatus.APPROVED: "✓",
    ClipStatus.REJECTED: "✕",
    ClipStatus.CHANGES_REQUESTED: "↺",
}
NAMES = {
    ClipStatus.PROPOSED: "proposed",
    ClipStatus.APPROVED: "approved",
    ClipStatus.REJECTED: "rejected",
    ClipStatus.CHANGES_REQUESTED: "to change",
}
COLOURS = {
    ClipStatus.PROPOSED: "#4f86e8",
    ClipStatus.APPROVED: "#1f9d55",
    ClipStatus.REJECTED: "#8a93a3",
    ClipStatus.CHANGES_REQUESTED: "#cf8412",
}
SEEN_NAMES = {
    Attention.DECIDED: "decided",
    Attention.PROPOSED: "proposed",
    Attention.LISTENED: "listened to",
    Attention.NEVER: "never looked at",
}
LEVEL = "#7386a3"

Levels = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class DrawnClip:
    """A clip as a figure shows it: its range, status and title."""

    start_ms: int
    end_ms: int
    status: ClipStatus
    title: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class LevelPoints:
    """The level in equal parts of a recording: the middle of each in seconds, its least, mean and greatest dB."""

    at_s: Levels
    low: Levels
    mean: Levels
    high: Levels


def level_points(envelope: Envelope, buckets: int = MAX_BUCKETS) -> LevelPoints:
    """The level in at most ``buckets`` parts; nothing is lower than ``FLOOR_DB``. The mean is that of the decibels."""
    count = min(buckets, envelope.frames)
    if not count:
        nothing = np.empty(0, np.float32)
        return LevelPoints(nothing, nothing, nothing, nothing)
    edges = np.arange(count, dtype=np.int64) * envelope.frames // count
    ends = np.append(edges[1:], envelope.frames)
    level = np.maximum(envelope.level_cdb, FLOOR_DB * 100).astype(np.int32)
    return LevelPoints(
        ((edges + ends) * (FRAME_MS / 2_000)).astype(np.float32),
        _decibels(np.minimum.reduceat(level, edges)),
        _decibels(np.add.reduceat(level, edges) / (ends - edges)),
        _decibels(np.maximum.reduceat(level, edges)),
    )


def _decibels(level_cdb: npt.NDArray[np.int32] | npt.NDArray[np.float64]) -> Levels:
    return (level_cdb / 100).astype(np.float32)


def clock(ms: int) -> str:
    """A moment as a clock shows it: ``12:03.4``, with hours only where there are any. Tenths are cut, not rounded."""
    at_ms = max(0, ms)
    return f"{to_the_second(at_ms)}.{at_ms // 100 % 10}"
