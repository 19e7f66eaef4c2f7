"""Find the cuts for a clip that was named by its sentences.

Sentences do not always begin and end in silence, nor do they add up to a legal length. So every good place near the
wished edges is weighed: a silence at a sentence edge before any other, the wished sentences before their neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from clipper_core.domain.clip import Lengths
from clipper_core.domain.time_range import TimeRange
from clipper_core.domain.transcript import ends_sentence
from clipper_core.stages.cuts.places import Ints, Places, Tier
from clipper_core.stages.selection.features import RecordingFeatures
from clipper_core.stages.selection.topics import Floats

REACH_MS = 15_000  # how far an edge may move; further, and it is another clip
# What a place costs, in seconds that one would rather move away for. Within a sentence nothing is cut that was not
# wished there: long sentences are divided before they are numbered, and in drafts sentences are guesses.
COSTS = {Tier.IDEAL: 0.0, Tier.SHORT: 1.0, Tier.SPOKEN: 8.0, Tier.PAUSE: 12.0, Tier.WORD: 16.0}
RUN_TOGETHER = 4.0  # besides, where one sentence begins before the other has ended
BREAKS_OFF = 14.0  # and where the speaker paused with no sentence finished: worse than to cut without a pause
SAME_S = 0.5  # so near, a place is the wished one
OUTWARD, INWARD = 1.0, 1.3  # per second: a sentence too many is trimmed more easily than one missed


class Placer:
    """Finds the cuts for clips of one recording."""

    def __init__(self, features: RecordingFeatures, lengths: Lengths) -> None:
        self._lengths = lengths
        opening, closing = _harms(features)
        self._starts, self._ends = _Side(features.starts, opening), _Side(features.ends, closing)

    def place(self, start_ms: int, end_ms: int, taken: Sequence[TimeRange]) -> TimeRange | None:
        """Find the best cuts for a clip.

        Args:
            start_ms: The wished start.
            end_ms: The wished end.
            taken: Ranges that the clip must not touch.

        Returns:
            A range of a legal length that holds at least half of what was wished; None if there is none.
        """
        first, start_costs = self._starts.near(start_ms, outward=-1)
        last, end_costs = self._ends.near(end_ms, outward=1)
        starts, ends, costs = first[:, None], last[None, :], start_costs[:, None] + end_costs[None, :]
        length = ends - starts
        shared = np.minimum(ends, end_ms) - np.maximum(starts, start_ms)
        legal = (self._lengths.min_ms <= length) & (length <= self._lengths.max_ms) & (2 * shared >= end_ms - start_ms)
        for span in taken:
            legal &= (ends <= span.start_ms) | (starts >= span.end_ms)
        costs = np.where(legal, costs, np.inf)
        if not np.isfinite(costs).any():
            return None
        row, column = np.unravel_index(costs.argmin(), costs.shape)
        return TimeRange(int(starts[row, 0]), int(ends[0, column]))


def _harms(features: RecordingFeatures) -> tuple[Floats, Floats]:
    """(words,) each: the cost of beginning a clip with each word, and of ending one with it."""
    words = features.transcript.words if features.transcript else ()
    opening, closing = np.zeros(max(1, len(words))), np.zeros(max(1, len(words)))
    if features.weights is not None:
        opening, closing = np.maximum(0.0, -features.weights.opening), np.maximum(0.0, -features.weights.closing)
    if features.transcript is not None and features.transcript.has_marks:
        breaks_off = np.array([not ends_sentence(w.text) for w in words[:-1]], dtype=bool)
        opening[1:] += BREAKS_OFF * breaks_off
        closing[:-1] += BREAKS_OFF * breaks_off
    return opening, closing


class _Side:
    """The places for one side of a clip, and what each costs."""

    def __init__(self, places: Places, harms: Floats) -> None:
        self._at_ms = places.at_ms
        self._within = places.tier > Tier.SPOKEN
        self._costs = np.array([COSTS[Tier(t)] for t in places.tier.tolist()])
        self._costs += RUN_TOGETHER * ((places.tier == Tier.SPOKEN) & (places.pause_ms == 0))
        self._harm = harms[np.maximum(places.word, 0)]

    def near(self, wished_ms: int, outward: int) -> tuple[Ints, Floats]:
        """The places in reach of a wished edge, and their costs; ``outward`` is the sign of what makes a clip longer.

        How a place begins or ends a clip counts only where it is not the wished one: that was chosen knowingly.
        """
        first, last = np.searchsorted(self._at_ms, [wished_ms - REACH_MS, wished_ms + REACH_MS + 1])
        at_ms = self._at_ms[first:last]
        moved_s = outward * (at_ms - wished_ms) / 1000
        moving = np.where(moved_s >= 0, OUTWARD * moved_s, -INWARD * moved_s)
        elsewhere = np.abs(moved_s) > SAME_S
        harm = np.where(elsewhere, np.where(self._within[first:last], np.inf, self._harm[first:last]), 0.0)
        return at_ms, np.asarray(self._costs[first:last] + moving + harm)
