"""How well each possible clip would stand alone.

Hand-set weights, no model: learned ones did no better on recordings of other shows. The score orders the windows of one
recording and means nothing else. What it rests on, most telling first: that people talk without long pauses, that no
topic begins in the middle, that the first sentence leans on nothing said before, that the words are about something.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clipper_core.domain.clip import Lengths
from clipper_core.domain.silence import SilenceMap
from clipper_core.domain.time_range import TimeRange
from clipper_core.domain.transcript import Sentence, Transcript
from clipper_core.stages.cuts.places import Ints, Places, unplaced
from clipper_core.stages.selection import wording
from clipper_core.stages.selection.topics import NO_TOPICS, Floats, Topics, stem_of

MOST_PAIRS = 400_000  # windows weighed at once; more are thinned out: a second of work
CLOCK_MS = 5_000
WORDS_A_SECOND = 2.0  # of somebody who speaks slowly
TOPIC_SLACK_MS = 5_000  # a topic that begins this near an edge is not in the middle
OPENING_MS, CLOSING_MS = 45_000, 90_000  # greetings and farewells are here, in a recording of any length …
OPENING_SHARE, CLOSING_SHARE = 0.05, 0.08  # … but never in more of it than this

DENSITY = 8.0  # per share of the window in which somebody speaks
TOPIC = 2.0  # off, where a topic certainly begins inside
LEANING = 2.0
QUESTION_FIRST, HOOK, SHORT_FIRST, NEW_TOPIC = 0.3, 0.15, 0.3, 0.3
QUESTION_LAST = 0.6
TERMS, LONG_SENTENCES, FILLER = 1.5, 1.0, 2.0
SPONSOR, GREETING = 4.0, 1.0
MARGINS, LATE = 1.0, 0.2
LENGTH = 1.2
PAUSES = 0.05  # per doubling of the pauses at the edges beyond a quarter of a second
TIER = 0.5


@dataclass(frozen=True, slots=True)
class Windows:
    """Possible clips: for each the number of its place among the starts, and among the ends."""

    starts: Places
    ends: Places
    start: NDArray[np.intp]
    end: NDArray[np.intp]

    @property
    def start_ms(self) -> Ints:
        return self.starts.at_ms[self.start]

    @property
    def end_ms(self) -> Ints:
        return self.ends.at_ms[self.end]

    def only(self, keep: NDArray[np.intp]) -> Windows:
        return Windows(self.starts, self.ends, self.start[keep], self.end[keep])


@dataclass(frozen=True, slots=True)
class Material:
    """A recording as the scores see it. Without words: no transcript, no sentences, no topics and no weights."""

    silences: SilenceMap
    transcript: Transcript | None = None
    sentences: tuple[Sentence, ...] = ()
    topics: Topics = NO_TOPICS
    weights: WordWeights | None = None


def pair_up(starts: Places, ends: Places, lengths: Lengths) -> Windows:
    """Every window of a legal length, not scored yet; of very many places the best of each stretch."""
    every_ms = 1_000
    while _pairs(starts, ends, lengths) > MOST_PAIRS:
        starts, ends = starts.one_every(every_ms), ends.one_every(every_ms)
        every_ms *= 2
    first = np.searchsorted(ends.at_ms, starts.at_ms + lengths.min_ms, side="left")
    last = np.searchsorted(ends.at_ms, starts.at_ms + lengths.max_ms, side="right")
    counts = np.maximum(last - first, 0)
    start = np.repeat(np.arange(len(starts.at_ms)), counts)
    offset = np.arange(len(start)) - np.repeat(np.cumsum(counts) - counts, counts)
    return Windows(starts, ends, start, first[start] + offset)


def by_clock(starts: Places, taken: Sequence[TimeRange], duration_ms: int, lengths: Lengths) -> Windows:
    """Windows of the shortest, the middle and the longest legal length, where no place fits: cut wherever that falls.

    They start at the places, every few seconds, and where a stretch that is taken ends; and end where one starts.
    """
    sizes = np.array(sorted({lengths.min_ms, (lengths.min_ms + lengths.max_ms) // 2, lengths.max_ms}))
    clock = np.arange(0, duration_ms, CLOCK_MS)
    last = np.array([duration_ms, *(t.start_ms for t in taken)])
    free = np.array([0, *(t.end_ms for t in taken)])
    at = np.unique(np.concatenate([starts.one_every(CLOCK_MS).at_ms, clock, free, last - sizes[0], last - sizes[-1]]))
    pairs = [(s, s + size) for s in at.tolist() for size in sizes.tolist() if s >= 0 and s + size <= duration_ms]
    table = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    every = np.arange(len(table))
    return Windows(unplaced(table[:, 0]), unplaced(table[:, 1]), every, every)


def _pairs(starts: Places, ends: Places, lengths: Lengths) -> int:
    first = np.searchsorted(ends.at_ms, starts.at_ms + lengths.min_ms, side="left")
    last = np.searchsorted(ends.at_ms, starts.at_ms + lengths.max_ms, side="right")
    return int(np.maximum(last - first, 0).sum())


def score(windows: Windows, material: Material, lengths: Lengths) -> Floats:
    """The score of each window."""
    return np.asarray(
        DENSITY * (sounding_share(windows, material.silences) - 1.0)
        + _by_place(windows, material.silences.duration_ms)
        + _by_length(windows, lengths)
        - TOPIC * topic_inside(windows, material.topics)
        + _by_words(windows, material)
    )


def speech_ms(material: Material) -> int:
    """How much speech the recording holds, roughly, in ms: words where they are known, else whatever is not silent."""
    if material.weights is not None:
        return int(material.weights.until[-1, 0] * 1000 / WORDS_A_SECOND)
    return material.silences.duration_ms - sum(s.length_ms for s in material.silences.silences)


def speech_share(windows: Windows, material: Material) -> Floats:
    """The share of each window in which somebody speaks, roughly, 0-1."""
    sounding = sounding_share(windows, material.silences)
    if material.weights is None:
        return sounding
    times = np.array([w.start_ms for w in material.transcript.words]) if material.transcript else np.zeros(0)
    words = np.searchsorted(times, windows.end_ms) - np.searchsorted(times, windows.start_ms)
    seconds = (windows.end_ms - windows.start_ms) / 1000
    return np.asarray(np.minimum(sounding, words / seconds / WORDS_A_SECOND), dtype=np.float64)


def sounding_share(windows: Windows, silences: SilenceMap) -> Floats:
    """The share of each window that is not silent, 0-1."""
    starts = np.array([s.start_ms for s in silences.silences], dtype=np.int64)
    lengths = np.array([s.length_ms for s in silences.silences], dtype=np.int64)
    before = np.concatenate([[0], np.cumsum(lengths)])

    def silent_until(at_ms: Ints) -> Ints:
        number = np.searchsorted(starts, at_ms, side="right")
        if not len(starts):
            return np.zeros_like(at_ms)
        within = np.minimum(at_ms - starts[np.maximum(number - 1, 0)], lengths[np.maximum(number - 1, 0)])
        return np.asarray(before[np.maximum(number - 1, 0)] + np.where(number > 0, within, 0))

    silent = silent_until(windows.end_ms) - silent_until(windows.start_ms)
    return np.asarray(1.0 - silent / (windows.end_ms - windows.start_ms), dtype=np.float64)


def topic_inside(windows: Windows, topics: Topics) -> Floats:
    """How likely it is that a topic begins inside each window, away from its edges, 0-1."""
    at = np.array(topics.at_ms, dtype=np.int64)
    no = np.concatenate([[0.0], np.cumsum(np.log1p(-np.minimum(np.array(topics.chance), 0.999)))])
    first = np.searchsorted(at, windows.start_ms + TOPIC_SLACK_MS, side="right")
    last = np.searchsorted(at, windows.end_ms - TOPIC_SLACK_MS, side="left")
    return np.asarray(1.0 - np.exp(no[np.maximum(last, first)] - no[first]), dtype=np.float64)


def _by_place(windows: Windows, duration_ms: int) -> Floats:
    """Away from greetings and farewells, rather early, and between good pauses."""
    opening = min(OPENING_MS, OPENING_SHARE * duration_ms)
    closing = duration_ms - min(CLOSING_MS, CLOSING_SHARE * duration_ms)
    margins = (windows.start_ms < opening) * 1.0 + (windows.end_ms > closing)
    late = windows.start_ms / max(1, duration_ms)
    starts = PAUSES * _doublings(windows.starts.pause_ms) - TIER * windows.starts.tier
    ends = PAUSES * _doublings(windows.ends.pause_ms) - TIER * windows.ends.tier
    return np.asarray(starts[windows.start] + ends[windows.end] - MARGINS * margins - LATE * late)


def _doublings(pause_ms: Ints) -> Floats:
    return np.asarray(np.log2(np.clip(pause_ms, 250, 4_000) / 250), dtype=np.float64)


def _by_length(windows: Windows, lengths: Lengths) -> Floats:
    """Nothing in the middle of the allowed lengths (35-75 s of 20-90 s), less towards the ends."""
    room = max(1, lengths.max_ms - lengths.min_ms)
    share = (windows.end_ms - windows.start_ms - lengths.min_ms) / room
    return np.asarray(-LENGTH * np.maximum(0.0, np.abs(share - 0.5) - 0.29) / 0.21, dtype=np.float64)


def _by_words(windows: Windows, material: Material) -> Floats:
    weights = material.weights
    if weights is None:
        return np.zeros(len(windows.start))
    first = np.maximum(windows.starts.word, 0)
    last = windows.ends.word
    openings = weights.opening[first] + NEW_TOPIC * _topic_at(windows.starts.at_ms, material.topics)
    closings = weights.closing[np.maximum(last, 0)]
    inside = (
        weights.until[np.maximum(last[windows.end] + 1, first[windows.start])] - weights.until[first[windows.start]]
    )
    seconds = (windows.end_ms - windows.start_ms) / 1000
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
    """How likely a topic begins within the slack of each moment."""
    at = np.array(topics.at_ms, dtype=np.int64)
    chance = np.concatenate([[0.0], np.cumsum(topics.chance)])
    first = np.searchsorted(at, at_ms - TOPIC_SLACK_MS, side="left")
    last = np.searchsorted(at, at_ms + TOPIC_SLACK_MS, side="right")
    return np.asarray(np.minimum(1.0, chance[last] - chance[first]), dtype=np.float64)


class WordWeights:
    """Per word: what a clip gains by opening or closing with it, and running totals of what it holds.

    ``until[n]`` sums over the first n words: words, recurring terms, log length of their sentence, fillers, sentences
    that sell, sentences that greet.
    """

    def __init__(self, transcript: Transcript, sentences: Sequence[Sentence]) -> None:
        english = wording.speaks_english(transcript.language)
        self._bare = [wording.bare(w.text) for w in transcript.words]
        self._texts = [w.text for w in transcript.words]
        self.opening = np.zeros(len(self._bare))
        self.closing = np.zeros(len(self._bare))
        self._totals = np.zeros((len(self._bare) + 1, 6))
        self._totals[1:, 0] = 1
        self._totals[1:, 1] = _recurring(self._bare, english)
        if english:
            leaning = [wording.leans(self._bare[n : n + 4]) for n in range(len(self._bare))]
            self.opening -= LEANING * np.array(leaning)
        for sentence in sentences:
            self._weigh(sentence, english)
        self.until = np.cumsum(self._totals, axis=0)

    def _weigh(self, sentence: Sentence, english: bool) -> None:
        first, last = sentence.first_word, sentence.last_word
        words = self._bare[first : last + 1]
        self._totals[first + 1 : last + 2, 2] = np.log1p(len(words))
        asks = self._texts[last].rstrip("\"'”’)").endswith(("?", "？")) or (english and wording.asks(words))
        self.closing[last] = -QUESTION_LAST * asks
        self.opening[first] += QUESTION_FIRST * asks - SHORT_FIRST * (len(words) <= 3)
        if not english:
            return
        text = " ".join(w for w in words if w)
        self.opening[first] += HOOK * wording.hooks(text)
        self._totals[first + 1, 4:] = wording.sells(text), wording.greets(text)
        self._totals[first + 1 : last + 2, 3] = [w in wording.FILLERS for w in words]


def _recurring(words: Sequence[str], english: bool) -> Floats:
    """1 for each word that is about something: it comes up three times or more, but is not one of the commonest."""
    stems = [stem_of(w) for w in words]
    counts = Counter(stems)
    ubiquitous = max(3.0, 0.01 * len(stems))
    common = wording.STOPWORDS if english else frozenset[str]()
    telling = {s for s, n in counts.items() if 3 <= n <= ubiquitous and len(s) > 2 and s not in common}
    return np.array([float(s in telling and w not in common) for s, w in zip(stems, words, strict=True)])
