"""The waveform: coarse from the envelope, fine from the sound."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.errors import BadRange, NotReady
from clipper_core.services.silences.peaks import sound_peaks
from tests.unit.services.silences.mapped import LENGTH_MS, House


def test_coarse_peaks_read_no_sound(house: House) -> None:
    view = house.peaks.of("map_1", "ast_speech", 0, None, 1_000)

    assert (view.resolution_ms, set(view.low.tolist()), set(view.high.tolist())) == (60, {-40}, {40})
    assert house.storage.reads == []


def test_fine_peaks_read_only_their_own_sound(house: House) -> None:
    view = house.peaks.of("map_1", "ast_speech", 12_340, 12_350, 4_000)

    assert house.storage.reads == [(12_340 * 32, 12_350 * 32)]
    assert (len(view.low), view.resolution_ms) == (160, 0.0625)
    wanted = house.sound[12_340 * 16 : 12_350 * 16] / 256
    assert view.low.tolist() == view.high.tolist() == [round(v, 2) for v in wanted.tolist()]
    assert view.high.max() == pytest.approx(64, abs=0.1) and view.low.min() == pytest.approx(-64, abs=0.1)


def test_sound_that_ends_early_is_followed_by_nothing(house: House, tmp_path: Path) -> None:
    (tmp_path / "short").write_bytes(house.sound[: 59_995 * 16].tobytes())
    house.storage.put(tmp_path / "short", "ast_speech")

    view = house.peaks.of("map_1", "ast_speech", 59_990, 90_000, 2_000)

    assert (view.end_ms, len(view.low)) == (LENGTH_MS, 160)
    assert not view.high[80:].any() and view.high[:80].any()


def test_a_stretch_outside_the_recording_is_refused(house: House) -> None:
    with pytest.raises(BadRange):
        house.peaks.of("map_1", "ast_speech", LENGTH_MS, None, 100)


@given(st.lists(st.integers(-32_768, 32_767), min_size=1, max_size=400), st.integers(1, 500))
def test_no_sample_is_lost_between_the_parts(samples: list[int], points: int) -> None:
    low, high = sound_peaks(np.array(samples, np.int16), points)

    assert len(low) == len(high) == min(points, len(samples))
    assert low.min() == pytest.approx(min(127, min(samples) / 256), abs=0.006)
    assert high.max() == pytest.approx(min(127, max(samples) / 256), abs=0.006)
    assert (low <= high).all() and low.min() >= -128 and high.max() <= 127


def test_before_the_map_there_is_no_waveform(house: House) -> None:
    with pytest.raises(NotReady):
        house.peaks.of(None, "ast_speech", 0, None, 100)


def test_without_stored_sound_the_envelope_is_the_finest(house: House) -> None:
    view = house.peaks.of("map_1", None, 12_340, 12_350, 4_000)

    assert house.storage.reads == []
    assert view.resolution_ms == 10
