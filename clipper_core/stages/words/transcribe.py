"""From sound to words: piece by piece, so that pieces can be recognised side by side, and each only once."""

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

from clipper_core.domain.recognised import RecognisedPiece
from clipper_core.domain.silence import Silence, SilenceMap, speech_within
from clipper_core.domain.time_range import TimeRange
from clipper_core.domain.transcript import Word
from clipper_core.errors import Cancelled, PieceTooLarge, ServiceRefused
from clipper_core.stages.words.speech import SpeechTrack
from clipper_core.stages.words.spread import spread_words

Progress = Callable[[float], None]
"""Called with 0..1 now and then; may raise, which stops the work."""

TARGET_MS, MAX_MS = 45_000, 60_000
MARGIN_MS = 200  # of silence, left at either end of speech: words fade in and out
MIN_PIECE_MS = 5_000  # a service that calls this too large will not take less either
LOOK_EVERY_S = 0.5  # how soon a stop is noticed while pieces are being recognised side by side
# Of the speech, by words, for the words to be believed: 0.9 and more where it is understood, 0.5 in German.
MIN_COVERED = 0.65
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
    """An engine that recognises words. Where it takes several pieces at a time, it is called from several threads."""

    name: str
    version: str
    languages: frozenset[str]
    draft: bool
    piece_ms: int | None
    """How much it takes at once; None for whole parts."""
    spares_ms: int
    """Silences this long are not given to it."""
    in_flight: int
    """How many pieces it takes at a time."""

    def recognise(self, pcm: npt.NDArray[np.int16], offset_ms: int, progress: Progress) -> RecognisedPiece:
        """Recognise the words in a piece of speech sound.

        Args:
            pcm: The samples, 16 kHz mono.
            offset_ms: Where in the recording they begin.
            progress: Called with 0-1 now and then; may raise, which stops the work.

        Returns:
            The words, timed from the start of the piece.

        Raises:
            PieceTooLarge: It takes less at a time.
        """
        ...


@dataclass(frozen=True, slots=True)
class RecognisedPart:
    """The words of a part, in order and inside it, and the language most of them are in, where the engine says."""

    words: tuple[Word, ...]
    language: str | None = None


def divide_in_parts(silences: SilenceMap, target_ms: int = TARGET_MS, max_ms: int = MAX_MS) -> tuple[TimeRange, ...]:
    """Divide a recording into parts that are transcribed one by one, inside silences.

    Where no silence is in reach the division is hard.

    Args:
        silences: The silences of the recording.
        target_ms: About how long a part is, in ms.
        max_ms: How long it is at most.

    Returns:
        Parts that follow each other without gaps, except that one without any speech is left out.
    """
    if silences.duration_ms < 1:
        return ()
    parts = _divided(TimeRange(0, silences.duration_ms), silences, target_ms, max_ms)
    return tuple(p for p in parts if speech_within(p, silences))


def recognise_part(recogniser: Recogniser, speech: SpeechTrack, part: TimeRange, progress: Progress) -> RecognisedPart:
    """Recognise the words of one part, in order whichever piece is done first.

    An error, or a stop by ``progress``, lets no new piece begin; those in flight are waited for, since they are paid
    for. Words without times are spread over their piece and not ``timed``.

    Args:
        recogniser: The engine.
        speech: The speech sound of the recording, and its silences.
        part: The range that is transcribed.
        progress: Called with 0-1 now and then, in this thread only; may raise, which stops the work.

    Returns:
        The words and their language.

    Raises:
        ServiceRefused: Even a piece of five seconds is too large for the engine. Otherwise as the engine.
    """
    pieces = _pieces(part, speech.silences, recogniser)
    recognition = _Recognition(recogniser, speech)
    answers = (recognition.one_by_one if recogniser.in_flight == 1 else recognition.several)(pieces, progress)
    progress(1.0)
    in_order = [answer for piece in sorted(answers) for answer in answers[piece]]
    return RecognisedPart(merge(a.words for a in in_order), main_language(in_order))


def main_language(parts: Iterable[RecognisedPart]) -> str | None:
    """The language that most words are in; None where none is named."""
    words: Counter[str] = Counter()
    for part in parts:
        if part.language and part.words:
            words[part.language] += len(part.words)
    return min(words, key=lambda code: (-words[code], code), default=None)


def merge(parts: Iterable[Iterable[Word]]) -> tuple[Word, ...]:
    """The words of all parts in the order in which they are spoken."""
    return tuple(sorted((w for part in parts for w in part), key=lambda w: w.start_ms))


def plausible(words: Sequence[Word], silences: SilenceMap) -> bool:
    """True if an engine that keeps quiet when unsure understood enough of the speech for its words to be used."""
    spoken_ms = silences.duration_ms - sum(s.length_ms for s in silences.silences)
    covered_ms = sum(w.end_ms - w.start_ms for w in words)
    return bool(words) and covered_ms >= MIN_COVERED * spoken_ms


def english(words: Sequence[Word]) -> bool:
    """True if the text reads as English, by its most usual words. A few words are given the benefit of the doubt."""
    bare = [w.text.lower().replace("’", "'").strip('.,;:!?"“”()-') for w in words]
    if len(bare) < 20:
        return all(b.isascii() for b in bare)
    return sum(b in _ENGLISH for b in bare) >= USUAL_SHARE * len(bare)


Answers = dict[TimeRange, list[RecognisedPart]]
"""By piece; a piece that was too large has an answer for each half."""


@dataclass
class _Recognition:
    """Pieces given to an engine, and its answers."""

    recogniser: Recogniser
    speech: SpeechTrack

    def one_by_one(self, pieces: Sequence[TimeRange], progress: Progress) -> Answers:
        """Recognise the pieces in this thread."""
        answers: Answers = {}
        before, whole = 0, sum(p.length_ms for p in pieces)
        for piece in pieces:
            answers[piece] = self._recognise(
                piece,
                lambda f, b=before, p=piece: progress((b + f * p.length_ms) / whole),  # type: ignore[misc]
            )
            before += piece.length_ms
        return answers

    def several(self, pieces: Sequence[TimeRange], progress: Progress) -> Answers:
        """Recognise as many pieces at a time as the engine takes, in threads of their own."""
        answers: Answers = {}
        stop = threading.Event()
        errors: list[Exception] = []

        def check(_: float) -> None:
            if stop.is_set():
                raise Cancelled

        def recognise(piece: TimeRange) -> list[RecognisedPart]:
            try:
                return self._recognise(piece, check)
            except Exception as error:
                errors.append(error)  # before the stop: errors that the stop causes come after the first
                stop.set()  # here, since this very thread would begin the next piece
                raise

        progress(0.0)
        with ThreadPoolExecutor(self.recogniser.in_flight, thread_name_prefix="recognise") as pool:
            try:
                at_work = {pool.submit(recognise, piece): piece for piece in pieces}
                left = set(at_work)
                while left:
                    progress(sum(p.length_ms for p in answers) / sum(p.length_ms for p in pieces))
                    done, left = wait(left, LOOK_EVERY_S, FIRST_COMPLETED)
                    if errors:
                        raise errors[0]
                    answers |= {at_work[future]: future.result() for future in done}
            finally:
                stop.set()  # those that have not begun never will; the others are waited for
        return answers

    def _recognise(self, piece: TimeRange, progress: Progress) -> list[RecognisedPart]:
        """One piece; in halves, cut at a silence, where it is too large."""
        progress(0.0)
        try:
            pcm = self.speech.audio.read(piece.start_ms, piece.end_ms)
            return [self._on_clock(self.recogniser.recognise(pcm, piece.start_ms, progress), piece)]
        except PieceTooLarge as error:
            if piece.length_ms < MIN_PIECE_MS:
                raise ServiceRefused(detail=error.detail) from None
        cut = _cut(piece.start_ms, self.speech.silences, piece.length_ms // 2, piece.length_ms * 3 // 4)
        halves = TimeRange(piece.start_ms, cut), TimeRange(cut, piece.end_ms)
        return [answer for half in halves for answer in self._recognise(half, progress)]

    def _on_clock(self, answer: RecognisedPiece, piece: TimeRange) -> RecognisedPart:
        """An answer with the times of the recording, all inside the piece."""
        if answer.words is None:
            words = spread_words(answer.text, piece, self.speech.silences)
        else:
            at = piece.start_ms
            words = tuple(_inside(t, at + a, at + b, piece) for t, a, b in answer.words)
        return RecognisedPart(words, answer.language)


def _divided(span: TimeRange, silences: SilenceMap, target_ms: int, max_ms: int) -> list[TimeRange]:
    out: list[TimeRange] = []
    at = span.start_ms
    while span.end_ms - at > max_ms:
        cut = _cut(at, silences, target_ms, max_ms)
        out.append(TimeRange(at, cut))
        at = cut
    return [*out, TimeRange(at, span.end_ms)]


def _cut(at_ms: int, silences: SilenceMap, target_ms: int, max_ms: int) -> int:
    """The end of the part that begins at ``at_ms``: in the longest silence near the target."""
    reach = TimeRange(at_ms + max(1, target_ms // 3), at_ms + max_ms + 1)

    def middle(s: Silence) -> int:
        return min(max(s.middle_ms, reach.start_ms), reach.end_ms - 1, s.end_ms)

    def worth(s: Silence) -> float:
        # A second of silence is worth as much as ten seconds nearer to the target.
        return min(s.length_ms, 3_000) - abs(middle(s) - at_ms - target_ms) / 10

    near = [s for s in silences.within(reach) if reach.start_ms <= middle(s)]
    return middle(max(near, key=worth)) if near else at_ms + target_ms


def _pieces(part: TimeRange, silences: SilenceMap, recogniser: Recogniser) -> list[TimeRange]:
    """The ranges given to the engine at a time: all speech of the part, without the silences it is spared."""
    piece_ms = recogniser.piece_ms
    if piece_ms is None:
        return [part]
    long = silences.of_at_least(recogniser.spares_ms)
    spoken = [
        TimeRange(max(part.start_ms, s.start_ms - MARGIN_MS), min(part.end_ms, s.end_ms + MARGIN_MS))
        for s in speech_within(part, long)
        if speech_within(s, silences)
    ]
    return [p for s in spoken for p in _divided(s, silences, piece_ms, piece_ms * 3 // 2)]


def _inside(text: str, start_ms: int, end_ms: int, span: TimeRange) -> Word:
    start = min(max(start_ms, span.start_ms), span.end_ms - 1)
    return Word(text, start, min(max(end_ms, start), span.end_ms))
