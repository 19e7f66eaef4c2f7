"""Align words whose times are rough (from captions, or an engine without times) to the sound.

Long windows of text and sound are aligned as a whole, each from where the one before was left; the end of a window,
where text and sound may not match, is done again at the beginning of the next. What fits badly is not believed: those
words keep their rough times.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Protocol

import numpy as np
import numpy.typing as npt

from clipper_core.adapters.speech.aligner import AlignedWord
from clipper_core.domain.silence import speech_within
from clipper_core.domain.time_range import TimeRange, total_ms
from clipper_core.domain.transcript import Word
from clipper_core.stages.words.speech import SpeechTrack

Progress = Callable[[float], None]
"""Called with 0..1 now and then; may raise, which stops the work."""

WINDOWS_MS = (45_000, 15_000, 6_000)  # a shorter one where text and sound of the longer don't fit
SLACK_MS = 3_000  # how far rough times may be off
GUARD_MS = 8_000  # at the end of a window, to be done again
GAP_MS = 6_000  # without text: music, or speech left out of it; windows end there
AROUND = 3  # neighbours at either side by which a word's fit is judged

MIN_FIT = -34.0  # right words have about -12, in real rooms -22; wrong ones -50 to -70
FEW = 8  # words may fit by chance
MIN_WORD_FIT = -75.0
MS_PER_PHONE = (34.0, 450.0)  # the model's shortest phone lasts 30 ms: words squeezed to that are not spoken there
MAX_IN_SILENCE = 0.7  # of a word's time


class Aligner(Protocol):
    """Finds the places of known words in speech."""

    languages: frozenset[str]

    def align(self, pcm: npt.NDArray[np.int16], words: Sequence[str]) -> tuple[AlignedWord | None, ...] | None:
        """A place for each word, None for one that is not spoken; None for all if the text can't be fitted in."""
        ...


def align_words(
    aligner: Callable[[], Aligner],
    words: Sequence[Word],
    speech: SpeechTrack,
    language: str,
    progress: Progress = lambda _: None,
) -> tuple[Word, ...]:
    """Find the words in the sound.

    Timed words are left as they are (if all are, no aligner is made), and so is everything in a language the aligner
    has no model for.

    Args:
        aligner: Makes the aligner, which takes a while.
        words: The words in the order in which they are spoken, those that are not ``timed`` with rough times.
        speech: The speech sound of the recording, and its silences.
        language: Their language, such as ``en`` or ``en-GB``.
        progress: Called with 0-1 now and then; may raise, which stops the work.

    Returns:
        The same words in the same order, ``timed`` where they were found. Starts never decrease, and everything lies
        inside the recording.
    """
    duration_ms = speech.silences.duration_ms
    tidy = _tidy(words, duration_ms)
    if all(w.timed for w in tidy):
        return tidy
    if not duration_ms or language.split("-")[0].lower() not in (engine := aligner()).languages:
        return tidy
    out: list[Word] = []
    for timed, group in groupby(tidy, key=lambda w: w.timed):
        run = list(group)
        if not timed:
            end = next((w.start_ms for w in tidy[len(out) + len(run) :]), duration_ms)
            bounds = (out[-1].end_ms if out else 0, end)
            base, share = len(out) / len(tidy), len(run) / len(tidy)
            run = _Run(engine, speech, run, bounds).aligned(lambda f, b=base, s=share: progress(b + f * s))  # type: ignore[misc]
        out += run
    progress(1.0)
    return _tidy(_filled(words, out), duration_ms)


@dataclass
class _Run:
    """Consecutive words without times, and the bounds inside which they are spoken."""

    aligner: Aligner
    speech: SpeechTrack
    words: list[Word]
    bounds: tuple[int, int]

    def aligned(self, progress: Progress) -> list[Word]:
        """The words, window by window, ``timed`` where they were found."""
        out: list[Word] = []
        from_ms = self.bounds[0]
        windows: Sequence[int] = WINDOWS_MS
        while len(out) < len(self.words):
            on_track = not out or out[-1].timed
            if settled := self._next(len(out), from_ms, windows, on_track):
                windows = WINDOWS_MS
            else:
                windows = WINDOWS_MS[-1:]  # to find out cheaply where it fits again
                settled = self._given_up(len(out), from_ms)
            out += settled
            from_ms = self._go_on_at(out, from_ms)
            progress(len(out) / len(self.words))
        return out

    def _next(self, first: int, from_ms: int, windows: Sequence[int], on_track: bool) -> list[Word]:
        """The words from ``first`` on, as many as are settled now; none where nothing fits."""
        begin = max(from_ms, self.words[first].start_ms - SLACK_MS)
        for window_ms in windows:
            last, complete = self._last(first, begin + window_ms)
            end = min(self.bounds[1], max(self.words[last - 1].end_ms, begin) + SLACK_MS)
            if fitted := self._fit(begin, end, self.words[first:last], on_track):
                return fitted if complete else fitted[: _sure(fitted, end - min(GUARD_MS, (end - begin) // 3))]
        return []

    def _given_up(self, first: int, from_ms: int) -> list[Word]:
        """Half of the words of the shortest window, as they are."""
        last, _ = self._last(first, max(from_ms, self.words[first].start_ms - SLACK_MS) + WINDOWS_MS[-1])
        return self.words[first : first + max(1, (last - first) // 2)]

    def _last(self, first: int, until_ms: int) -> tuple[int, bool]:
        """The end of the text of a window, and whether that is a true end: of the words, or before a gap."""
        for i in range(first + 1, len(self.words)):
            if self.words[i].start_ms - self.words[i - 1].end_ms >= GAP_MS:
                return i, True
            if self.words[i].start_ms >= until_ms:
                return i, False
        return len(self.words), True

    def _fit(self, begin: int, end: int, words: list[Word], on_track: bool) -> list[Word] | None:
        """The words as aligned to the sound from begin to end (ms); None if they don't fit there.

        After words that were not found, a few that fit are no evidence.
        """
        if end <= begin:
            return None
        aligned = self.aligner.align(self.speech.audio.read(begin, end), [w.text for w in words])
        if aligned is None:
            return None
        sure = _believed(aligned)
        spoken = sum(a is not None for a in aligned)
        if sum(sure) < max(1, spoken // 2, min(FEW, spoken) if on_track else FEW):
            return None
        return [
            self._checked(Word(w.text, begin + a.start_ms, begin + max(a.start_ms, a.end_ms)), w) if a and ok else w
            for w, a, ok in zip(words, aligned, sure, strict=True)
        ]

    def _checked(self, aligned: Word, rough: Word) -> Word:
        """``aligned``, unless it lies in silence or outside the bounds."""
        if not self.bounds[0] <= aligned.start_ms < aligned.end_ms <= self.bounds[1] + 20:
            return rough
        span = TimeRange(aligned.start_ms, aligned.end_ms)
        spoken = total_ms(speech_within(span, self.speech.silences))
        return aligned if spoken >= (1 - MAX_IN_SILENCE) * span.length_ms else rough

    def _go_on_at(self, out: list[Word], from_ms: int) -> int:
        """The earliest time of the next words: after the last that was found, if it was among the last ones."""
        at_ms = next((w.end_ms for w in reversed(out[-2 * AROUND :]) if w.timed), None)
        if at_ms is None:
            at_ms = self.words[len(out)].start_ms - SLACK_MS if len(out) < len(self.words) else 0
        return max(from_ms, at_ms)


def _believed(aligned: Sequence[AlignedWord | None]) -> list[bool]:
    """Say of each word whether its place can be believed, judged with its neighbours."""
    spoken = [h for h in aligned if h]
    lengths = np.array([max(1, h.end_ms - h.start_ms) for h in spoken], dtype=float)
    fit = _around(np.array([h.score for h in spoken]), lengths)
    pace = _around(np.array([h.ms_per_phone for h in spoken]), np.ones(len(spoken)))
    good = iter(
        f >= MIN_FIT and p >= MS_PER_PHONE[0] and h.score >= MIN_WORD_FIT and h.ms_per_phone <= MS_PER_PHONE[1]
        for h, f, p in zip(spoken, fit, pace, strict=True)
    )
    return [bool(h) and next(good) for h in aligned]


def _around(values: npt.NDArray[np.float64], weights: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The weighted mean of each value and its neighbours."""
    kernel = np.ones(2 * AROUND + 1)
    size = len(values)
    if size == 0:
        return values
    sums = np.convolve(values * weights, kernel)[AROUND : AROUND + size]
    return np.asarray(sums / np.convolve(weights, kernel)[AROUND : AROUND + size])


def _sure(aligned: Sequence[Word], until_ms: int) -> int:
    """The number of settled words: up to the longest pause in the last part before ``until_ms``; at least one."""
    pairs = [i for i in range(1, len(aligned)) if aligned[i - 1].timed and aligned[i].timed]
    inside = [i for i in pairs if aligned[i].start_ms <= until_ms]
    late = [i for i in inside if aligned[i].start_ms > until_ms - WINDOWS_MS[0] // 3] or inside
    return max(late, key=lambda i: aligned[i].start_ms - aligned[i - 1].end_ms, default=max(1, len(aligned) // 2))


def _filled(rough: Sequence[Word], aligned: Sequence[Word]) -> list[Word]:
    """``aligned`` with each run of untimed words moved between its timed neighbours where its rough times don't fit."""
    out = list(aligned)
    edges = [-1, *(i for i, w in enumerate(out) if w.timed), len(out)]
    for a, b in pairwise(edges):
        if b - a < 2 or (a < 0 and b == len(out)):
            continue
        lo = out[a].end_ms if a >= 0 else 0
        hi = out[b].start_ms if b < len(out) else max(lo, *(w.end_ms for w in rough[a + 1 : b]))
        run = out[a + 1 : b]
        if run[0].start_ms < lo or max(w.end_ms for w in run) > hi:
            out[a + 1 : b] = _spread(run, min(lo, hi), hi)
    return out


def _spread(run: Sequence[Word], lo_ms: int, hi_ms: int) -> list[Word]:
    edges = np.concatenate(([0], np.cumsum([len(w.text) + 1 for w in run])))
    times = (lo_ms + edges * (hi_ms - lo_ms) // edges[-1]).tolist()
    return [Word(w.text, a, b, timed=False) for w, a, b in zip(run, times, times[1:], strict=False)]


def _tidy(words: Sequence[Word], duration_ms: int) -> tuple[Word, ...]:
    """Starts in order, everything inside the recording, no word reaching over the start of the next but one."""
    out: list[Word] = []
    at = 0
    for word in words:
        at = min(max(at, word.start_ms), duration_ms)
        out.append(Word(word.text, at, min(max(at, word.end_ms), duration_ms), word.timed))
    return tuple(out)
