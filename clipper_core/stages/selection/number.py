"""The sentences of a recording, numbered for a model that chooses clips by them, in parts where there are many."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from clipper_core.domain.time_range import TimeRange
from clipper_core.domain.transcript import Sentence, Transcript, Word
from clipper_core.stages.cuts.places import Tier
from clipper_core.stages.selection.features import RecordingFeatures
from clipper_core.stages.selection.topics import Topics

CHARACTERS_A_WORD = 6  # what is longer counts as several: some languages write no spaces
MAX_TEXT = 1_000
MIN_SHARE, MAX_SHARE = 0.7, 1.3  # how far a part may be from its even share, so that it ends with a topic
JOINERS = "\u200c\u200d"  # inside words and emoji


@dataclass(frozen=True, slots=True)
class Line:
    """A numbered sentence: the numbers of its words, when it is heard, and whether a silence to cut in follows it."""

    number: int
    first_word: int
    last_word: int
    start_ms: int
    end_ms: int
    text: str
    pause_after: bool

    @property
    def size(self) -> int:
        """The length of the text in words; very long words count as several."""
        return max(self.last_word - self.first_word + 1, len(self.text) // CHARACTERS_A_WORD)

    def touches(self, ranges: Sequence[TimeRange]) -> bool:
        """True if any of the sentence lies in one of the ranges."""
        return any(r.start_ms < self.end_ms and self.start_ms < r.end_ms for r in ranges)


def number_sentences(features: RecordingFeatures, longest_ms: int) -> tuple[Line, ...]:
    """Every sentence of a recording, numbered from 1. What is longer than ``longest_ms`` is divided at its pauses.

    Without words there are no lines.
    """
    transcript, ends = features.transcript, features.ends
    if transcript is None:
        return ()
    quiet = set(ends.word[(ends.tier <= Tier.SHORT) & (ends.pause_ms > 0)].tolist())
    pieces = [p for s in features.sentences for p in _divided(s, transcript.words, longest_ms)]
    return tuple(_line(number, piece, transcript, piece.last_word in quiet) for number, piece in enumerate(pieces, 1))


def _line(number: int, piece: Sentence, transcript: Transcript, pause_after: bool) -> Line:
    words = transcript.words[piece.first_word : piece.last_word + 1]
    end_ms = max(w.end_ms for w in words)
    text = one_line(transcript.text(piece), MAX_TEXT)
    return Line(number, piece.first_word, piece.last_word, words[0].start_ms, end_ms, text, pause_after)


def _divided(sentence: Sentence, words: Sequence[Word], longest_ms: int) -> list[Sentence]:
    """The sentence itself, or pieces of it divided at the longest pauses that are not near its ends."""
    first, last = sentence.first_word, sentence.last_word
    if first == last or max(w.end_ms for w in words[first : last + 1]) - words[first].start_ms <= longest_ms:
        return [sentence]
    margin = (last - first) // 4
    inner = range(first + margin, last - margin)
    cut = max(inner, key=lambda i: (words[i + 1].start_ms - words[i].end_ms, -abs(2 * i - first - last)))
    parts = Sentence(first, cut), Sentence(cut + 1, last)
    return [piece for part in parts for piece in _divided(part, words, longest_ms)]


def in_parts(lines: Sequence[Line], topics: Topics, max_words: int) -> list[tuple[Line, ...]]:
    """Divide the lines into parts that are about even, each beginning where a topic most likely does.

    Args:
        lines: The sentences of a recording.
        topics: Where topics of it begin.
        max_words: How many words a part holds at most. A single line is never divided, however long it is.

    Returns:
        The parts in order.
    """
    chance = dict(zip(topics.at_ms, topics.chance, strict=True))
    parts: list[tuple[Line, ...]] = []
    rest = list(lines)
    while rest:
        count = _first_part(rest, chance, max_words)
        parts.append(tuple(rest[:count]))
        rest = rest[count:]
    return parts


def _first_part(lines: Sequence[Line], chance: dict[int, float], max_words: int) -> int:
    """The number of lines that make the first part."""
    total = sum(line.size for line in lines)
    if total <= max_words:
        return len(lines)
    share = total / math.ceil(total / max_words)
    fitting, allowed = 1, []
    size = 0
    for count, line in enumerate(lines, 1):
        size += line.size
        if size > max_words:
            break
        fitting = count
        if MIN_SHARE * share <= size <= MAX_SHARE * share and count < len(lines):
            allowed.append((chance.get(lines[count].start_ms, 0.0), count))
    return max(allowed)[1] if allowed else fitting


def one_line(text: str, max_characters: int) -> str:
    """Text as one line of at most ``max_characters``, shortened at a word, that shows what it holds.

    Without control characters, and without those that turn the direction of writing or can't be seen.
    """
    visible = "".join(_shown(c) for c in unicodedata.normalize("NFC", text[: 20 * max_characters]))
    whole = " ".join(visible.split())
    if len(whole) <= max_characters:
        return whole
    head = whole[: max_characters - 1]
    cut = head.rfind(" ") if not whole[max_characters - 1].isspace() else len(head)
    return head[: cut if cut > max_characters // 2 else len(head)].rstrip(" ,;:–—-") + "…"


def _shown(character: str) -> str:
    kind = unicodedata.category(character)
    if kind in ("Cc", "Zl", "Zp"):
        return " "
    return "" if kind.startswith("C") and character not in JOINERS else character
