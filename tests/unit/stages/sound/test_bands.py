import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.stages.sound.bands import BandMeter
from tests.unit.conftest import noise

RATES = [8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 96_000, 192_000]


def planes(length_ms: int, level_db: float, rate: int, channels: int = 1) -> np.ndarray:
    return np.ascontiguousarray(noise(length_ms, level_db, rate=rate, channels=channels).T, dtype=np.float32)


@pytest.mark.parametrize("rate", RATES)
def test_white_noise_has_its_level_in_every_band(rate: int):
    bands = BandMeter(rate, 1).measure(planes(1_000, -30, rate))

    assert len(bands) == 100
    assert np.abs(10 * np.log10(bands.mean(axis=0)) + 30).max() < 1.5


def test_bands_beyond_half_the_rate_are_left_out():
    assert [BandMeter(rate, 1).measure(planes(1_000, -30, rate)).shape[1] for rate in (8_000, 11_025, 48_000)] == [
        7,
        8,
        11,
    ]


@pytest.mark.parametrize(("hz", "band"), [(200, 0), (800, 2), (2_500, 5), (7_500, 10)])
def test_a_tone_is_strongest_in_its_own_band(hz: int, band: int):
    tone = 10_000 * np.sin(2 * np.pi * hz * np.arange(48_000) / 48_000)

    bands = BandMeter(48_000, 1).measure(tone[None].astype(np.float32))

    assert set(bands.argmax(axis=1)) == {band}


def test_channels_of_opposite_phase_do_not_cancel():
    one = planes(1_000, -30, 48_000)

    both = BandMeter(48_000, 2).measure(np.concatenate([one, -one]))

    assert np.allclose(both, BandMeter(48_000, 1).measure(one))


def test_one_of_sixteen_channels_counts_as_a_sixteenth():
    sixteen = np.zeros((16, 8_000), np.float32)
    sixteen[7] = planes(1_000, -30, 8_000)

    assert np.allclose(BandMeter(8_000, 16).measure(sixteen) * 16, BandMeter(8_000, 1).measure(sixteen[7:8]))


def test_rows_may_lie_apart_in_memory():
    wide = planes(2_000, -30, 44_100, 2)

    part = BandMeter(44_100, 2).measure(wide[:, :44_100])

    assert np.array_equal(part, BandMeter(44_100, 2).measure(wide[:, :44_100].copy()))


@given(st.sampled_from([*RATES, 7_999]), st.data())
def test_every_begun_frame_has_an_entry(rate: int, data: st.DataObject):
    samples = data.draw(st.integers(1, rate))
    sound = np.full((1, samples), 1_000, np.float32)

    bands = BandMeter(rate, 1).measure(sound)

    assert len(bands) == np.count_nonzero(np.arange(100) * rate // 100 < samples)
    assert np.isfinite(bands).all()


def test_a_begun_frame_is_as_loud_as_others():
    bands = BandMeter(48_000, 1).measure(planes(1_000, -30, 48_000)[:, : 48_000 - 470])

    assert abs(10 * np.log10(bands[-1].mean()) + 30) < 4


def test_products_stay_on_one_thread(monkeypatch: pytest.MonkeyPatch):
    sizes: list[int] = []
    real = np.matmul

    def matmul(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> np.ndarray:
        sizes.append(a.shape[0] * a.shape[1] * b.shape[1])
        return real(a, b, out=out)

    monkeypatch.setattr(np, "matmul", matmul)
    for rate in RATES:
        BandMeter(rate, 2).measure(planes(1_000, -30, rate, 2))

    assert sizes
    assert max(sizes) <= 262_144
