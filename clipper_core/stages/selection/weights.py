"""The weight of each word for a score: what a clip gains by opening or closing with it, and what it holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from clipper_core.domain.transcript import Sentence, Transcript
from clipper_core.stages.selection import wording
from clipper_core.stages.selection.topics import Floats
from clipper_core.stages.selection.wording import PlainWords

WORDS_A_SECOND = 2.0  # of a slow speaker

# Points of the score, as in ``score``.
LEANING = 2.0
QUESTION_FIRST, HOOK, SHORT_FIRST = 0.3, 0.15, 0.3
QUESTION_LAST = 0.6


class WordWeights:
    """Per word: what a clip gains by opening or closing with it, and running totals of what it holds.

    ``opening`` and ``closing`` (words,) are in points of the score. ``until`` (words + 1, 6) sums over the first n
    words: words, recurring terms, log length of their sentence, fillers, sentences that sell, sentences that greet.
    ``starts_ms`` (words,) says when each is heard, ``stem_counts`` how often each stem comes up in the recording.
    """

    def __init__(self, transcript: Transcript, sentences: Sequence[Sentence], plain: PlainWords) -> None:
        self._plain = plain
        self._texts = [w.text for w in transcript.words]
        self.starts_ms = np.array([w.start_ms for w in transcript.words])
        self.stem_counts = Counter(plain.stems)
        self.opening = np.zeros(len(plain.bare))
        self.closing = np.zeros(len(plain.bare))
        self._totals = np.zeros((len(plain.bare) + 1, 6))
        self._totals[1:, 0] = 1
        self._totals[1:, 1] = _recurring(plain, self.stem_counts)
        if plain.english:
            self.opening -= LEANING * np.array(plain.leaning)
        for sentence in sentences:
            self._weigh(sentence)
        self.until = np.cumsum(self._totals, axis=0)

    def _weigh(self, sentence: Sentence) -> None:
        first, last = sentence.first_word, sentence.last_word
        words = self._plain.bare[first : last + 1]
        self._totals[first + 1 : last + 2, 2] = np.log1p(len(words))
        asks = self._texts[last].rstrip("\"'”’)").endswith(("?", "？")) or (self._plain.english and wording.asks(words))
        self.closing[last] = -QUESTION_LAST * asks
        self.opening[first] += QUESTION_FIRST * asks - SHORT_FIRST * (len(words) <= 3)
        if not self._plain.english:
            return
        text = " ".join(w for w in words if w)
        self.opening[first] += HOOK * wording.hooks(text)
        self._totals[first + 1, 4:] = wording.sells(text), wording.greets(text)
        self._totals[first + 1 : last + 2, 3] = [w in wording.FILLERS for w in words]


def _recurring(plain: PlainWords, stem_counts: Counter[str]) -> Floats:
    """1 for each word that is about something: it comes up three times or more, but is not one of the commonest."""
    ubiquitous = max(3.0, 0.01 * len(plain.bare))
    common = wording.STOPWORDS if plain.english else frozenset[str]()
    telling = {s for s, n in stem_counts.items() if 3 <= n <= ubiquitous and len(s) > 2 and s not in common}
    both = zip(plain.bare, plain.stems, strict=True)
    return np.array([float(stem in telling and word not in common) for word, stem in both])
