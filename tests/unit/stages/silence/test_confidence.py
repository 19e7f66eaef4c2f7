"""How sure a silence is, its basis, and its level."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.domain.contrast import NOBODY, Contrast
from clipper_core.domain.silence import SilenceBasis
from clipper_core.stages.silence.confidence import (
    AT_A_TIME,
    MAX_CONFIDENCE,
    MIN_CONFIDENCE,
    SURE_OF_NOBODY,
    bases,
    confidences,
    mean_levels,
    means,
)


def contrast(over: np.ndarray, margin: int = 16, loud: int = 120) -> Contrast:
    blocks = -(-len(over) // 100)
    return Contrast(over.astype(np.int8), np.full(blocks, margin, np.int16), np.full(blocks, loud, np.int16))


def spans(*pairs: tuple[int, int]) -> np.ndarray:
    return np.array(pairs, np.int64)


QUIET = contrast(np.full(1_000, -40))


def test_a_longer_silence_is_surer():
    short, long = confidences(QUIET, spans((0, 20), (100, 250)), 0.0)

    assert MIN_CONFIDENCE <= short < long <= MAX_CONFIDENCE


def test_a_silence_with_clicks_in_it_is_less_sure():
    over = np.full(1_000, -40)
    over[520:540] = 40

    clean, clicked = confidences(contrast(over), spans((100, 200), (500, 600)), 0.0)

    assert clicked < clean


def test_where_nobody_speaks_every_silence_is_as_sure():
    deserted = contrast(np.full(1_000, -40), margin=NOBODY, loud=-NOBODY)

    assert confidences(deserted, spans((0, 20), (100, 900)), 0.0).tolist() == [SURE_OF_NOBODY] * 2


def test_a_pause_as_loud_as_speech_rests_on_bands():
    over = np.where(np.arange(3_000) % 300 < 200, 40, -40)
    speech_db, quiet_db, loud_db = -20.0, -60.0, -20.0
    pause = spans((200, 300))

    def basis(pause_db: float) -> SilenceBasis:
        level = np.where(over > 0, speech_db, pause_db) * 100
        return bases(contrast(over), level.astype(np.int16), pause)[0]

    assert basis(quiet_db) is SilenceBasis.LEVEL
    assert basis(loud_db) is SilenceBasis.BANDS


@given(st.lists(st.integers(-12_000, 0), min_size=2, max_size=300), st.data())
def test_each_span_has_the_mean_of_its_frames(levels: list[int], data: st.DataObject):
    cuts = sorted(data.draw(st.sets(st.integers(0, len(levels)), min_size=2, max_size=12)))
    pairs = spans(*pairwise(cuts))

    found = means(np.array(levels, np.int16), pairs)

    assert found.tolist() == pytest.approx([np.mean(levels[a:b]) for a, b in pairs.tolist()])


def test_spans_beyond_one_lot_are_measured():
    level = np.repeat(np.arange(AT_A_TIME + 7), 2).astype(np.int16) * -10
    pairs = np.stack([np.arange(AT_A_TIME + 7) * 2, np.arange(AT_A_TIME + 7) * 2 + 2], axis=1)

    assert mean_levels(level, pairs)[[0, 1, AT_A_TIME + 6]].tolist() == pytest.approx([0, -0.1, -50.6], abs=0.01)
