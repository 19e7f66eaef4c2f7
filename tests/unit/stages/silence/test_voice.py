from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.domain.contrast import NOBODY, Contrast
from clipper_core.domain.envelope import Envelope
from clipper_core.domain.silence import Silence, SilenceBasis, SilenceSettings
from clipper_core.stages.silence.find import find_silences
from clipper_core.stages.silence.voice import with_voice

SETTINGS = SilenceSettings()
MUSIC, ROOM = (20, 80), (8, 170)  # margin and loudness of speech, in quarters of a dB


def envelope(unvoiced: list[tuple[int, int]], kind: tuple[int, int] = MUSIC, seconds: int = 10) -> Envelope:
    """A recording in which contrast finds nothing, and a voice all the time but in some stretches (ms)."""
    frames = seconds * 100
    voice = np.full(frames, 95, np.uint8)
    for start, end in unvoiced:
        voice[start // 10 : end // 10] = 2
    margin, loud = (np.full(seconds, value, np.int16) for value in kind)
    contrast = Contrast(np.full(frames, 40, np.int8), margin, loud)
    row = np.zeros(frames, np.int8)
    levels = np.full(frames, -3_000, np.int16)
    return Envelope(levels, row, row, frames * 10, 48_000, 1, contrast=contrast, voice=voice)


def test_under_music_a_range_without_voice_is_silence():
    (found,) = with_voice((), envelope([(2_000, 3_500)]), SETTINGS)

    assert (found.start_ms, found.end_ms, found.level_db, found.evidence) == (2_000, 3_500, -30, SilenceBasis.VOICE)
    assert found.confidence is not None
    assert 0.5 <= found.confidence < 0.8


@pytest.mark.parametrize("kind", [ROOM, (NOBODY, -NOBODY), (4, 60)])
def test_elsewhere_contrast_alone_finds_silences(kind: tuple[int, int]):
    assert with_voice((), envelope([(2_000, 3_500)], kind), SETTINGS) == ()


def test_a_consonant_without_voice_is_no_silence():
    assert with_voice((), envelope([(2_000, 2_180)]), SETTINGS) == ()


def test_a_voice_makes_a_silence_less_sure():
    silence = Silence(5_000, 6_000, -40, 0.9, SilenceBasis.BANDS)

    (without,), (with_one,) = (
        with_voice((silence,), envelope(unvoiced, ROOM), SETTINGS) for unvoiced in ([(5_000, 6_000)], [])
    )

    assert (with_one.start_ms, with_one.end_ms, with_one.evidence) == (5_000, 6_000, SilenceBasis.BANDS)
    assert without.confidence == pytest.approx(0.9, abs=0.02)
    assert with_one.confidence is not None
    assert with_one.confidence < 0.5


def test_a_silence_grows_where_no_voice_is():
    silence = Silence(2_000, 3_000, -40, 0.9, SilenceBasis.BANDS)

    (found,) = with_voice((silence,), envelope([(2_500, 3_400)]), SETTINGS)

    assert (found.start_ms, found.end_ms, found.evidence) == (2_000, 3_400, SilenceBasis.BANDS)


def test_a_silence_by_voice_activity_has_that_basis():
    silence = Silence(2_000, 2_200, -40, 0.9, SilenceBasis.BANDS)

    (found,) = with_voice((silence,), envelope([(2_100, 4_000)]), SETTINGS)

    assert (found.start_ms, found.end_ms, found.evidence) == (2_000, 4_000, SilenceBasis.VOICE)


def test_an_opinion_nobody_asks_for_changes_nothing():
    silences = (Silence(5_000, 6_000, -40, 0.9, SilenceBasis.BANDS),)
    given_one = envelope([(2_000, 3_500)])

    assert with_voice(silences, given_one, SilenceSettings(use_voice=False)) == silences
    assert with_voice(silences, replace(given_one, voice=None), SETTINGS) == silences


def test_a_fixed_threshold_asks_for_no_opinion():
    found = find_silences(envelope([(2_000, 3_500)]), SilenceSettings(threshold_db=-50))

    assert found.silences == ()


def test_the_finder_asks_for_the_opinion():
    found = find_silences(envelope([(2_000, 3_500)]), SETTINGS)

    assert [(s.start_ms, s.end_ms, s.evidence) for s in found.silences] == [(2_000, 3_500, SilenceBasis.VOICE)]


@given(st.data())
def test_silences_stay_in_order_whatever_the_voice(data: st.DataObject):
    lengths = data.draw(st.lists(st.integers(1, 80), min_size=4, max_size=30))
    values = data.draw(st.lists(st.integers(0, 100), min_size=len(lengths), max_size=len(lengths)))
    over = data.draw(st.lists(st.integers(-9, 9), min_size=len(lengths), max_size=len(lengths)))
    least = data.draw(st.integers(1, 300))
    frames = sum(lengths)
    row = np.zeros(frames, np.int8)
    blocks = -(-frames // 100)
    contrast = Contrast(
        np.repeat(over, lengths).astype(np.int8), np.full(blocks, 20, np.int16), np.full(blocks, 80, np.int16)
    )
    made = Envelope(
        np.full(frames, -3_000, np.int16),
        row,
        row,
        frames * 10 - data.draw(st.integers(0, 9)),
        48_000,
        1,
        contrast=contrast,
        voice=np.repeat(values, lengths).astype(np.uint8),
    )

    alone = find_silences(made, SilenceSettings(None, least, use_voice=False))
    both = find_silences(made, SilenceSettings(None, least))

    assert all(a.end_ms < b.start_ms for a, b in pairwise(both.silences))
    assert all(s.length_ms >= least and s.end_ms <= made.duration_ms for s in both.silences)
    assert all(any(b.start_ms <= a.start_ms and a.end_ms <= b.end_ms for b in both.silences) for a in alone.silences)
