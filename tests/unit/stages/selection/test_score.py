"""Windows are scored by what they hold; all else equal, the better one scores more."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.domain.clip import Lengths
from clipper_core.domain.silence import Silence, SilenceMap
from clipper_core.stages.cuts.places import Places, Tier
from clipper_core.stages.selection.features import RecordingFeatures, features_of
from clipper_core.stages.selection.score import score, sounding_share, speech_share, topic_inside
from clipper_core.stages.selection.topics import Topics
from clipper_core.stages.selection.windows import Windows

HOUR = 3_600_000


def windows(*spans: tuple[int, int], tier: Tier = Tier.IDEAL) -> Windows:
    start, end = (np.array(row, np.int64) for row in zip(*spans, strict=True))
    each = np.arange(len(spans))
    rows = np.zeros_like(start) + tier, np.zeros_like(start), np.zeros_like(start) - 1
    return Windows(Places(start, *rows), Places(end, *rows), each, each)


def recording(*silences: tuple[int, int], topics: Topics | None = None) -> RecordingFeatures:
    features = features_of(None, SilenceMap(HOUR, tuple(Silence(a, b) for a, b in silences)))
    return replace(features, topics=topics or Topics())


def test_speech_without_pauses_scores_more():
    full, paused = score(windows((600_000, 660_000), (700_000, 760_000)), recording((720_000, 740_000)), Lengths())

    assert full > paused + 2


def test_topics_count_inside_a_window_not_at_its_edge():
    at_edge, inside = windows((600_000, 660_000)), windows((570_000, 630_000))
    topics = Topics((0, 601_000), (1.0, 1.0))

    assert topic_inside(at_edge, topics)[0] == 0
    assert topic_inside(inside, topics)[0] == pytest.approx(0.999)


def test_a_better_place_scores_more():
    span = 600_000, 660_000

    ideal, word = (score(windows(span, tier=tier), recording(), Lengths())[0] for tier in (Tier.IDEAL, Tier.WORD))

    assert ideal > word


def test_a_middling_length_scores_most():
    shortest, middle, longest = score(
        windows((600_000, 620_000), (600_000, 655_000), (600_000, 690_000)), recording(), Lengths()
    )

    assert middle > max(shortest, longest)


def test_greetings_and_farewells_cost_points():
    first, inside, last = score(
        windows((1_000, 61_000), (600_000, 660_000), (HOUR - 61_000, HOUR - 1_000)), recording(), Lengths()
    )

    assert inside > max(first, last)


@given(st.lists(st.integers(0, 60_000), max_size=20, unique=True), st.integers(0, 50_000), st.integers(1, 10_000))
def test_the_sounding_share_is_all_but_silence(edges: list[int], start: int, length: int):
    in_order = sorted(edges)
    silences = [Silence(a, b) for a, b in zip(in_order[::2], in_order[1::2], strict=False)]
    silent = sum(max(0, min(s.end_ms, start + length) - max(s.start_ms, start)) for s in silences)

    share = sounding_share(windows((start, start + length)), SilenceMap(60_001, tuple(silences)))

    assert share[0] == pytest.approx(1 - silent / length)


def test_without_words_all_sound_counts_as_speech():
    features = recording((0, HOUR // 2))

    assert features.speech_ms == HOUR // 2
    assert speech_share(windows((0, 60_000), (HOUR - 60_000, HOUR)), features).tolist() == [0.0, 1.0]
