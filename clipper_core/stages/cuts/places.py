"""Every place at which a clip could start or end, by how good a place it is.

A place is *ideal* in a silence at a sentence edge. Not every recording has enough of those: people talk without pause,
music plays under a voice, a draft has no sentences, a captions file has no sound. So there are tiers, and a caller
takes the first that is enough.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from clipper_core.domain.silence import Silence, SilenceMap
from clipper_core.domain.transcript import Sentence, Transcript, ends_sentence
from clipper_core.stages.cuts.snap import CLEAN_MS, cut_points

Ints = NDArray[np.int64]

PAUSE_MS = 500  # without words or marks, a pause this long is taken for the end of a thought
MAX_PLACES = 6_000  # more silences are thinned out, the shortest first


class Tier(IntEnum):
    """The quality of a place; lower is better."""

    IDEAL = 0  # a good silence, and a sentence begins or ends; or the recording itself does
    SHORT = 1  # the same, but the silence is short or the end of the sentence a guess
    SPOKEN = 2  # a sentence edge without a silence
    PAUSE = 3  # a silence, anywhere in a sentence
    WORD = 4  # between two words


@dataclass(frozen=True, slots=True)
class Places:
    """Moments for one side of a clip, in order.

    For each: when, of which tier, in how long a pause, and the number of the word it starts or ends with (-1: none).
    """

    at_ms: Ints
    tier: Ints
    pause_ms: Ints
    word: Ints

    def up_to(self, tier: Tier) -> Places:
        """The places that are at least as good as ``tier``."""
        return self._only(np.flatnonzero(self.tier <= tier))

    def count_up_to(self, tier: Tier) -> int:
        """The number of places that are at least as good as ``tier``."""
        return int(np.count_nonzero(self.tier <= tier))

    def one_every(self, ms: int) -> Places:
        """The best place (by tier, then by pause) in every ``ms`` of the recording."""
        best_first = np.lexsort((self.at_ms, -self.pause_ms, self.tier))
        _, first = np.unique(self.at_ms[best_first] // ms, return_index=True)
        return self._only(best_first[first])

    def _only(self, keep: NDArray[np.intp]) -> Places:
        return Places(self.at_ms[keep], self.tier[keep], self.pause_ms[keep], self.word[keep])


def find_edges(
    transcript: Transcript | None, silences: SilenceMap, sentences: Sequence[Sentence]
) -> tuple[Places, Places]:
    """Every place where a clip could start, and every place where one could end.

    Args:
        transcript: The words of the recording; None where none are known.
        silences: Its silences.
        sentences: Its sentences, also where the transcript itself has none.

    Returns:
        The starts and the ends, in order of time.
    """
    if transcript is None or not transcript.words:
        return _without_words(silences)
    return _beside_words(transcript, silences, sentences)


def unplaced(at_ms: Ints) -> Places:
    """Moments that are no good places, beside no word known."""
    nothing = np.zeros_like(at_ms)
    return Places(at_ms, nothing + Tier.WORD + 1, nothing, nothing - 1)


@dataclass(frozen=True, slots=True)
class _Place:
    at_ms: int
    tier: Tier
    pause_ms: int = 0
    word: int = -1


def _without_words(silences: SilenceMap) -> tuple[Places, Places]:
    starts: list[_Place] = []
    ends: list[_Place] = []
    for silence in _longest(silences):
        length = silence.length_ms
        tier = Tier.IDEAL if length >= PAUSE_MS else Tier.PAUSE if length >= CLEAN_MS else Tier.WORD
        out_ms, in_ms = cut_points(silence)
        starts.append(_Place(in_ms, tier, length))
        ends.append(_Place(out_ms, tier, length))
    at_start = [] if silences.at(0) else [_Place(0, Tier.IDEAL)]
    at_end = [] if silences.at(silences.duration_ms) else [_Place(silences.duration_ms, Tier.IDEAL)]
    return _in_order([*starts, *at_start]), _in_order([*ends, *at_end])


def _beside_words(transcript: Transcript, silences: SilenceMap, sentences: Sequence[Sentence]) -> tuple[Places, Places]:
    starts: list[_Place] = []
    ends: list[_Place] = []
    judge = _Boundaries(transcript, sentences)
    for silence in _longest(silences):
        out_ms, in_ms = cut_points(silence)
        first, last = transcript.first_word_from(in_ms), transcript.last_word_until(out_ms)
        if first < len(transcript.words):
            starts.append(_Place(in_ms, judge.in_silence(first, silence), silence.length_ms, first))
        if last >= 0:
            ends.append(_Place(out_ms, judge.in_silence(last + 1, silence), silence.length_ms, last))
    for number, (out_ms, in_ms, gap_ms) in enumerate(_between_words(transcript, silences.duration_ms)):
        tier = judge.spoken(number)
        if tier is None and gap_ms <= 0:
            continue  # two words run into each other
        place = Tier.WORD if tier is None else tier, max(0, gap_ms)
        if number < len(transcript.words):
            starts.append(_Place(in_ms, *place, number))
        if number > 0:
            ends.append(_Place(out_ms, *place, number - 1))
    first_start, last_end = transcript.words[0].start_ms, max(w.end_ms for w in transcript.words)
    if first_start < PAUSE_MS:
        starts.append(_Place(0, Tier.IDEAL, 0, 0))
    if 0 <= silences.duration_ms - last_end < PAUSE_MS:
        ends.append(_Place(silences.duration_ms, Tier.IDEAL, 0, len(transcript.words) - 1))
    return _in_order(starts), _in_order(ends)


class _Boundaries:
    """The quality of the boundary in front of each word, by its number; one past the last is the end of them all."""

    def __init__(self, transcript: Transcript, sentences: Sequence[Sentence]) -> None:
        words = transcript.words
        self._marked = transcript.has_marks
        self._edges = {s.first_word for s in sentences} | {len(words)}
        # in marked text, what only a pause or sheer length divided may go on
        self._sure = {
            n for n in self._edges if not self._marked or n in (0, len(words)) or ends_sentence(words[n - 1].text)
        }

    def in_silence(self, number: int, silence: Silence) -> Tier:
        """The tier of a place in ``silence`` in front of word ``number``."""
        long_enough = silence.length_ms >= CLEAN_MS
        if number in self._sure and long_enough:
            return Tier.IDEAL
        guessed = not self._marked and silence.length_ms >= PAUSE_MS
        return Tier.IDEAL if guessed else Tier.SHORT if number in self._edges else Tier.PAUSE

    def spoken(self, number: int) -> Tier | None:
        """The tier of a place between words in front of word ``number``.

        None where no sentence is known to begin; without marks sentences are guesses from pauses anyway.
        """
        return Tier.SPOKEN if self._marked and number in self._sure else None


def _between_words(transcript: Transcript, duration_ms: int) -> Iterator[tuple[int, int, int]]:
    """In front of each word and after the last: where to cut (out, in), and the gap, negative where voices overlap."""
    speech_end = 0
    for start, end in [*((w.start_ms, w.end_ms) for w in transcript.words), (duration_ms, duration_ms)]:
        start, gap_start = min(start, duration_ms), min(speech_end, duration_ms)
        cut = cut_points(Silence(gap_start, start)) if gap_start < start else (gap_start, start)
        yield *cut, start - gap_start
        speech_end = max(speech_end, end)


def _in_order(places: Iterable[_Place]) -> Places:
    """By time, the best at each moment, and no more than can be weighed."""
    best: dict[int, _Place] = {}
    for place in sorted(places, key=lambda p: (p.at_ms, p.tier, -p.pause_ms)):
        best.setdefault(place.at_ms, place)
    rows = [(p.at_ms, p.tier, p.pause_ms, p.word) for p in best.values()]
    table = np.array(rows, dtype=np.int64).reshape(-1, 4)
    return Places(table[:, 0], table[:, 1], table[:, 2], table[:, 3])


def _longest(silences: SilenceMap) -> tuple[Silence, ...]:
    if len(silences.silences) <= MAX_PLACES:
        return silences.silences
    longest = sorted(silences.silences, key=lambda s: (-s.length_ms, s.start_ms))[:MAX_PLACES]
    return tuple(sorted(longest))
