"""Corrections of a transcript: words corrected in place, and a name replaced everywhere.

Times belong to the sound, so a corrected word keeps its own. If a correction has another number of words than it
replaces, the new words share the time of all the old ones. Sentences end where they ended before.
"""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from clipper_core.domain.transcript import Sentence, Transcript, Word
from clipper_core.errors import BadWord, WordChanged

MAX_CHARS = 200  # in a word
MAX_WORDS = 20  # in one correction
JOINERS = "\u200c\u200d"  # parts of words in some scripts, though invisible
PARTS_OF_NAMES = "#%&@*/\\_"  # punctuation by Unicode, but C is not C#
POSSESSIVES = ("'s", "\u2019s", "'S", "\u2019S")


@dataclass(frozen=True, slots=True)
class Edit:
    """A correction: the words from number ``index`` on are ``was`` (joined by spaces) and should be ``text``."""

    index: int
    was: str
    text: str


@dataclass(frozen=True, slots=True)
class Replacement:
    """One or several words, and the text that replaces them everywhere."""

    find: str
    new: str


@dataclass(frozen=True, slots=True)
class _Change:
    """The words from ``first`` up to ``end`` become ``texts``."""

    first: int
    end: int
    texts: tuple[str, ...]


def correct(transcript: Transcript, edits: Iterable[Edit]) -> tuple[Transcript, int]:
    """The corrected transcript, and in how many places it changed.

    Raises WordChanged if a word is not what the edit says it was, BadWord for a correction that is no word.
    """
    changes = sorted((_change(transcript, e) for e in edits if e.text != e.was), key=lambda c: c.first)
    if any(a.end > b.first for a, b in itertools.pairwise(changes)):
        raise BadWord("Two of these corrections are of the same word. Correct each word once.")
    return _applied(transcript, changes), len(changes)


def replace_everywhere(transcript: Transcript, replacement: Replacement) -> tuple[Transcript, int]:
    """The transcript with a name replaced wherever it stands in one sentence, and how often.

    Only whole words in exactly this case are replaced; punctuation around them and a possessive 's stay. Raises
    BadWord for an empty or unsuitable text.
    """
    wanted, texts = words_of(replacement.find), words_of(replacement.new)
    if not any(c.isalnum() for c in replacement.find):
        raise BadWord("Type the word that should be replaced: it needs a letter or a digit.")
    ends = transcript.sentence_ends
    words = [unicodedata.normalize("NFC", w.text) for w in transcript.words]
    changes: list[_Change] = []
    at = 0
    while at + len(wanted) <= len(words):
        surroundings = _surroundings(words[at : at + len(wanted)], wanted)
        end = at + len(wanted)
        if surroundings is None or any(i in ends for i in range(at, end - 1)):
            at += 1
            continue
        changes.append(_Change(at, end, _with_affixes(texts, *surroundings)))
        at = end
    changes = [c for c in changes if c.texts != tuple(w.text for w in transcript.words[c.first : c.end])]
    return _applied(transcript, changes), len(changes)


def words_of(text: str) -> tuple[str, ...]:
    """Typed text as words to store, without spaces and invisible characters. Raises BadWord."""
    printable = "".join(_printable(c) for c in unicodedata.normalize("NFC", text))
    words = tuple(w for w in printable.split() if w.strip(JOINERS))
    if not 1 <= len(words) <= MAX_WORDS or any(len(w) > MAX_CHARS for w in words):
        raise BadWord
    return words


def _printable(char: str) -> str:
    if char.isprintable() or char in JOINERS:
        return char
    return "" if unicodedata.category(char) == "Cf" else " "  # Cf: such as marks that change the direction of text


def _change(transcript: Transcript, edit: Edit) -> _Change:
    if not 0 <= edit.index < len(transcript.words):
        raise WordChanged
    read, end = transcript.words[edit.index].text, edit.index + 1
    while len(read) < len(edit.was) and end < len(transcript.words):
        read, end = f"{read} {transcript.words[end].text}", end + 1
    if read != edit.was:
        raise WordChanged
    return _Change(edit.index, end, words_of(edit.text))


def _surroundings(words: Sequence[str], wanted: Sequence[str]) -> tuple[str, str] | None:
    """The punctuation before and after the wanted words; None if ``words`` are others."""
    lead = tail = ""
    for i, (word, want) in enumerate(zip(words, wanted, strict=True)):
        affixes = _affixes(word, want, first=i == 0, last=i == len(wanted) - 1)
        if affixes is None:
            return None
        lead, tail = lead + affixes[0], tail + affixes[1]
    return lead, tail


def _affixes(word: str, want: str, *, first: bool, last: bool) -> tuple[str, str] | None:
    at = word.find(want)
    while at >= 0:
        lead, tail = word[:at], word[at + len(want) :]
        if (first or not lead) and (last or not tail) and _is_punctuation(lead) and _is_suffix(tail):
            return lead, tail
        at = word.find(want, at + 1)
    return None


def _is_punctuation(text: str) -> bool:
    return all(unicodedata.category(c).startswith("P") and c not in PARTS_OF_NAMES for c in text)


def _is_suffix(text: str) -> bool:
    return _is_punctuation(text[2:] if text.startswith(POSSESSIVES) else text)


def _with_affixes(texts: tuple[str, ...], lead: str, tail: str) -> tuple[str, ...]:
    """The new words with the punctuation around the old ones."""
    led = (lead + texts[0], *texts[1:])
    return (*led[:-1], led[-1] + tail)


def _applied(transcript: Transcript, changes: Sequence[_Change]) -> Transcript:
    """``changes`` are in order and apart."""
    old, sentence_of = transcript.words, _sentence_numbers(transcript)
    words: list[Word] = []
    numbers: list[int | None] = []
    at = 0
    for change in changes:
        words += old[at : change.first]
        numbers += sentence_of[at : change.first]
        words += _timed(old[change.first : change.end], change.texts, old[change.end : change.end + 1])
        same = len(change.texts) == change.end - change.first
        numbers += sentence_of[change.first : change.end] if same else [sentence_of[change.first]] * len(change.texts)
        at = change.end
    words += old[at:]
    numbers += sentence_of[at:]
    return replace(transcript, words=tuple(words), sentences=_sentences(numbers))


def _timed(old: Sequence[Word], texts: Sequence[str], following: Sequence[Word]) -> list[Word]:
    """New words at the times of the old ones. If their numbers differ, the time is divided by their lengths."""
    if len(old) == len(texts):
        return [replace(w, text=t) for w, t in zip(old, texts, strict=True)]
    start_ms, end_ms = old[0].start_ms, max(w.end_ms for w in old)
    latest_ms = following[0].start_ms if following else end_ms  # words may overlap, but not start out of order
    timed, total = all(w.timed for w in old), sum(map(len, texts))
    out: list[Word] = []
    chars_before = 0
    for text in texts:
        begin = start_ms + (end_ms - start_ms) * chars_before // total
        chars_before += len(text)
        out.append(Word(text, min(begin, latest_ms), start_ms + (end_ms - start_ms) * chars_before // total, timed))
    return out


def _sentence_numbers(transcript: Transcript) -> list[int | None]:
    numbers: list[int | None] = [None] * len(transcript.words)
    for number, sentence in enumerate(transcript.sentences):
        for i in range(sentence.first_word, min(sentence.last_word + 1, len(numbers))):
            numbers[i] = number
    return numbers


def _sentences(numbers: Sequence[int | None]) -> tuple[Sentence, ...]:
    """The sentences again, from the number of the one that each word is in."""
    out: list[Sentence] = []
    before: int | None = None
    for i, number in enumerate(numbers):
        if number is None:
            pass
        elif number == before:
            out[-1] = Sentence(out[-1].first_word, i)
        else:
            out.append(Sentence(i, i))
        before = number
    return tuple(out)
