"""Scores for windows: a clip that would stand alone well scores more.

Hand-set weights, no model: learned ones did no better on recordings of other shows. The score orders the windows of one
recording and means nothing else. What it rests on, most telling first: that people talk without long pauses, that no
topic begins in the middle, that the first sentence leans on nothing said before, that the words are about something.
"""

from __future__ import annotations

import numpy as np

from clipper_core.domain.clip import Lengths
from clipper_core.domain.silence import SilenceMap
from clipper_core.stages.cuts.places import Ints
from clipper_core.stages.selection.features import RecordingFeatures
from clipper_core.stages.selection.topics import Floats, Topics
from clipper_core.stages.selection.weights import WORDS_A_SECOND
from clipper_core.stages.selection.windows import Windows

TOPIC_SLACK_MS = 5_000  # a topic that begins this near an edge is not in the middle
OPENING_MS, CLOSING_MS = 45_000, 90_000  # greetings and farewells are here, in a recording of any length …
OPENING_SHARE, CLOSING_SHARE = 0.05, 0.08  # … but never in more of it than this

# All in points of the score; what each is multiplied by is a share or a chance of 0-1 unless it says otherwise.
DENSITY = 8.0  # per share of the window that is not silent
TOPIC = 2.0  # off, where a topic certainly begins inside
NEW_TOPIC = 0.3
TERMS, LONG_SENTENCES, FILLER = 1.5, 1.0, 2.0
SPONSOR, GREETING = 4.0, 1.0
MARGINS, LATE = 1.0, 0.2
LENGTH = 1.2
PAUSES = 0.05  # per doubling of the pauses at the edges beyond a quarter of a second
TIER = 0.5


def score(windows: Windows, features: RecordingFeatures, lengths: Lengths) -> Floats:
    """Score windows.

    Args:
        windows: Possible clips.
        features: The recording they lie in.
        lengths: The lengths that are allowed: a clip near neither end of them scores best.

    Returns:
        (windows,): points, of which only the order means something.
    """
    return np.asarray(
        DENSITY * (sounding_share(windows, features.silences) - 1.0)
        + _by_place(windows, features.duration_ms)
        + _by_length(windows, lengths)
        - TOPIC * topic_inside(windows, features.topics)
        + _by_words(windows, features)
    )


def speech_share(windows: Windows, features: RecordingFeatures) -> Floats:
    """(windows,): the share of each in which there is speech, roughly, 0-1."""
    sounding = sounding_share(windows, features.silences)
    if features.weights is None:
        return sounding
    starts_ms = features.weights.starts_ms
    words = np.searchsorted(starts_ms, windows.end_ms) - np.searchsorted(starts_ms, windows.start_ms)
    seconds = (windows.end_ms - windows.start_ms) / 1000
    return np.asarray(np.minimum(sounding, words / seconds / WORDS_A_SECOND), dtype=np.float64)


def sounding_share(windows: Windows, silences: SilenceMap) -> Floats:
    """(windows,): the share of each that is not silent, 0-1."""
    # Running totals up to any moment make one subtraction of every window, however many silences lie inside.
    starts = np.array([s.start_ms for s in silences.silences], dtype=np.int64)
    lengths = np.array([s.length_ms for s in silences.silences], dtype=np.int64)
    before = np.concatenate([[0], np.cumsum(lengths)])

    def silent_until(at_ms: Ints) -> Ints:
        """The silence (ms) before each moment."""
        number = np.searchsorted(starts, at_ms, side="right")
        if not len(starts):
            return np.zeros_like(at_ms)
        within = np.minimum(at_ms - starts[np.maximum(number - 1, 0)], lengths[np.maximum(number - 1, 0)])
        return np.asarray(before[np.maximum(number - 1, 0)] + np.where(number > 0, within, 0))

    silent = silent_until(windows.end_ms) - silent_until(windows.start_ms)
    return np.asarray(1.0 - silent / (windows.end_ms - windows.start_ms), dtype=np.float64)


def topic_inside(windows: Windows, topics: Topics) -> Floats:
    """(windows,): the chance that a topic begins inside, away from the edges, 0-1."""
    at = np.array(topics.at_ms, dtype=np.int64)
    # The chance of none is the product of the chances against each: a sum of logarithms, so that a difference of
    # running sums gives it for every window at once.
    no = np.concatenate([[0.0], np.cumsum(np.log1p(-np.minimum(np.array(topics.chance), 0.999)))])
    first = np.searchsorted(at, windows.start_ms + TOPIC_SLACK_MS, side="right")
    last = np.searchsorted(at, windows.end_ms - TOPIC_SLACK_MS, side="left")
    return np.asarray(1.0 - np.exp(no[np.maximum(last, first)] - no[first]), dtype=np.float64)


def _by_place(windows: Windows, duration_ms: int) -> Floats:
    """(windows,): points for being away from greetings and farewells, rather early, and between good pauses."""
    opening = min(OPENING_MS, OPENING_SHARE * duration_ms)
    closing = duration_ms - min(CLOSING_MS, CLOSING_SHARE * duration_ms)
    margins = (windows.start_ms < opening) * 1.0 + (windows.end_ms > closing)
    late = windows.start_ms / max(1, duration_ms)
    starts = PAUSES * _doublings(windows.starts.pause_ms) - TIER * windows.starts.tier
    ends = PAUSES * _doublings(windows.ends.pause_ms) - TIER * windows.ends.tier
    return np.asarray(starts[windows.start] + ends[windows.end] - MARGINS * margins - LATE * late)


def _doublings(pause_ms: Ints) -> Floats:
    """The number of times a pause is twice a quarter of a second, up to four seconds: longer ones are no better."""
    return np.asarray(np.log2(np.clip(pause_ms, 250, 4_000) / 250), dtype=np.float64)


def _by_length(windows: Windows, lengths: Lengths) -> Floats:
    """(windows,): 0 in the middle of the allowed lengths (35-75 s of 20-90 s), below towards the ends."""
    room = max(1, lengths.max_ms - lengths.min_ms)
    share = (windows.end_ms - windows.start_ms - lengths.min_ms) / room
    return np.asarray(-LENGTH * np.maximum(0.0, np.abs(share - 0.5) - 0.29) / 0.21, dtype=np.float64)


def _by_words(windows: Windows, features: RecordingFeatures) -> Floats:
    """(windows,): points for how a window opens and closes, and for the words inside; 0 without words."""
    weights = features.weights
    if weights is None:
        return np.zeros(len(windows.start))
    first = np.maximum(windows.starts.word, 0)
    last = windows.ends.word
    openings = weights.opening[first] + NEW_TOPIC * _topic_at(windows.starts.at_ms, features.topics)
    closings = weights.closing[np.maximum(last, 0)]
    inside = (
        weights.until[np.maximum(last[windows.end] + 1, first[windows.start])] - weights.until[first[windows.start]]
    )
    seconds = (windows.end_ms - windows.start_ms) / 1000
    # Terms count per second, since silence says nothing; fillers per word, since a fast speaker has more of all words.
    words = np.maximum(inside[:, 0], 1)
    return np.asarray(
        openings[windows.start]
        + closings[windows.end]
        + TERMS * inside[:, 1] / seconds
        + LONG_SENTENCES * inside[:, 2] / words
        - FILLER * inside[:, 3] / words
        - SPONSOR * np.minimum(inside[:, 4], 1)
        - GREETING * np.minimum(inside[:, 5], 1)
    )


def _topic_at(at_ms: Ints, topics: Topics) -> Floats:
    """(moments,): the chance that a topic begins within the slack of each."""
    at = np.array(topics.at_ms, dtype=np.int64)
    chance = np.concatenate([[0.0], np.cumsum(topics.chance)])
    first = np.searchsorted(at, at_ms - TOPIC_SLACK_MS, side="left")
    last = np.searchsorted(at, at_ms + TOPIC_SLACK_MS, side="right")
    return np.asarray(np.minimum(1.0, chance[last] - chance[first]), dtype=np.float64)
