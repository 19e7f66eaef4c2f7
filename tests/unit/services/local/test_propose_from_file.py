"""Proposals from a transcript file: both formats, and anything that is neither."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clipper_core.domain.clip import Lengths
from clipper_core.errors import BadTranscript
from clipper_core.services.local.propose_from_file import propose_from


def talk(minutes: float) -> list[dict[str, Any]]:
    """Sentences of eight words, three seconds each, with half a second between them."""
    words, at = [], 1.0
    while at < minutes * 60 - 5:
        for i in range(8):
            text = f"topic{int(at) // 60}" if i == 3 else "word" if i < 7 else "done."
            words.append({"w": text, "start": round(at, 2), "end": round(at + 0.35, 2)})
            at += 0.375
        at += 0.5
    return words


def test_both_transcript_formats_give_the_same_clips() -> None:
    words = talk(8)
    printed = [{"text": w["w"], "start_s": w["start"], "end_s": w["end"], "timed": True} for w in words]

    one = propose_from({"words": words, "duration": 480.0}, Lengths())
    two = propose_from({"media": {"duration_s": 480.0}, "transcript": {"words": printed}}, Lengths())

    assert one
    assert one == two


def test_clips_come_best_first_and_of_asked_lengths() -> None:
    clips, _ = propose_from({"words": talk(30), "duration": 1800.0}, Lengths(20_000, 60_000, 5))

    assert 4 <= len(clips) <= 5
    assert [c["score"] for c in clips] == sorted((c["score"] for c in clips), reverse=True)
    spans = sorted((c["start"], c["end"]) for c in clips)
    assert all(20 <= b - a <= 60 for a, b in spans)
    assert all(a[1] <= b[0] for a, b in pairwise(spans))


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"words": "none"},
        {"words": [{"w": "a"}], "duration": 5},
        {"words": [{"w": "a", "start": "x", "end": 1}]},
        {"words": [{"w": "a", "start": float("nan"), "end": 1}]},
        {"words": [{"w": "a", "start": -1, "end": 1}]},
        {"words": [1, 2, 3]},
        {"duration": 1e18},
        {"transcript": {"words": {}}, "media": []},
    ],
)
def test_a_document_without_a_transcript_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(BadTranscript):
        propose_from(document, Lengths())


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 900), st.floats(0, 900)), max_size=30),
    st.sampled_from([60.0, 300.0, 900.0]),
)
def test_silences_in_any_order_and_overlapping_are_put_right(pairs: list[tuple[float, float]], duration: float) -> None:
    document = {"words": talk(5), "duration": duration, "silences": [list(p) for p in pairs]}

    for clip in propose_from(document, Lengths())[0]:
        assert 0 <= clip["start"] < clip["end"] <= max(duration, 300)
