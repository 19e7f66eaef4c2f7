"""Dividing a recording into parts, and recognising the words in them."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given

from clipper_core.adapters.speech.speech_audio import SpeechFile
from clipper_core.domain.recognised import RecognisedPiece
from clipper_core.domain.silence import Silence, SilenceMap, speech_within
from clipper_core.domain.time_range import TimeRange, total_ms
from clipper_core.domain.transcript import Word
from clipper_core.stages.words.speech import SpeechTrack
from clipper_core.stages.words.transcribe import (
    Progress,
    divide_in_parts,
    english,
    merge,
    plausible,
    recognise_part,
)
from tests.unit.stages.words.silence_maps import maps


class Echo:
    """Hears one word in everything, a little wider than what it was given."""

    name, version, languages, draft = "echo", "1", frozenset({"en"}), False

    def __init__(self, piece_ms: int | None) -> None:
        self.piece_ms, self.spares_ms, self.in_flight = piece_ms, 1_500, 1
        self.heard: list[tuple[int, int]] = []

    def recognise(self, pcm: npt.NDArray[np.int16], offset_ms: int, progress: Progress) -> RecognisedPiece:
        self.heard.append((offset_ms, offset_ms + len(pcm) // 16))
        progress(1.0)
        return RecognisedPiece("word", (("word", -50, len(pcm) // 16 + 50),))


@pytest.fixture
def speech(tmp_path: Path) -> SpeechFile:
    path = tmp_path / "speech"
    path.write_bytes(np.arange(60_000 * 16, dtype=np.int64).astype("<i2").tobytes())
    return SpeechFile(path)


def test_only_what_is_asked_for_is_read(speech: SpeechFile) -> None:
    assert speech.read(1, 3).tolist() == list(range(16, 48))
    assert len(speech.read(59_999, 70_000)) == 16
    assert len(speech.read(70_000, 80_000)) == 0


@given(maps())
def test_parts_are_short_and_hold_all_speech(silences: SilenceMap) -> None:
    parts = divide_in_parts(silences)

    assert all(a.end_ms <= b.start_ms for a, b in pairwise(parts))
    assert all(p.length_ms <= 60_000 for p in parts)
    assert all(speech_within(p, silences) for p in parts)
    whole = speech_within(TimeRange(0, silences.duration_ms), silences) if silences.duration_ms else ()
    assert sum(total_ms(speech_within(p, silences)) for p in parts) == total_ms(whole)


@given(maps())
def test_parts_are_divided_in_silence_within_reach(silences: SilenceMap) -> None:
    for part in divide_in_parts(silences)[:-1]:
        reach = TimeRange(part.start_ms + 15_000, part.start_ms + 60_001)
        assert silences.at(part.end_ms) is not None or not silences.within(reach)


def test_a_part_ends_in_the_longest_silence_nearby() -> None:
    silences = SilenceMap(100_000, (Silence(20_000, 22_000), Silence(43_000, 43_200), Silence(46_000, 47_000)))

    assert divide_in_parts(silences)[0] == TimeRange(0, 46_500)


def test_a_recording_of_silence_has_no_parts() -> None:
    assert divide_in_parts(SilenceMap(200_000, (Silence(0, 200_000),))) == ()
    assert divide_in_parts(SilenceMap(0)) == ()


def test_an_engine_for_pieces_is_spared_silences(speech: SpeechFile) -> None:
    silences = SilenceMap(60_000, (Silence(0, 5_000), Silence(12_000, 30_000), Silence(33_000, 33_500)))
    engine = Echo(piece_ms=10_000)

    recognise_part(engine, SpeechTrack(speech, silences), TimeRange(0, 40_000), lambda _: None)

    assert engine.heard == [(4_800, 12_200), (29_800, 40_000)]


def test_an_engine_for_whole_parts_gets_the_whole(speech: SpeechFile) -> None:
    engine = Echo(piece_ms=None)

    words = recognise_part(
        engine, SpeechTrack(speech, SilenceMap(60_000)), TimeRange(1_000, 40_000), lambda _: None
    ).words

    assert engine.heard == [(1_000, 40_000)]
    assert words == (Word("word", 1_000, 40_000),)


def test_progress_rises_to_the_end_and_can_stop_the_work(speech: SpeechFile) -> None:
    seen: list[float] = []
    recognise_part(Echo(5_000), SpeechTrack(speech, SilenceMap(60_000)), TimeRange(0, 40_000), seen.append)

    def stop(_: float) -> None:
        raise KeyboardInterrupt

    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    with pytest.raises(KeyboardInterrupt):
        recognise_part(Echo(5_000), SpeechTrack(speech, SilenceMap(60_000)), TimeRange(0, 40_000), stop)


def test_parts_are_merged_in_order_of_time() -> None:
    merged = merge([[Word("b", 5, 9)], [Word("a", 1, 4), Word("c", 7, 8)]])

    assert [w.text for w in merged] == ["a", "b", "c"]


def test_words_are_believed_only_if_they_cover_the_speech() -> None:
    silences = SilenceMap(20_000, (Silence(10_000, 20_000),))

    assert plausible([Word("a", 0, 8_000)], silences)
    assert not plausible([Word("a", 0, 5_000)], silences)
    assert not plausible([], silences)


def test_english_is_recognised_by_its_usual_words() -> None:
    said = "So this is what they said to me about the house that you have there and it was what we all would want"
    sagte = (
        "Das ist also was sie mir über das Haus gesagt haben und es war genau das was wir alle immer so wollten bitte"
    )

    assert english([Word(t, 0, 0) for t in said.split()])
    assert not english([Word(t, 0, 0) for t in sagte.split()])
    assert english([Word("Hello", 0, 0)])
