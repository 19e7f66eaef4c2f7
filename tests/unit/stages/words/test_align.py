"""Placing words whose times are rough."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clipper_core.adapters.speech.aligner import AlignedWord, PocketsphinxAligner
from clipper_core.adapters.speech.pronounce import guessed_phones, spoken
from clipper_core.domain.silence import Silence, SilenceMap
from clipper_core.domain.time_range import TimeRange
from clipper_core.domain.transcript import Word
from clipper_core.stages.words.align import align_words
from clipper_core.stages.words.speech import SpeechTrack
from clipper_core.stages.words.spread import spread_words
from tests.unit.adapters.speech.test_recogniser import speech_of

Sound = npt.NDArray[np.int16]
ADDRESS = "And so, my fellow Americans: ask not what your country can do for you; ask what you can do for your country."
# Where the level rises out of the pause before each, by 20 dB within 40 ms.
ASK_MS, SECOND_ASK_MS = 3_290, 8_185


class Samples:
    def __init__(self, sound: Sound) -> None:
        self.sound = sound

    def read(self, start_ms: int, end_ms: int) -> Sound:
        return self.sound[start_ms * 16 : end_ms * 16]


class Ruler:
    """Finds every word 100 ms after the one before; ``fit`` says how well."""

    languages = frozenset({"en"})

    def __init__(self, fit: float = -12.0, found: bool = True) -> None:
        self.fit, self.found, self.calls = fit, found, 0

    def align(self, pcm: Sound, words: Sequence[str]) -> tuple[AlignedWord | None, ...] | None:
        self.calls += 1
        room = len(pcm) // 16
        if not self.found or room < len(words) * 100:
            return None
        return tuple(AlignedWord(i * 100, i * 100 + 80, self.fit, 80.0) for i in range(len(words)))


def rough(texts: Sequence[str], step_ms: int = 400, start_ms: int = 0) -> list[Word]:
    return [Word(t, start_ms + i * step_ms, start_ms + (i + 1) * step_ms, timed=False) for i, t in enumerate(texts)]


def still(length_ms: int) -> Samples:
    return Samples(np.zeros(length_ms * 16, np.int16))


def test_words_of_captions_are_found_where_they_are_said(media: Path) -> None:
    sound = speech_of(media / "jfk.flac")
    silences = SilenceMap(len(sound) // 16)
    words = spread_words(ADDRESS, TimeRange(0, 11_000), silences)

    placed = align_words(PocketsphinxAligner, words, SpeechTrack(Samples(sound), silences), "en")

    asks = [w.start_ms for w in placed if w.text == "ask"]
    assert [w.text for w in placed] == ADDRESS.split()
    assert all(w.timed for w in placed)
    assert asks == [pytest.approx(ASK_MS, abs=80), pytest.approx(SECOND_ASK_MS, abs=80)]


def test_words_that_nobody_says_keep_their_rough_times(media: Path) -> None:
    sound = speech_of(media / "jfk.flac")
    silences = SilenceMap(len(sound) // 16)
    wrong = "Planning saves more time than editing, so write down one question before pressing record in the garden."
    words = spread_words(wrong, TimeRange(0, silences.duration_ms), silences)

    assert align_words(PocketsphinxAligner, words, SpeechTrack(Samples(sound), silences), "en") == words


def test_made_up_words_numbers_and_signs_can_be_aligned(media: Path) -> None:
    words = ["And", "so", "my", "fellow", "Amerikuns", "—", "$5"]

    heard = PocketsphinxAligner().align(speech_of(media / "jfk.flac", length_s=3), words)

    assert heard is not None
    assert [h is None for h in heard] == [False] * 5 + [True, False]


def test_nothing_is_aligned_in_a_language_without_a_model() -> None:
    words = tuple(rough(["Guten", "Tag"]))

    assert align_words(Ruler, words, SpeechTrack(still(5_000), SilenceMap(5_000)), "de") == words


def test_timed_words_need_no_aligner() -> None:
    words = (Word("a", 10, 20), Word("b", 30, 40))

    def never() -> Ruler:
        raise AssertionError

    assert align_words(never, words, SpeechTrack(still(1_000), SilenceMap(1_000)), "en") == words


def test_words_found_in_a_silence_are_not_believed() -> None:
    words = tuple(rough(["a"] * 10, start_ms=5_000))
    silences = SilenceMap(20_000, (Silence(0, 4_900),))

    placed = align_words(Ruler, words, SpeechTrack(still(20_000), silences), "en")

    assert [w.timed for w in placed] == [False] * 10


def test_words_that_fit_badly_are_not_believed() -> None:
    words = tuple(rough(["a"] * 30))

    assert align_words(lambda: Ruler(fit=-60), words, SpeechTrack(still(20_000), SilenceMap(20_000)), "en") == words


def test_a_text_that_never_fits_ends_all_the_same() -> None:
    aligner = Ruler(found=False)
    words = tuple(rough(["a"] * 2_000))

    placed = align_words(lambda: aligner, words, SpeechTrack(still(1_000), SilenceMap(900_000)), "en")

    assert placed == words
    assert aligner.calls < 700


WORDS = st.lists(
    st.tuples(st.integers(0, 9_000), st.integers(0, 3_000), st.booleans(), st.sampled_from(["a", "bee", "—"])),
    max_size=60,
)


@settings(deadline=None)
@given(WORDS, st.integers(1, 60_000), st.sampled_from([-12.0, -60.0]), st.booleans())
def test_whatever_is_found_count_texts_and_order_stay(
    parts: list[tuple[int, int, bool, str]], duration: int, fit: float, found: bool
) -> None:
    at, words = 0, []
    for step, length, timed, text in parts:
        at += step
        words.append(Word(text, at, at + length, timed))
    seen: list[float] = []

    placed = align_words(
        lambda: Ruler(fit, found),
        words,
        SpeechTrack(still(min(duration, 5_000)), SilenceMap(duration)),
        "en",
        seen.append,
    )

    assert [w.text for w in placed] == [w.text for w in words]
    assert all(a.start_ms <= b.start_ms for a, b in pairwise(placed))
    assert all(0 <= w.start_ms <= w.end_ms <= duration for w in placed)
    assert seen == sorted(seen)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2024", "twenty twenty four"),
        ("1906", "nineteen oh six"),
        ("$5", "five dollars"),
        ("50%", "fifty percent"),
        ("1,983,702", "one million nine hundred eighty three thousand seven hundred two"),
        ("3.5", "three point five"),
        ("21st", "twenty first"),
        ("1990s", "nineteen nineties"),
        ("UTXO", "u t x o"),
        ("NASA", "nasa"),
        ("“cold-hearted,”", "cold hearted"),
        ("it’s", "it's"),
        ("café", "cafe"),
        ("—", ""),
        ("x" * 100, ""),
    ],
)
def test_numbers_and_signs_are_spoken_as_people_do(text: str, said: str) -> None:
    assert " ".join(spoken(text, {"nasa", "cold", "hearted"}.__contains__)) == said


@given(st.text(max_size=40))
def test_whatever_is_written_is_spoken_in_plain_words(text: str) -> None:
    assert all(w.replace("'", "").replace(".", "").isascii() and w == w.lower() for w in spoken(text, lambda _: False))


@given(st.from_regex(r"[a-z]{1,12}('[a-z]{1,3})?", fullmatch=True))
def test_every_word_has_phones(word: str) -> None:
    phones = guessed_phones(word, lambda _: None).split()

    assert phones
    assert all(p.isalpha() and p.isupper() and len(p) <= 2 for p in phones)


def test_an_unknown_word_is_said_like_its_parts() -> None:
    known = {"tap": "T AE P", "root": "R UW T", "clip": "K L IH P"}

    assert guessed_phones("taproot", known.get) == "T AE P R UW T"
    assert guessed_phones("clips", known.get) == "K L IH P Z"
