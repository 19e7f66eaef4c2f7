"""Frames of speech stand out from the background, whatever it is; frames of background do not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.domain.contrast import NOBODY
from clipper_core.stages.silence.contrast import edges, empty_contrast, judge, smooth
from tests.unit.conftest import noise, talk
from tests.unit.heard import measured

SPOKEN = ((2_000, -18.0), (1_000, -90.0)) * 7


@pytest.mark.parametrize("floor_db", [-80, -50, -35])
def test_speech_lies_over_the_threshold_and_pauses_below(floor_db: float):
    contrast = judge(*measured(talk(*SPOKEN, floor_db=floor_db)))

    inside = np.arange(len(contrast.over)) % 300
    speech, pauses = contrast.over[(inside > 20) & (inside < 180)], contrast.over[(inside > 220) & (inside < 280)]
    assert np.mean(speech > 0) > 0.9
    assert np.mean(pauses <= 0) > 0.95


def test_steady_noise_alone_is_not_taken_for_speech():
    contrast = judge(*measured(noise(20_000, -40)))

    assert (contrast.margin == NOBODY).all()
    assert (contrast.over <= 0).all()


def test_digital_silence_has_the_empty_contrast():
    bands, level = measured(np.zeros((48_000 * 3, 1), np.int16))

    contrast, empty = judge(bands, level), empty_contrast(300)

    assert all((getattr(contrast, row) == getattr(empty, row)).all() for row in ("over", "margin", "loud"))


@given(st.lists(st.booleans(), max_size=200))
def test_runs_are_told_by_their_edges(mask: list[bool]):
    runs = edges(np.array(mask, np.bool_))

    covered = np.zeros(len(mask), np.bool_)
    for first, last in runs.tolist():
        assert first < last
        assert not covered[max(0, first - 1) : last].any()
        covered[first:last] = True
    assert covered.tolist() == mask


def test_smoothing_is_the_mean_of_three_frames():
    assert smooth(np.array([3.0, 0.0, 0.0, 6.0])).tolist() == [2.0, 1.0, 2.0, 4.0]
