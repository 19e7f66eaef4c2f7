import tracemalloc

import numpy as np
import pytest

from clipper_core.domain.contrast import NOBODY, Contrast
from clipper_core.stages.silence.contrast_in_pieces import CONTEXT, PIECE, ContrastMeter, contrast_of_levels
from tests.unit.conftest import noise, talk
from tests.unit.heard import Rows, heard, listened, measured

PARTS = ((3_000, -18.0), (1_000, -90.0), (4_000, -18.0), (300, -90.0), (3_700, -18.0))


@pytest.fixture(scope="module")
def hours() -> Rows:
    """Half an hour of talk at 8 kHz, over noise that gets louder and softer."""
    bands, level = measured(talk(*PARTS, rate=8_000), 8_000)
    times = 150
    bed = np.repeat(10 ** (-6 + 2 * np.sin(np.arange(times) / 7)), len(level)).astype(np.float32)
    return np.tile(bands, (times, 1)) + bed[:, None], np.tile(level, times) + bed


def part(rows: Rows, first_s: int, last_s: int | None = None) -> Rows:
    last = None if last_s is None else last_s * 100
    return rows[0][first_s * 100 : last], rows[1][first_s * 100 : last]


def same(one: Contrast, other: Contrast) -> bool:
    return all(
        np.array_equal(a, b) for a, b in ((one.over, other.over), (one.margin, other.margin), (one.loud, other.loud))
    )


def share_alike(one: Contrast, other: Contrast) -> float:
    assert len(one.over) == len(other.over)
    return float(np.mean((one.over <= 0) == (other.over <= 0)))


def test_a_pause_lies_below_the_threshold_and_speech_above():
    over = heard(talk(*PARTS)).contrast.over  # type: ignore[union-attr]

    assert (over[305:395] < 0).all()
    assert np.mean(over[:295] > 0) > 0.99
    assert np.mean(over[405:795] > 0) > 0.99


def test_every_begun_second_has_margin_and_loudness():
    found = heard(talk(*PARTS)[: 48_000 * 5 + 4_800]).contrast

    assert found is not None
    assert (len(found.over), len(found.margin), len(found.loud)) == (510, 6, 6)
    assert (found.margin > 0).all()
    assert (found.loud > 40).all()


def test_nothing_heard_is_an_empty_contrast():
    found = ContrastMeter().finish()

    assert len(found.over) == len(found.margin) == 0


def test_where_there_is_only_noise_nobody_speaks():
    for level_db in (-120, -70, -40, -20):
        found = heard(noise(20_000, level_db, rate=8_000), 8_000).contrast

        assert found is not None
        assert set(found.margin.tolist()) == {NOBODY}
        assert (found.over < 0).all()


def test_how_sound_is_cut_into_pieces_does_not_matter(hours: Rows):
    some = part(hours, 0, 100)

    assert same(listened(some, step=100).finish(), listened(some, step=37).finish())


def test_a_long_recording_is_heard_as_if_at_once(hours: Rows):
    shifted = part(hours, 250)  # so that pieces begin elsewhere

    whole, later = listened(hours).finish(), listened(shifted).finish()

    tail = Contrast(whole.over[25_000:], whole.margin[250:], whole.loud[250:])
    assert share_alike(tail, later) > 0.999


@pytest.mark.parametrize("seam", [1, 300, PIECE, PIECE + CONTEXT, 1_000, 1_700, 1_799])
def test_two_halves_heard_side_by_side_are_as_one(hours: Rows, seam: int):
    first, second = listened(part(hours, 0, seam)), listened(part(hours, seam), ContrastMeter(later=True))

    first.join(second)

    assert share_alike(first.finish(), listened(hours).finish()) > 0.999


def test_halves_are_exactly_as_one_where_pieces_begin_alike(hours: Rows):
    seam = PIECE - CONTEXT
    first, second = listened(part(hours, 0, seam)), listened(part(hours, seam), ContrastMeter(later=True))

    first.join(second)

    assert same(first.finish(), listened(hours).finish())


@pytest.mark.parametrize("seams", [(400, 900), (40, 80), (850, 900)])
def test_three_parts_join_from_the_end(hours: Rows, seams: tuple[int, int]):
    one, two = seams
    first, second, third = (
        listened(part(hours, 0, one)),
        listened(part(hours, one, two), ContrastMeter(later=True)),
        listened(part(hours, two), ContrastMeter(later=True)),
    )

    second.join(third)
    first.join(second)

    assert share_alike(first.finish(), listened(hours).finish()) > 0.999


def test_only_whole_seconds_are_joined(hours: Rows):
    first = listened((hours[0][:4_050], hours[1][:4_050]))

    with pytest.raises(ValueError, match="whole seconds"):
        first.join(ContrastMeter(later=True))


def test_memory_does_not_grow_with_the_recording(hours: Rows):
    def peak(times: int) -> int:
        tracemalloc.start()
        meter = ContrastMeter()
        for _ in range(times):
            listened(hours, meter)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most - len(hours[1]) * times

    assert peak(3) < 1.05 * peak(1)


def test_the_level_alone_tells_speech_from_quiet_rooms():
    envelope = heard(talk(*PARTS), contrast=False)

    over = contrast_of_levels(envelope.level_cdb).over

    assert (over[305:395] <= 0).all()
    assert np.mean(over[:295] > 0) > 0.98
