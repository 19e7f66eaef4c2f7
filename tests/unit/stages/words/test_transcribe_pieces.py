"""Engines that hear several pieces at a time, tell no times, or take only so much at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clipper_core.domain.recognised import RecognisedPiece
from clipper_core.domain.silence import Silence, SilenceMap
from clipper_core.domain.time_range import TimeRange
from clipper_core.domain.transcript import Word
from clipper_core.errors import Cancelled, PieceTooLarge, ServiceKeyRefused, ServiceRefused
from clipper_core.stages.words.speech import SpeechTrack
from clipper_core.stages.words.transcribe import Progress, RecognisedPart, main_language, recognise_part

Sound = npt.NDArray[np.int16]
Hear = Callable[["Engine", int, int, Progress], RecognisedPiece]


class Still:
    def read(self, start_ms: int, end_ms: int) -> Sound:
        return np.zeros((end_ms - start_ms) * 16, np.int16)


class Engine:
    """Names each piece by where it begins. ``hear`` may do otherwise."""

    name, version, languages, draft = "engine", "1", frozenset[str](), False

    def __init__(
        self, piece_ms: int = 10_000, in_flight: int = 4, most_ms: int = 10**9, does: Hear | None = None
    ) -> None:
        self.piece_ms: int | None = piece_ms
        self.spares_ms, self.in_flight = 5_000, in_flight
        self.most_ms, self.does = most_ms, does
        self.begun: list[tuple[int, int]] = []
        self.ended: list[int] = []
        self.lock = threading.Lock()

    def recognise(self, pcm: Sound, offset_ms: int, progress: Progress) -> RecognisedPiece:
        length_ms = len(pcm) // 16
        with self.lock:
            self.begun.append((offset_ms, offset_ms + length_ms))
        if length_ms > self.most_ms:
            raise PieceTooLarge(detail="HTTP 413")
        out = (
            self.does(self, offset_ms, length_ms, progress)
            if self.does
            else spoken(self, offset_ms, length_ms, progress)
        )
        with self.lock:
            self.ended.append(offset_ms)
        return out


def spoken(_engine: Engine, offset_ms: int, length_ms: int, _progress: Progress) -> RecognisedPiece:
    return RecognisedPiece(f"at {offset_ms}", ((f"{offset_ms}", 0, length_ms),), "en")


def hear(engine: Engine, silences: SilenceMap, progress: Progress = lambda _: None) -> RecognisedPart:
    return recognise_part(engine, SpeechTrack(Still(), silences), TimeRange(0, silences.duration_ms), progress)


def test_words_are_in_order_whichever_piece_is_heard_first() -> None:
    heard_at = {at: threading.Event() for at in (0, 10_000, 20_000, 30_000)}
    order: list[int] = []

    def backwards(engine: Engine, at: int, length_ms: int, progress: Progress) -> RecognisedPiece:
        if at + 10_000 in heard_at:
            assert heard_at[at + 10_000].wait(10)
        order.append(at)
        heard_at[at].set()
        return spoken(engine, at, length_ms, progress)

    heard = hear(Engine(does=backwards), SilenceMap(40_000))

    assert order == [30_000, 20_000, 10_000, 0]
    assert [w.start_ms for w in heard.words] == [0, 10_000, 20_000, 30_000]


def test_no_more_pieces_are_in_flight_than_allowed() -> None:
    at_once: list[int] = []
    running = 0
    met = threading.Barrier(3)

    def count(engine: Engine, at: int, length_ms: int, progress: Progress) -> RecognisedPiece:
        nonlocal running
        with engine.lock:
            running += 1
            at_once.append(running)
        met.wait(10)  # three are there together, or this breaks
        with engine.lock:
            running -= 1
        return spoken(engine, at, length_ms, progress)

    hear(Engine(in_flight=3, does=count), SilenceMap(60_000))

    assert max(at_once) == 3


def test_progress_counts_sound_and_comes_from_one_thread() -> None:
    seen: list[float] = []
    threads: set[int] = set()

    def note(fraction: float) -> None:
        seen.append(fraction)
        threads.add(threading.get_ident())

    hear(Engine(), SilenceMap(40_000), note)

    assert seen == sorted(seen)
    assert (seen[0], seen[-1]) == (0.0, 1.0)
    assert threads == {threading.get_ident()}


def test_an_error_waits_for_pieces_in_flight() -> None:
    two_are_there = threading.Barrier(2)

    def first_fails(engine: Engine, at: int, length_ms: int, progress: Progress) -> RecognisedPiece:
        two_are_there.wait(10)
        if at == 0:
            raise ServiceKeyRefused
        with pytest.raises(Cancelled):
            for _ in range(5_000):
                progress(0.0)
                threading.Event().wait(0.002)
        return spoken(engine, at, length_ms, progress)  # the answer that was under way when the other failed

    engine = Engine(in_flight=2, does=first_fails)

    with pytest.raises(ServiceKeyRefused):
        hear(engine, SilenceMap(200_000))
    assert sorted(engine.begun) == [(0, 10_000), (10_000, 20_000)]
    assert engine.ended == [10_000]


def test_the_first_error_is_raised_after_stopped_pieces_end() -> None:
    def one_fails(engine: Engine, at: int, length_ms: int, progress: Progress) -> RecognisedPiece:
        if at == 30_000:
            raise ServiceKeyRefused
        for _ in range(5_000):
            progress(0.0)
            threading.Event().wait(0.002)
        raise AssertionError

    for _ in range(10):
        with pytest.raises(ServiceKeyRefused):
            hear(Engine(in_flight=4, does=one_fails), SilenceMap(40_000))


def test_a_stop_lets_no_new_piece_begin() -> None:
    begun = threading.Semaphore(0)

    def wait_to_be_stopped(engine: Engine, at: int, length_ms: int, progress: Progress) -> RecognisedPiece:
        begun.release()
        for _ in range(2_000):
            progress(0.0)
            threading.Event().wait(0.002)
        return spoken(engine, at, length_ms, progress)

    def stop(_: float) -> None:
        if begun.acquire(blocking=False) and begun.acquire(timeout=10):
            raise KeyboardInterrupt

    engine = Engine(in_flight=2, does=wait_to_be_stopped)

    with pytest.raises(KeyboardInterrupt):
        hear(engine, SilenceMap(200_000), stop)
    assert len(engine.begun) == 2
    assert engine.ended == []


def test_a_stop_before_anything_begins_asks_for_nothing() -> None:
    engine = Engine()

    def stop(_: float) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        hear(engine, SilenceMap(40_000), stop)
    assert engine.begun == []


@pytest.mark.parametrize("in_flight", [1, 4])
def test_a_large_piece_is_divided_at_a_silence(in_flight: int) -> None:
    silences = SilenceMap(40_000, (Silence(18_000, 19_000), Silence(30_000, 30_400)))
    engine = Engine(piece_ms=40_000, in_flight=in_flight, most_ms=30_000)

    heard = hear(engine, silences)

    assert engine.begun == [(0, 40_000), (0, 18_500), (18_500, 40_000)]
    assert [w.start_ms for w in heard.words] == [0, 18_500]


@settings(deadline=None)
@given(st.integers(5_000, 60_000), st.integers(6_000, 300_000))
def test_divided_pieces_hold_everything_once(most_ms: int, duration_ms: int) -> None:
    engine = Engine(piece_ms=200_000, in_flight=1, most_ms=most_ms)

    hear(engine, SilenceMap(duration_ms))

    taken = sorted(p for p in engine.begun if p[1] - p[0] <= most_ms)
    assert (taken[0][0], taken[-1][1]) == (0, duration_ms)
    assert all(a[1] == b[0] for a, b in pairwise(taken))


def test_a_service_that_takes_not_even_five_seconds_refuses() -> None:
    with pytest.raises(ServiceRefused) as raised:
        hear(Engine(most_ms=1_000), SilenceMap(40_000))
    assert type(raised.value) is ServiceRefused
    assert raised.value.detail == "HTTP 413"


def test_untimed_text_is_spread_over_its_piece() -> None:
    engine = Engine(does=lambda _e, _at, _length, _p: RecognisedPiece("one two", None, "en"))
    silences = SilenceMap(8_000, (Silence(0, 2_000), Silence(3_000, 7_000)))

    heard = hear(engine, silences)

    assert heard.words == (Word("one", 2_000, 3_000, timed=False), Word("two", 7_000, 8_000, timed=False))


def test_silences_too_short_to_be_spared_do_not_divide() -> None:
    silences = SilenceMap(60_000, (Silence(10_000, 14_000), Silence(20_000, 26_000)))
    engine = Engine(piece_ms=45_000)

    hear(engine, silences)

    assert sorted(engine.begun) == [(0, 20_200), (25_800, 60_000)]


def test_the_language_is_the_one_most_words_are_in() -> None:
    word = Word("w", 0, 1)
    parts = [
        RecognisedPart((word,), "de"),
        RecognisedPart((word, word), "en"),
        RecognisedPart((word,) * 9),
        RecognisedPart((), "fr"),
    ]

    assert main_language(parts) == "en"
    assert main_language([RecognisedPart((word,))]) is None
