"""The chance that a new topic begins, sentence by sentence.

The words are cut into blocks of about 25 words that end with a sentence. A run of blocks is likely to be one
topic if few words explain it: the likelihood is a Dirichlet compound multinomial, after Eisenstein and Barzilay,
"Bayesian Unsupervised Topic Segmentation" (EMNLP 2008). Instead of the single best segmentation we take, by the
forward and backward sums over all of them, the probability that each block begins a topic: a soft answer degrades
gently where the words say little.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clipper_core.domain.silence import SilenceMap
from clipper_core.domain.transcript import Sentence, Transcript
from clipper_core.stages.selection.wording import STOPWORDS, PlainWords, opens_new, turns_to_new

Floats = NDArray[np.float64]

BLOCK_WORDS = 25
ALPHA = 0.3  # the concentration of the word distributions: small, so a topic uses few words
PENALTY = 1.5  # per boundary, times log(blocks)
UBIQUITOUS = 0.6  # a word in more than this share of the blocks says nothing about topics
MAX_BLOCKS = 150  # no topic is searched for that is longer: about 25 minutes of speech
CUE_BONUS = 2.0
OPENER_BONUS = 0.8
PAUSE_BONUS = 0.7  # per doubling of a pause beyond half a second
TEMPERATURE = 3.0  # softens a likelihood that takes each word for independent evidence
LIKELY = 0.5
LONG_PAUSE_MS = 1_000
BY_PAUSE, MAX_BY_PAUSE = 0.05, 0.4  # the chance per second of pause, and at most


@dataclass(frozen=True, slots=True)
class Topics:
    """Moments at which a topic may begin, in order, and how likely, 0-1. From words, the first is certain."""

    at_ms: tuple[int, ...] = ()
    chance: tuple[float, ...] = ()

    @property
    def boundaries_ms(self) -> tuple[int, ...]:
        """The moments at which a new topic more likely than not begins, the beginning of the first left out."""
        return tuple(t for t, p in zip(self.at_ms[1:], self.chance[1:], strict=True) if p >= LIKELY)


def topics_by_pauses(silences: SilenceMap) -> Topics:
    """The chance that a topic begins after each long silence: all that can be said without words."""
    long = [s for s in silences.silences if s.length_ms >= LONG_PAUSE_MS]
    chance = tuple(min(MAX_BY_PAUSE, BY_PAUSE * s.length_ms / 1000) for s in long)
    return Topics(tuple(s.middle_ms for s in long), chance)


def find_topics(transcript: Transcript, sentences: Sequence[Sentence], plain: PlainWords) -> Topics:
    """The chance that a topic begins at each block of sentences.

    Args:
        transcript: The words of the recording.
        sentences: Its sentences, also where the transcript itself has none.
        plain: Its plain words.

    Returns:
        The topics: none without words, and one where there are too few blocks to compare.
    """
    if not transcript.words or not sentences:
        return Topics()
    blocks = _blocks(sentences)
    at = tuple(transcript.words[b[0].first_word].start_ms for b in blocks)
    score = _likelihoods(_counted_words(plain, blocks), len(blocks))
    chance = _chances(score, _bonuses(transcript, blocks, plain))
    return Topics(at, tuple(float(p) for p in chance))


def _blocks(sentences: Sequence[Sentence]) -> list[list[Sentence]]:
    blocks: list[list[Sentence]] = [[]]
    size = 0
    for sentence in sentences:
        if size >= BLOCK_WORDS:
            blocks.append([])
            size = 0
        blocks[-1].append(sentence)
        size += sentence.last_word - sentence.first_word + 1
    return blocks


def _counted_words(plain: PlainWords, blocks: list[list[Sentence]]) -> dict[str, list[int]]:
    """For each word that can tell topics apart: the numbers of the blocks it occurs in, in order, with repeats."""
    places: dict[str, list[int]] = defaultdict(list)
    for number, block in enumerate(blocks):
        for stem in plain.stems[block[0].first_word : block[-1].last_word + 1]:
            if len(stem) > 1 and not (plain.english and stem in STOPWORDS):
                places[stem].append(number)
    max_blocks = max(2.0, UBIQUITOUS * len(blocks))
    return {w: p for w, p in places.items() if 2 <= len(set(p)) <= max_blocks}


def _likelihoods(places: dict[str, list[int]], blocks: int) -> Floats:
    """``out[j, d]``: the log likelihood of the topic made of block ``j`` and the ``d`` blocks before it.

    The n-th time a word comes up inside a topic it costs log((ALPHA + n - 1) / (ALPHA * vocabulary + tokens so far)).
    """
    width = min(blocks, MAX_BLOCKS)
    tokens = np.bincount([b for here in places.values() for b in here], minlength=blocks).astype(np.float64)
    gain = _recurrences(places, blocks, width)
    # a word seen `back` blocks ago helps every topic that reaches at least that far back
    gain = np.cumsum(gain, axis=1)[:, :width] + (tokens * np.log(ALPHA))[:, None]
    out = np.full((blocks, width), -np.inf)
    for d in range(width):  # the topic that starts at block i and ends at block i + d
        before = out[d - 1 : blocks - 1, d - 1] if d else np.zeros(blocks)
        out[d:, d] = before + gain[d:, d]
    return out - _normalisers(tokens, width, ALPHA * max(1, len(places)))


def _recurrences(places: dict[str, list[int]], blocks: int, width: int) -> Floats:
    """``out[j, d]``: what the words of block ``j`` gain by having come up ``d`` blocks before it."""
    cells = [np.zeros(0, dtype=np.int64)]  # of the flat table, and what each gains
    values = [np.zeros(0)]
    for here in places.values():
        at = np.array(here)
        for back in range(1, len(at)):  # each time it comes up, and the time so many times before
            apart = at[back:] - at[:-back]
            near = apart < width
            if not near.any():
                break
            cells.append(at[back:][near] * (width + 1) + apart[near])
            values.append(np.full(len(cells[-1]), np.log((ALPHA + back) / (ALPHA + back - 1))))
    flat = np.bincount(np.concatenate(cells), np.concatenate(values), minlength=blocks * (width + 1))
    return np.asarray(flat.reshape(blocks, width + 1), dtype=np.float64)


def _normalisers(tokens: Floats, width: int, mass: float) -> Floats:
    """The share of the likelihood that depends only on how many words a topic has: log G(mass + n) - log G(mass)."""
    total = np.concatenate([[0.0], np.cumsum(tokens)])
    table = np.concatenate([[0.0], np.cumsum(np.log(mass + np.arange(int(total[-1]) + 1)))])
    blocks = len(tokens)
    starts = np.maximum(np.arange(blocks)[:, None] - np.arange(width)[None, :], 0)
    counts = (total[1:, None] - total[starts]).astype(np.int64)
    return np.asarray(table[counts], dtype=np.float64)


def _bonuses(transcript: Transcript, blocks: list[list[Sentence]], plain: PlainWords) -> Floats:
    out = np.zeros(len(blocks))
    for number, block in enumerate(blocks[1:], start=1):
        first = block[0].first_word
        earlier = transcript.words[max(0, first - 8) : first]
        pause_s = (transcript.words[first].start_ms - max(w.end_ms for w in earlier)) / 1000
        out[number] = PAUSE_BONUS * max(0.0, float(np.log2(max(pause_s, 0.01) / 0.5)))
        if plain.english:
            text = " ".join(plain.bare[first : block[0].last_word + 1][:16])
            out[number] += CUE_BONUS * turns_to_new(text) + OPENER_BONUS * opens_new(text)
    return np.minimum(out, 4.0)


def _chances(score: Floats, bonus: Floats) -> Floats:
    """The probability that each block begins a topic, summed over all ways to divide the recording."""
    blocks, width = score.shape
    price = bonus - PENALTY * np.log(max(2, blocks))
    ahead = np.full(blocks + 1, -np.inf)  # ahead[i]: everything before block i, divided in all ways
    ahead[0] = 0.0
    scaled = score / TEMPERATURE
    price = price / TEMPERATURE
    price[0] = 0.0
    for j in range(blocks):
        d = np.arange(min(width, j + 1))
        ahead[j + 1] = np.logaddexp.reduce(ahead[j - d] + price[j - d] + scaled[j, d])
    behind = np.full(blocks + 1, -np.inf)
    behind[blocks] = 0.0
    for i in range(blocks - 1, -1, -1):
        d = np.arange(min(width, blocks - i))
        behind[i] = price[i] + np.logaddexp.reduce(scaled[i + d, d] + behind[i + d + 1])
    return np.asarray(np.exp(ahead[:blocks] + behind[:blocks] - ahead[blocks]).clip(0.0, 1.0))
