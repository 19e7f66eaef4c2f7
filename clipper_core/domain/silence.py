"""Silences, and the map of them."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from clipper_core.domain.time_range import TimeRange
from clipper_core.errors import BadSettings

FINDER = 2  # raised when the same settings find others in the same envelope
FLOOR_DB = -120.0  # nothing is called quieter than this
MAX_OFFSET_DB = 20.0  # how far people may move a threshold that follows the recording


class SilenceBasis(StrEnum):
    """The basis on which a range is called silent."""

    THRESHOLD = "threshold"  # it is below a fixed level
    LEVEL = "level"  # its level alone would tell it from the speech around
    BANDS = "bands"  # it is as loud as soft speech, and only its sound tells it: noise or music lies under it
    VOICE = "voice"  # there is sound, and voice activity finds no voice in it
    NOBODY = "nobody"  # there is no speech anywhere near, only background


@dataclass(frozen=True, slots=True, order=True)
class Silence:
    """A range without speech, its mean level in dBFS, how sure that is (0-1), and on what basis.

    The last two are None where they were not judged, as with silences read from a file.
    """

    start_ms: int
    end_ms: int
    level_db: float = FLOOR_DB
    confidence: float | None = None
    evidence: SilenceBasis | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.start_ms < self.end_ms:
            raise ValueError(f"not a silence: {self.start_ms}-{self.end_ms}")

    @property
    def length_ms(self) -> int:
        """The length of the range."""
        return self.end_ms - self.start_ms

    @property
    def middle_ms(self) -> int:
        """The moment in the middle of the range, rounded down."""
        return (self.start_ms + self.end_ms) // 2


class SettingsFlaw(StrEnum):
    """A reason why settings can't be used."""

    #: The fixed threshold is no level that sound has.
    THRESHOLD = "threshold"
    #: The threshold would be moved too far.
    OFFSET = "offset"
    #: An offset moves the threshold that follows the recording, so a fixed one has none.
    BOTH = "both"
    #: A silence, or dead air, is too short or too long.
    LENGTH = "length"


@dataclass(frozen=True, slots=True)
class SettingsLimits:
    """The values that a face accepts, and its ``sentences``: the first flaw in their order is the one it names."""

    sentences: Mapping[SettingsFlaw, str]
    min_threshold_db: float = -math.inf
    min_ms: int = 1
    max_ms: float = math.inf


@dataclass(frozen=True, slots=True)
class SilenceSettings:
    """The rules by which silences are found in an envelope.

    ``threshold_db`` None means that the threshold follows the recording; ``offset_db`` then moves it: above 0 more is
    called silent. Silences from ``min_silence_ms`` are legal cuts, those from ``dead_air_ms`` dead air.
    ``use_voice`` False disregards voice activity where it was measured.
    """

    threshold_db: float | None = None
    min_silence_ms: int = 100
    offset_db: float = 0.0
    dead_air_ms: int = 1_000
    use_voice: bool = True

    def __post_init__(self) -> None:
        if self.min_silence_ms < 1 or self.dead_air_ms < 1:
            raise ValueError("a silence lasts at least a millisecond")

    @classmethod
    def checked(
        cls,
        limits: SettingsLimits,
        threshold_db: float | None = None,
        offset_db: float | None = None,
        min_silence_ms: int | None = None,
        dead_air_ms: int | None = None,
    ) -> Self:
        """Settings from the values that a user asked for.

        Args:
            limits: what the user may ask for here, and the sentences that refuse the rest.
            threshold_db: a fixed threshold in dBFS; None for the one that follows the recording.
            offset_db: dB added to the threshold that follows the recording; None for the default.
            min_silence_ms: the shortest silence in milliseconds; None for the default.
            dead_air_ms: the length in milliseconds from which a silence is dead air; None for the default.

        Raises:
            BadSettings: with the sentence of the first flaw.
        """
        usual = cls()
        offset = usual.offset_db if offset_db is None else offset_db
        shortest = usual.min_silence_ms if min_silence_ms is None else min_silence_ms
        dead_air = usual.dead_air_ms if dead_air_ms is None else dead_air_ms
        flawed = {
            SettingsFlaw.THRESHOLD: threshold_db is not None and not _within(threshold_db, limits.min_threshold_db, 0),
            SettingsFlaw.OFFSET: not _within(offset, -MAX_OFFSET_DB, MAX_OFFSET_DB),
            SettingsFlaw.BOTH: threshold_db is not None and offset != 0,
            SettingsFlaw.LENGTH: not all(limits.min_ms <= ms <= limits.max_ms for ms in (shortest, dead_air)),
        }
        for flaw, sentence in limits.sentences.items():
            if flawed[flaw]:
                raise BadSettings(sentence)
        return cls(threshold_db, shortest, offset, dead_air)


def _within(value: float, low: float, high: float) -> bool:
    """True if ``value`` is a number from ``low`` to ``high``; infinity is none, whatever the limits are."""
    return math.isfinite(value) and low <= value <= high


@dataclass(frozen=True, slots=True)
class SilenceMap:
    """Every silence of a recording, in order and apart, and the length of what was decoded.

    ``threshold_db`` is the level below which sound was silent (the middle one, where it follows the recording), and
    ``finder`` the version of what found them.
    """

    duration_ms: int
    silences: tuple[Silence, ...] = ()
    threshold_db: float = FLOOR_DB
    settings: SilenceSettings = SilenceSettings()
    finder: int = FINDER
    _starts: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if any(a.end_ms > b.start_ms for a, b in zip(self.silences, self.silences[1:], strict=False)):
            raise ValueError("silences must be in order and apart")
        if self.silences and self.silences[-1].end_ms > self.duration_ms:
            raise ValueError("a silence reaches past the end of the recording")
        object.__setattr__(self, "_starts", tuple(s.start_ms for s in self.silences))

    def at(self, at_ms: int) -> Silence | None:
        """The silence in which ``at_ms`` lies, its edges included."""
        i = bisect_right(self._starts, at_ms) - 1
        for silence in self.silences[max(0, i - 1) : i + 1]:
            if silence.start_ms <= at_ms <= silence.end_ms:
                return silence
        return None

    def within(self, span: TimeRange) -> tuple[Silence, ...]:
        """The silences that touch ``span``, in order."""
        first = max(0, bisect_right(self._starts, span.start_ms) - 1)
        last = bisect_left(self._starts, span.end_ms)
        return tuple(s for s in self.silences[first:last] if s.end_ms > span.start_ms)

    def around(self, at_ms: int, reach_ms: int) -> tuple[Silence, ...]:
        """The silences that come within ``reach_ms`` of ``at_ms``."""
        # A silence that ends just there counts, though its end is no part of it.
        return self.within(TimeRange(max(0, at_ms - reach_ms - 1), at_ms + reach_ms + 1))

    @property
    def dead_air(self) -> tuple[Silence, ...]:
        """The silences of at least ``dead_air_ms``, in order."""
        return tuple(s for s in self.silences if s.length_ms >= self.settings.dead_air_ms)

    def answers(self, settings: SilenceSettings) -> bool:
        """True if these settings would find the same again."""
        return self.finder == FINDER and self.settings == settings

    def of_at_least(self, length_ms: int) -> SilenceMap:
        """The same map without the silences shorter than ``length_ms``."""
        long = tuple(s for s in self.silences if s.length_ms >= length_ms)
        return SilenceMap(self.duration_ms, long, self.threshold_db, self.settings, self.finder)


def speech_within(span: TimeRange, silences: SilenceMap) -> tuple[TimeRange, ...]:
    """The parts of ``span`` that lie in no silence, in order."""
    out: list[TimeRange] = []
    at = span.start_ms
    for silence in silences.within(span):
        if silence.start_ms > at:
            out.append(TimeRange(at, silence.start_ms))
        at = max(at, silence.end_ms)
    if at < span.end_ms:
        out.append(TimeRange(at, span.end_ms))
    return tuple(out)
