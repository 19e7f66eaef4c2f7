"""From sound or captions to words: stretch by stretch, so that stretches can be heard side by side and again."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from clipper_core.adapters.speech_audio import SpeechAudio
from clipper_core.domain.silence import Silence, SilenceMap
from clipper_core.domain.time_range import TimeRange
from clipper_core.domain.transcript import Word

Progress = Callable[[float], None]
"""Called with 0..1 now and then; may raise, which stops the work."""

TARGET_MS, MOST_MS = 45_000, 60_000
LONG_SILENCE_MS = 1_500  # what an engine that hears pieces does not hear at all
MARGIN_MS = 200  # of silence, left at either end of speech: words fade in and out
# Of the speech, by words, for the words to be believed: 0.9 and more where it is understood, 0.5 in German.
LEAST_COVERED = 0.65
USUAL_SHARE = 0.12  # of English text, made of the words below; of other languages next to nothing

# Common words that no neighbouring language shares.
_ENGLISH = frozenset(
    re.split(
        " ",
        "the and that this you with have are they what your from would about there because but it's don't i'm that's "
        "their which when been were could should who how our his her she him them then than where why these those",
    )
)


class Recogniser(Protocol):
    """An engine that hears words."""

    name: str
    version: str
    languages: frozenset[str]
    draft: bool
    piece_ms: int | None
    """How much it hears at once, without long silences; None for whole stretches."""

    def recognise(self, pcm: npt.NDArray[np.int16], offset_ms: int, progress: Progress) -> tuple[Word, ...]:
        """The words in speech audio that starts ``offset_ms`` into the recording, timed in the recording."""
        ...


def stretches(silences: SilenceMap, target_ms: int = TARGET_MS, most_ms: int = MOST_MS) -> tuple[TimeRange, ...]:
    """The recording in stretches of about ``target_ms`` and at most ``most_ms``, divided inside silences.

    They follow each other without gaps, except that one in which nobody speaks at all is left out. Where no silence
    is in reach the division is hard.
    """
    if silences.duration_ms < 1:
        return ()
    parts = _divided(TimeRange(0, silences.duration_ms), silences, target_ms, most_ms)
    return tuple(p for p in parts if speech_within(p, silences))


def transcribe_stretch(
    recogniser: Recogniser, speech: SpeechAudio, stretch: TimeRange, silences: SilenceMap, progress: Progress
) -> tuple[Word, ...]:
    """The words of one stretch, in order and inside it."""
    pieces = _pieces(stretch, silences, recogniser.piece_ms)
    out: list[Word] = []
    for number, piece in enumerate(pieces):
        before = number / len(pieces)
        pcm = speech.read(piece.start_ms, piece.end_ms)
        heard = recogniser.recognise(pcm, piece.start_ms, lambda f, b=before: progress(b + f / len(pieces)))  # type: ignore[misc]
        out += [_inside(w, piece) for w in heard]
    progress(1.0)
    return merge([out])


def merge(parts: Iterable[Iterable[Word]]) -> tuple[Word, ...]:
    """The words of all parts in the order in which they are heard."""
    return tuple(sorted((w for part in parts for w in part), key=lambda w: w.start_ms))


def plausible(words: Sequence[Word], silences: SilenceMap) -> bool:
    """Whether an engine that keeps quiet when unsure understood enough of the speech for its words to be used."""
    spoken_ms = silences.duration_ms - sum(s.length_ms for s in silences.silences)
    covered_ms = sum(w.end_ms - w.start_ms for w in words)
    return bool(words) and covered_ms >= LEAST_COVERED * spoken_ms


def english(words: Sequence[Word]) -> bool:
    """Whether the text reads as English, by its most usual words. A few words are given the benefit of the doubt."""
    bare = [w.text.lower().replace("’", "'").strip('.,;:!?"“”()-') for w in words]
    if len(bare) < 20:
        return all(b.isascii() for b in bare)
    return sum(b in _ENGLISH for b in bare) >= USUAL_SHARE * len(bare)


def speech_within(span: TimeRange, silences: SilenceMap) -> tuple[TimeRange, ...]:
    """What of ``span`` lies in no silence, in order."""
    out: list[TimeRange] = []
    at = span.start_ms
    for silence in silences.within(span):
        if silence.start_ms > at:
            out.append(TimeRange(at, silence.start_ms))
        at = max(at, silence.end_ms)
    if at < span.end_ms:
        out.append(TimeRange(at, span.end_ms))
    return tuple(out)


def _divided(span: TimeRange, silences: SilenceMap, target_ms: int, most_ms: int) -> list[TimeRange]:
    out: list[TimeRange] = []
    at = span.start_ms
    while span.end_ms - at > most_ms:
        cut = _cut(at, silences, target_ms, most_ms)
        out.append(TimeRange(at, cut))
        at = cut
    return [*out, TimeRange(at, span.end_ms)]


def _cut(at_ms: int, silences: SilenceMap, target_ms: int, most_ms: int) -> int:
    """Where the stretch that begins at ``at_ms`` ends: in the longest silence near the target."""
    reach = TimeRange(at_ms + max(1, target_ms // 3), at_ms + most_ms + 1)

    def middle(s: Silence) -> int:
        return min(max(s.middle_ms, reach.start_ms), reach.end_ms - 1, s.end_ms)

    def worth(s: Silence) -> float:
        # A second of silence is worth as much as ten seconds nearer to the target.
        return min(s.length_ms, 3_000) - abs(middle(s) - at_ms - target_ms) / 10

    near = [s for s in silences.within(reach) if reach.start_ms <= middle(s)]
    return middle(max(near, key=worth)) if near else at_ms + target_ms


def _pieces(stretch: TimeRange, silences: SilenceMap, piece_ms: int | None) -> list[TimeRange]:
    if piece_ms is None:
        return [stretch]
    long = silences.of_at_least(LONG_SILENCE_MS)
    spoken = [
        TimeRange(max(stretch.start_ms, s.start_ms - MARGIN_MS), min(stretch.end_ms, s.end_ms + MARGIN_MS))
        for s in speech_within(stretch, long)
        if speech_within(s, silences)
    ]
    return [p for s in spoken for p in _divided(s, silences, piece_ms, piece_ms * 3 // 2)]


def _inside(word: Word, span: TimeRange) -> Word:
    start = min(max(word.start_ms, span.start_ms), span.end_ms - 1)
    return Word(word.text, start, min(max(word.end_ms, start), span.end_ms), word.timed)
