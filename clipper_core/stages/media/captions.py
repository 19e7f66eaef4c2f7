"""The captions of one clip: the words of its ranges, on its own clock, in lines that can be read."""

from __future__ import annotations

from collections.abc import Sequence

from clipper_core.domain.captions import Caption
from clipper_core.domain.time_range import TimeRange
from clipper_core.domain.transcript import Transcript, Word, ends_sentence

# Two lines of 42 characters, on screen for 1 to 6 seconds: what subtitling guides agree on.
MAX_CHARS = 84
LINE_CHARS = 42
MAX_MS = 6_000
MIN_MS = 1_000
PAUSE_MS = 700


def has_captions(transcript: Transcript) -> bool:
    """True if clips come with captions: words that are only a draft are no text to publish."""
    return bool(transcript.words) and not transcript.draft


def caption_clip(transcript: Transcript, ranges: Sequence[TimeRange]) -> tuple[Caption, ...]:
    """Captions for a clip made of ``ranges``, their times from the clip's own start."""
    out: list[Caption] = []
    at_ms = 0
    for span in ranges:
        shift = at_ms - span.start_ms
        for group in _groups(transcript.words_between(span.start_ms, span.end_ms)):
            start = max(group[0].start_ms, span.start_ms) + shift
            end = min(max(group[-1].end_ms, group[0].start_ms + MIN_MS), span.end_ms) + shift
            out.append(Caption(start, max(end, start + 1), _lines([w.text for w in group])))
        at_ms += span.length_ms
    return tuple(_apart(out))


def _groups(words: Sequence[Word]) -> list[list[Word]]:
    groups: list[list[Word]] = []
    here: list[Word] = []
    for word in words:
        chars = sum(len(w.text) + 1 for w in here)
        full = here and (
            chars + len(word.text) > MAX_CHARS
            or word.end_ms - here[0].start_ms > MAX_MS
            or word.start_ms - here[-1].end_ms > PAUSE_MS
            or ends_sentence(here[-1].text)
        )
        if full:
            groups.append(here)
            here = []
        here.append(word)
    return [*groups, here] if here else groups


def _lines(words: Sequence[str]) -> str:
    """One line, or two of about equal length."""
    text = " ".join(words)
    if len(text) <= LINE_CHARS:
        return text
    breaks = [i for i, c in enumerate(text) if c == " "]
    if not breaks:
        return text
    middle = min(breaks, key=lambda i: abs(i - len(text) / 2))
    return text[:middle] + "\n" + text[middle + 1 :]


def _apart(captions: list[Caption]) -> list[Caption]:
    """No caption stays on when the next one comes."""
    out = []
    for i, caption in enumerate(captions):
        last = i + 1 == len(captions)
        end = caption.end_ms if last else min(caption.end_ms, captions[i + 1].start_ms)
        out.append(Caption(caption.start_ms, max(end, caption.start_ms + 1), caption.text))
    return out
