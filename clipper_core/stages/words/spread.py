"""Rough times for words of which only the range is known: by length, and only where there is speech."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence

from clipper_core.domain.captions import Caption
from clipper_core.domain.silence import SilenceMap, speech_within
from clipper_core.domain.time_range import TimeRange
from clipper_core.domain.transcript import Word
from clipper_core.errors import BadCaptions

MARKS = re.compile(r"\[[^\]]*\]|[♪♫]|^\s*(?:>>|-\s)\s*|>>")  # [Music] and the like are shown, not spoken


def spread_words(text: str, span: TimeRange, silences: SilenceMap) -> tuple[Word, ...]:
    """Spread the words of ``text`` over the speech in ``span`` (all of it where there is none), by their lengths.

    Args:
        text: Words and marks, divided by spaces.
        span: The range in which they are spoken.
        silences: The silences of the recording.

    Returns:
        The words in order, none of them ``timed``.
    """
    texts = text.split()
    spoken = speech_within(span, silences) or (span,)
    before = [0]  # how much speech there was before each of its parts
    for part in spoken:
        before.append(before[-1] + part.length_ms)
    weights = [len(t) + 1 for t in texts]
    edges = [0]
    for weight in weights:
        edges.append(edges[-1] + weight)

    def place(weight: int, at_end: bool) -> int:
        """The moment (ms) at which so much of the text is spoken; a word's end stays before a silence, not after it."""
        at = before[-1] * weight // edges[-1]
        i = min(bisect_right(before, at - at_end) - 1, len(spoken) - 1)
        return spoken[max(0, i)].start_ms + at - before[max(0, i)]

    return tuple(
        Word(t, place(a, False), max(place(a, False), place(b, True)), timed=False)
        for t, a, b in zip(texts, edges, edges[1:], strict=False)
    )


def words_of_captions(
    captions: Sequence[Caption], duration_ms: int, silences: SilenceMap
) -> tuple[tuple[Word, ...], int]:
    """Give the words of captions rough times.

    Args:
        captions: The cues of a file, in any order.
        duration_ms: How long the recording is.
        silences: Its silences.

    Returns:
        The words, and how many captions lay outside the recording and were dropped.

    Raises:
        BadCaptions: All of them did.
    """
    inside = [c for c in sorted(captions, key=lambda c: c.start_ms) if c.start_ms < duration_ms]
    if captions and not inside:
        raise BadCaptions("Every caption in this file lies after the end of the recording. Is it the right file?")
    words: list[Word] = []
    for span, text in _apart(inside, duration_ms):
        words += spread_words(text, span, silences)
    return tuple(words), len(captions) - len(inside)


def _apart(captions: Sequence[Caption], duration_ms: int) -> list[tuple[TimeRange, str]]:
    """Captions that follow each other; those that start together become one."""
    together: list[tuple[int, int, str]] = []
    for c in captions:
        text = " ".join(MARKS.sub(" ", c.text).split())
        if not text:
            continue
        if together and together[-1][0] == c.start_ms:
            start, end, first = together[-1]
            together[-1] = (start, max(end, c.end_ms), f"{first} {text}")
        else:
            together.append((c.start_ms, c.end_ms, text))
    nexts = [start for start, _, _ in together[1:]] + [duration_ms]
    return [
        (TimeRange(start, max(start + 1, min(end, following))), text)
        for (start, end, text), following in zip(together, nexts, strict=True)
    ]
