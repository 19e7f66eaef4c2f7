"""A recording as selection sees it, worked out once: topics, weighed words, and where clips could begin and end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from clipper_core.domain.silence import SilenceMap
from clipper_core.domain.transcript import Sentence, Transcript, sentences_of
from clipper_core.stages.cuts.places import Places, find_edges
from clipper_core.stages.selection import wording
from clipper_core.stages.selection.topics import Floats, Topics, find_topics, stem_of, topics_by_pauses

# Points of the score, as in ``score``.
LEANING = 2.0
QUESTION_FIRST, HOOK, SHORT_FIRST = 0.3, 0.15, 0.3
QUESTION_LAST = 0.6


@dataclass(frozen=True, slots=True)
class RecordingFeatures:
    """Everything that clips of a recording are chosen and named by.

    ``starts`` and ``ends`` are the places where a clip could begin and end. Without words there are no transcript, no
    sentences and no weights, and topics come from pauses.
    """

    silences: SilenceMap
    starts: Places
    ends: Places
    topics: Topics
    transcript: Transcript | None = None
    sentences: tuple[Sentence, ...] = ()
    weights: WordWeights | None = None

    @property
    def duration_ms(self) -> int:
        """The length of the recording."""
        return self.silences.duration_ms


def features_of(transcript: Transcript | None, silences: SilenceMap) -> RecordingFeatures:
    """Read a recording once. A transcript without sentences is divided into some."""
    if transcript is None or not transcript.words:
        return RecordingFeatures(silences, *find_edges(None, silences, ()), topics_by_pauses(silences))
    sentences = transcript.sentences or sentences_of(transcript.words)
    starts, ends = find_edges(transcript, silences, sentences)
    topics = find_topics(transcript, sentences)
    return RecordingFeatures(silences, starts, ends, topics, transcript, sentences, WordWeights(transcript, sentences))


class WordWeights:
    """Per word: what a clip gains by opening or closing with it, and running totals of what it holds.

    ``opening`` and ``closing`` (words,) are in points of the score. ``until`` (words + 1, 6) sums over the first n
    words: words, recurring terms, log length of their sentence, fillers, sentences that sell, sentences that greet.
    ``starts_ms`` (words,) says when each is heard, ``stem_counts`` how often each stem comes up in the recording.
    """

    def __init__(self, transcript: Transcript, sentences: Sequence[Sentence]) -> None:
        english = wording.speaks_english(transcript.language)
        self._bare = [wording.bare(w.text) for w in transcript.words]
        self._texts = [w.text for w in transcript.words]
        self.starts_ms = np.array([w.start_ms for w in transcript.words])
        self.stem_counts = Counter(stem_of(w) for w in self._bare)
        self.opening = np.zeros(len(self._bare))
        self.closing = np.zeros(len(self._bare))
        self._totals = np.zeros((len(self._bare) + 1, 6))
        self._totals[1:, 0] = 1
        self._totals[1:, 1] = _recurring(self._bare, self.stem_counts, english)
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


def _recurring(words: Sequence[str], stem_counts: Counter[str], english: bool) -> Floats:
    """1 for each word that is about something: it comes up three times or more, but is not one of the commonest."""
    ubiquitous = max(3.0, 0.01 * len(words))
    common = wording.STOPWORDS if english else frozenset[str]()
    telling = {s for s, n in stem_counts.items() if 3 <= n <= ubiquitous and len(s) > 2 and s not in common}
    return np.array([float(stem_of(w) in telling and w not in common) for w in words])
