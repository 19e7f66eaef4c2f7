"""Words, sentences, and the transcript they make."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field

from clipper_core.domain.time_range import TimeRange

MAX_OVERLAP_WORDS = 8  # how many words back one may still be heard, where people talk over each other
MAX_WORDS_PER_MARK = 60  # fewer marks than one in so many words are none


@dataclass(frozen=True, slots=True)
class Word:
    """A word and its time in ms. ``timed`` is False where the time is only a guess between its neighbours."""

    text: str
    start_ms: int
    end_ms: int
    timed: bool = True

    def __post_init__(self) -> None:
        if not 0 <= self.start_ms <= self.end_ms:
            raise ValueError(f"not a word's time: {self.start_ms}-{self.end_ms}")

    @property
    def middle_ms(self) -> float:
        """The moment by which a word counts as inside a range or not."""
        return (self.start_ms + self.end_ms) / 2


@dataclass(frozen=True, slots=True)
class Sentence:
    """A complete sentence: the numbers of its first and its last word."""

    first_word: int
    last_word: int


@dataclass(frozen=True, slots=True)
class Transcript:
    """All words of a recording in order, and the sentences they make.

    ``draft`` says that the words come from a recogniser too weak to be quoted: good enough to choose by, not to
    show as captions or to certify a sentence by. ``engine`` names what recognised them.
    """

    engine: str
    language: str
    words: tuple[Word, ...] = ()
    sentences: tuple[Sentence, ...] = ()
    draft: bool = False
    _starts: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if any(a.start_ms > b.start_ms for a, b in zip(self.words, self.words[1:], strict=False)):
            raise ValueError("words must be in the order in which they are heard")
        object.__setattr__(self, "_starts", tuple(w.start_ms for w in self.words))

    def text(self, sentence: Sentence) -> str:
        """The words of a sentence, divided by spaces."""
        return " ".join(w.text for w in self.words[sentence.first_word : sentence.last_word + 1])

    def words_between(self, start_ms: int, end_ms: int) -> tuple[Word, ...]:
        """The words whose middle lies in the range from ``start_ms`` up to, but not including, ``end_ms``."""
        first = max(0, bisect_left(self._starts, start_ms) - MAX_OVERLAP_WORDS)
        last = bisect_right(self._starts, end_ms)
        return tuple(w for w in self.words[first:last] if start_ms <= w.middle_ms < end_ms)

    def first_word_from(self, at_ms: int) -> int:
        """The number of the first word whose middle is not before ``at_ms``; the number of words if there is none."""
        after = bisect_left(self._starts, at_ms)
        # A word that began earlier may have its middle after the moment.
        for number in range(max(0, after - MAX_OVERLAP_WORDS), after):
            if self.words[number].middle_ms >= at_ms:
                return number
        return after

    def last_word_until(self, at_ms: int) -> int:
        """The number of the last word whose middle is before ``at_ms``; -1 if there is none."""
        number = bisect_left(self._starts, at_ms) - 1
        # Of words that overlap, a later one may have its middle after the moment though it began before.
        while number >= 0 and self.words[number].middle_ms >= at_ms:
            number -= 1
        return number

    def timed_word_at(self, at_ms: int, slack_ms: int = 0) -> Word | None:
        """The timed word that is spoken at ``at_ms``, more than ``slack_ms`` inside it; None if there is none."""
        after = bisect_left(self._starts, at_ms)
        for word in self.words[max(0, after - MAX_OVERLAP_WORDS) : after]:
            if word.timed and word.start_ms + slack_ms < at_ms < word.end_ms - slack_ms:
                return word
        return None

    def begins_sentence(self, number: int) -> bool:
        """True if word ``number`` is the first of a sentence."""
        i = bisect_left(self.sentences, number, key=lambda s: s.first_word)
        return i < len(self.sentences) and self.sentences[i].first_word == number

    def closes_sentence(self, number: int) -> bool:
        """True if word ``number`` is the last of a sentence."""
        i = bisect_left(self.sentences, number, key=lambda s: s.last_word)
        return i < len(self.sentences) and self.sentences[i].last_word == number

    @property
    def has_marks(self) -> bool:
        """True if sentences are marked in the text, so that their ends are known and not guessed from pauses."""
        marks = sum(ends_sentence(w.text) for w in self.words)
        return not self.draft and marks * MAX_WORDS_PER_MARK >= len(self.words)

    @property
    def sentence_ends(self) -> frozenset[int]:
        """The numbers of the words that close a sentence."""
        return frozenset(s.last_word for s in self.sentences)


def wording(transcript: Transcript, span: TimeRange) -> tuple[str, ...]:
    """The texts of the words in a range, without their times."""
    return tuple(w.text for w in transcript.words_between(span.start_ms, span.end_ms))


def wording_differs(one: Transcript, other: Transcript, ranges: Iterable[TimeRange]) -> bool:
    """Compare two transcripts of one recording.

    Args:
        one: A transcript.
        other: Another one.
        ranges: Where they are compared.

    Returns:
        True if they have different words in one of the ranges. The times of words do not matter.
    """
    return any(wording(one, r) != wording(other, r) for r in ranges)


ENDS = (".", "?", "!", "…", "。", "？", "！")
CLOSERS = "\"'”’)]»"
ABBREVIATIONS = frozenset(
    [
        "mr.",
        "mrs.",
        "ms.",
        "dr.",
        "prof.",
        "st.",
        "vs.",
        "etc.",
        "e.g.",
        "i.e.",
        "jr.",
        "sr.",
        "inc.",
        "no.",
        "approx.",
        "dept.",
        "fig.",
    ]
)


def ends_sentence(word: str) -> bool:
    """True if a word, as written, closes a sentence."""
    bare = word.rstrip(CLOSERS)
    if not bare.endswith(ENDS):
        return False
    lower = bare.lower()
    single_letter = len(bare) == 2 and bare[0].isupper() and bare[1] == "."  # an initial, as in J. Smith
    return lower not in ABBREVIATIONS and not single_letter


def sentences_of(
    words: tuple[Word, ...], pause_ms: int = 500, max_words: int = MAX_WORDS_PER_MARK
) -> tuple[Sentence, ...]:
    """Divide words into sentences: by punctuation; where there is none at all, by pauses.

    Args:
        words: The words of a recording, in order.
        pause_ms: How long a pause ends a sentence in a text without punctuation.
        max_words: A sentence of more words than this is divided at its longest pause.

    Returns:
        Sentences in order. Every word belongs to exactly one.
    """
    if not words:
        return ()
    punctuated = sum(ends_sentence(w.text) for w in words) * max_words >= len(words)
    out: list[Sentence] = []
    first = 0
    for i, word in enumerate(words):
        last = i == len(words) - 1
        gap = 0 if last else words[i + 1].start_ms - word.end_ms
        # In punctuated text a pause of a second and a half ends a sentence too: the speaker did.
        done = last or (ends_sentence(word.text) if punctuated else False) or gap >= (1500 if punctuated else pause_ms)
        if done:
            out.extend(_divided(words, first, i, max_words))
            first = i + 1
    return tuple(out)


def _divided(words: tuple[Word, ...], first: int, last: int, max_words: int) -> list[Sentence]:
    out: list[Sentence] = []
    while last - first + 1 > max_words:
        inner = range(first + max_words // 3, first + max_words)
        cut = max(inner, key=lambda i: (words[i + 1].start_ms - words[i].end_ms, i))
        out.append(Sentence(first, cut))
        first = cut + 1
    out.append(Sentence(first, last))
    return out
