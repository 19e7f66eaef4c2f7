"""From sound to words: piece by piece, so that pieces can be heard side by side, and each only once."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from clipper_core.adapters.speech.speech_audio import SpeechAudio
from clipper_core.domain.recognised import RecognisedPiece
from clipper_core.domain.silence import Silence, SilenceMap, speech_within
from clipper_core.domain.time_range import TimeRange
from clipper_core.domain.transcript import Word
from clipper_core.errors import Cancelled, PieceTooLarge, ServiceRefused
from clipper_core.stages.words.spread import spread_words

Progress = Callable[[float], None]
"""Called with 0..1 now and then; may raise, which stops the work."""

TARGET_MS, MOST_MS = 45_000, 60_000
MARGIN_MS = 200  # of silence, left at either end of speech: words fade in and out
LEAST_PIECE_MS = 5_000  # a service that calls this too large will not take less either
LOOK_EVERY_S = 0.5  # how soon a stop is noticed while pieces are being heard side by side
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
    """An engine that hears words. Where it hears several pieces at a time, it is called from several threads."""

    name: str
    version: str
    languages: frozenset[str]
    draft: bool
    piece_ms: int | None
    """How much it hears at once; None for whole stretches."""
    spares_ms: int
    """Silences this long are not given to it."""
    in_flight: int
    """How many pieces it hears at a time."""

    def hear(self, pcm: npt.NDArray[np.int16], offset_ms: int, progress: Progress) -> RecognisedPiece:
        """What is said in speech audio that starts ``offset_ms`` into the recording, timed from its own start.

        Raises PieceTooLarge where it takes less at a time.
        """
        ...


@dataclass(frozen=True, slots=True)
class RecognisedStretch:
    """The words of a stretch, in order and inside it, and the language most of them are in, where the engine says."""

    words: tuple[Word, ...]
    language: str | None = None


def stretches(silences: SilenceMap, target_ms: int = TARGET_MS, most_ms: int = MOST_MS) -> tuple[TimeRange, ...]:
    """The recording in stretches of about ``target_ms`` and at most ``most_ms``, divided inside silences.

    They follow each other without gaps, except that one in which nobody speaks at all is left out. Where no silence
    is in reach the division is hard.
    """
    if silences.duration_ms < 1:
        return ()
    parts = _divided(TimeRange(0, silences.duration_ms), silences, target_ms, most_ms)
    return tuple(p for p in parts if speech_within(p, silences))


def hear_stretch(
    recogniser: Recogniser, speech: SpeechAudio, stretch: TimeRange, silences: SilenceMap, progress: Progress
) -> RecognisedStretch:
    """What is said in one stretch, in order whichever piece is heard first.

    An error, or a stop by ``progress``, lets no new piece begin; those in flight are waited for, since they are paid
    for. Words without times are spread over their piece and not ``timed``. ``progress`` is called in this thread only.
    """
    pieces = _pieces(stretch, silences, recogniser)
    hearing = _Hearing(recogniser, speech, silences)
    heard = (hearing.one_by_one if recogniser.in_flight == 1 else hearing.several)(pieces, progress)
    progress(1.0)
    parts = [part for piece in sorted(heard) for part in heard[piece]]
    return RecognisedStretch(merge(p.words for p in parts), main_language(parts))


def transcribe_stretch(
    recogniser: Recogniser, speech: SpeechAudio, stretch: TimeRange, silences: SilenceMap, progress: Progress
) -> tuple[Word, ...]:
    """The words of one stretch, in order and inside it."""
    return hear_stretch(recogniser, speech, stretch, silences, progress).words


def main_language(parts: Iterable[RecognisedStretch]) -> str | None:
    """The language that most words are in; None where none is named."""
    words: Counter[str] = Counter()
    for part in parts:
        if part.language and part.words:
            words[part.language] += len(part.words)
    return min(words, key=lambda code: (-words[code], code), default=None)


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


Parts = dict[TimeRange, list[RecognisedStretch]]


@dataclass
class _Hearing:
    """Pieces given to an engine, and what comes back."""

    recogniser: Recogniser
    speech: SpeechAudio
    silences: SilenceMap

    def one_by_one(self, pieces: Sequence[TimeRange], progress: Progress) -> Parts:
        out: Parts = {}
        before, whole = 0, sum(p.length_ms for p in pieces)
        for piece in pieces:
            out[piece] = self._heard(piece, lambda f, b=before, p=piece: progress((b + f * p.length_ms) / whole))  # type: ignore[misc]
            before += piece.length_ms
        return out

    def several(self, pieces: Sequence[TimeRange], progress: Progress) -> Parts:
        out: Parts = {}
        stop = threading.Event()
        failed: list[Exception] = []

        def look(_: float) -> None:
            if stop.is_set():
                raise Cancelled

        def heard(piece: TimeRange) -> list[RecognisedStretch]:
            try:
                return self._heard(piece, look)
            except Exception as error:
                failed.append(error)  # before the stop: what the stop makes others say is not the first
                stop.set()  # here, since this very thread would begin the next piece
                raise

        progress(0.0)
        with ThreadPoolExecutor(self.recogniser.in_flight, thread_name_prefix="hear") as pool:
            try:
                at_work = {pool.submit(heard, piece): piece for piece in pieces}
                left = set(at_work)
                while left:
                    progress(sum(p.length_ms for p in out) / sum(p.length_ms for p in pieces))
                    done, left = wait(left, LOOK_EVERY_S, FIRST_COMPLETED)
                    if failed:
                        raise failed[0]
                    out |= {at_work[future]: future.result() for future in done}
            finally:
                stop.set()  # those that have not begun never will; the others are waited for
        return out

    def _heard(self, piece: TimeRange, progress: Progress) -> list[RecognisedStretch]:
        """One piece; in halves, cut at a silence, where it is too large."""
        progress(0.0)
        try:
            pcm = self.speech.read(piece.start_ms, piece.end_ms)
            return [self._placed(self.recogniser.hear(pcm, piece.start_ms, progress), piece)]
        except PieceTooLarge as error:
            if piece.length_ms < LEAST_PIECE_MS:
                raise ServiceRefused(detail=error.detail) from None
        cut = _cut(piece.start_ms, self.silences, piece.length_ms // 2, piece.length_ms * 3 // 4)
        halves = TimeRange(piece.start_ms, cut), TimeRange(cut, piece.end_ms)
        return [part for half in halves for part in self._heard(half, progress)]

    def _placed(self, heard: RecognisedPiece, piece: TimeRange) -> RecognisedStretch:
        if heard.words is None:
            words = spread_words(heard.text, piece, self.silences)
        else:
            at = piece.start_ms
            words = tuple(_inside(t, at + a, at + b, piece) for t, a, b in heard.words)
        return RecognisedStretch(words, heard.language)


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


def _pieces(stretch: TimeRange, silences: SilenceMap, recogniser: Recogniser) -> list[TimeRange]:
    """What is given to the engine at a time: all speech of the stretch, without the silences it is spared."""
    piece_ms = recogniser.piece_ms
    if piece_ms is None:
        return [stretch]
    long = silences.of_at_least(recogniser.spares_ms)
    spoken = [
        TimeRange(max(stretch.start_ms, s.start_ms - MARGIN_MS), min(stretch.end_ms, s.end_ms + MARGIN_MS))
        for s in speech_within(stretch, long)
        if speech_within(s, silences)
    ]
    return [p for s in spoken for p in _divided(s, silences, piece_ms, piece_ms * 3 // 2)]


def _inside(text: str, start_ms: int, end_ms: int, span: TimeRange) -> Word:
    start = min(max(start_ms, span.start_ms), span.end_ms - 1)
    return Word(text, start, min(max(end_ms, start), span.end_ms))
