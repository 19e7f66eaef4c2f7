"""Captions of a clip: its words on its own clock, in lines that can be read."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from clipper_core.domain.time_range import TimeRange, total_ms
from clipper_core.domain.transcript import Transcript, Word
from clipper_core.stages.media.captions import LINE_CHARS, MAX_CHARS, caption_clip, has_captions


def spoken(*words: tuple[str, int, int], draft: bool = False) -> Transcript:
    return Transcript("test", "en", tuple(Word(*w) for w in words), draft=draft)


def test_captions_count_from_the_start_of_the_clip() -> None:
    transcript = spoken(("Before.", 0, 900), ("Hello", 10_200, 10_600), ("there.", 10_700, 12_000))

    (caption,) = caption_clip(transcript, [TimeRange(10_000, 13_000)])

    assert (caption.start_ms, caption.end_ms, caption.text) == (200, 2_000, "Hello there.")


def test_captions_of_a_second_range_follow_the_first() -> None:
    transcript = spoken(("One.", 100, 1_500), ("Two.", 60_100, 61_500))

    captions = caption_clip(transcript, [TimeRange(0, 2_000), TimeRange(60_000, 62_000)])

    assert [(c.start_ms, c.text) for c in captions] == [(100, "One."), (2_100, "Two.")]


def test_a_sentence_and_a_pause_begin_another_caption() -> None:
    transcript = spoken(("Yes.", 0, 300), ("And", 350, 600), ("then", 1_400, 1_700))

    assert [c.text for c in caption_clip(transcript, [TimeRange(0, 5_000)])] == ["Yes.", "And", "then"]


def test_a_long_caption_is_two_lines_alike() -> None:
    transcript = spoken(*((f"number{n}", 100 * n, 100 * n + 90) for n in range(8)))

    (caption,) = caption_clip(transcript, [TimeRange(0, 5_000)])

    first, second = caption.text.split("\n")
    assert max(len(first), len(second)) <= LINE_CHARS
    assert abs(len(first) - len(second)) <= len("number1 ")


STEPS = st.lists(st.tuples(st.integers(0, 3_000), st.integers(0, 900), st.sampled_from(["a", "word", "end."])))


@given(STEPS, st.integers(0, 20_000), st.integers(1, 20_000))
def test_captions_are_short_apart_and_inside_the_clip(steps: list[tuple[int, int, str]], at: int, ms: int) -> None:
    words, clock = [], 0
    for gap, length, text in steps:
        clock += gap
        words.append((text, clock, clock + length))
    ranges = [TimeRange(at, at + ms), TimeRange(at + ms + 500, at + ms + 1_500)]

    captions = caption_clip(spoken(*words), ranges)

    assert all(a.start_ms <= b.start_ms for a, b in pairwise(captions))
    assert all(0 <= c.start_ms < c.end_ms <= total_ms(ranges) + 1 and len(c.text) <= MAX_CHARS for c in captions)


def test_drafts_and_silence_have_no_captions() -> None:
    assert has_captions(spoken(("Hello.", 0, 500)))
    assert not has_captions(spoken(("Hello.", 0, 500), draft=True))
    assert not has_captions(spoken())
