"""Strict silences beside pydub's own, on the samples themselves and through files."""

import math
import time
import tracemalloc
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from clipper_core.adapters.media.ffmpeg import Ffmpeg
from clipper_core.domain.silence import Silence
from clipper_core.errors import BadSettings
from clipper_core.stages.silence.strict import StrictDetector, StrictSearch, strict_silences
from clipper_core.stages.sound.decode import PcmFormat, SoundTrack
from tests.budget import budget
from tests.unit.conftest import Sound, noise, talk, write_sound, write_wav

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from pydub import AudioSegment
    from pydub.silence import detect_silence

USUAL_RATES = [8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000]
RATES = st.one_of(st.sampled_from(USUAL_RATES), st.sampled_from(USUAL_RATES), st.integers(8_000, 48_000))


class Asked(NamedTuple):
    threshold_db: float
    least_ms: int
    step_ms: int


def segment_of(sound: Sound, rate: int) -> AudioSegment:
    return AudioSegment(sound.tobytes(), sample_width=2, frame_rate=rate, channels=sound.shape[1])


def pydubs(sound: Sound, rate: int, asked: Asked) -> tuple[int, list[list[int]]]:
    """The length and the silences that pydub gives."""
    segment = segment_of(sound, rate)
    return len(segment), detect_silence(segment, asked.least_ms, asked.threshold_db, asked.step_ms)


def found(sound: Sound, rate: int, asked: Asked, cuts: list[int], *more: int) -> tuple[int, tuple[Silence, ...]]:
    """The detector's silences for the same sound, divided at ``cuts`` per mille of it."""
    detector = StrictDetector(PcmFormat(rate, sound.shape[1]), StrictSearch(*asked), *more)
    for block in np.split(sound, sorted(cut * len(sound) // 1_000 for cut in cuts)):
        detector.add(block)
    return detector.end()


def spans(silences: tuple[Silence, ...]) -> list[list[int]]:
    return [[s.start_ms, s.end_ms] for s in silences]


# A piece of sound is a kind and its loudness as an amplitude of 16-bit samples.
KINDS = ["noise", "noise", "nothing", "square", "bottom", "level", "click"]
AMPLITUDES = st.one_of(st.integers(0, 40), st.integers(0, 32_768), st.sampled_from([1, 2, 327, 1_036, 32_767]))


def piece(kind: str, amplitude: int, shape: tuple[int, int], rng: np.random.Generator) -> Sound:
    match kind:
        case "nothing":
            made = np.zeros(shape)
        case "bottom":
            made = np.full(shape, -32_768.0)
        case "level":
            made = np.full(shape, -float(amplitude))
        case "square":
            made = np.where(np.arange(shape[0])[:, None] // 20 % 2, amplitude, -amplitude) * np.ones(shape)
        case "click":
            made = np.zeros(shape)
            made[shape[0] // 2 : shape[0] // 2 + 3] = amplitude
        case _:
            made = rng.normal(0, 1, shape) * amplitude
    return made.clip(-32_768, 32_767).astype("<i2")


@st.composite
def sounds(draw: st.DrawFn, most_ms: int = 400) -> tuple[Sound, int]:
    """Up to ``most_ms`` of sound in pieces, and its rate. It may be empty, or end within a millisecond."""
    rate, channels = draw(RATES), draw(st.integers(1, 2))
    longest = draw(st.sampled_from([2, 40, most_ms, most_ms, most_ms, most_ms]))
    samples = draw(st.integers(0, rate * longest // 1_000))
    made = draw(st.lists(st.tuples(st.sampled_from(KINDS), AMPLITUDES, st.integers(1, 9)), min_size=1, max_size=7))
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    edges = np.cumsum([0] + [share for _, _, share in made])
    edges = edges * samples // edges[-1]
    sizes = zip(made, np.diff(edges).tolist(), strict=True)
    return np.concatenate([piece(k, a, (size, channels), rng) for (k, a, _), size in sizes]), rate


STEPS = st.one_of(st.just(1), st.integers(1, 12), st.integers(1, 500))
CUTS = st.lists(st.integers(0, 1_000), max_size=8)
Case = tuple[Sound, int, Asked]


@st.composite
def cases(draw: st.DrawFn, most_ms: int = 400, steps: st.SearchStrategy[int] = STEPS) -> Case:
    """Sound, its rate, and settings under which some of it may well be silent."""
    sound, rate = draw(sounds(most_ms))
    length_ms = len(sound) * 1_000 // rate
    least = st.one_of(st.integers(1, max(1, length_ms // 8)), st.integers(1, max(1, length_ms)), st.integers(1, 500))
    # A threshold that is just what a window's RMS may be shows every mistake in rounding.
    levels = [rms for rms in rms_of_parts(sound) if rms] or [1]
    threshold = st.one_of(
        st.sampled_from(levels).map(lambda rms: 20 * math.log10(rms / 32_768)),
        st.sampled_from(levels).map(lambda rms: 20 * math.log10(rms / 32_768) + 1),
        st.integers(-120, 0).map(float),
        st.floats(-120, 0),
        st.sampled_from([-math.inf, 0.0, -120.0, 6.0]),
    )
    return sound, rate, Asked(draw(threshold), draw(least), draw(steps))


def rms_of_parts(sound: Sound) -> list[int]:
    return [int(np.sqrt(np.mean(part.astype(float) ** 2))) for part in np.array_split(sound, 24) if part.size]


SQUARE = np.where(np.arange(9_000)[:, None] % 2, 32_767, -32_768).astype("<i2")
# By exact arithmetic sample 1,000 is in the 125th millisecond at 8,008 Hz, by pydub's in the one after it.
CLICK = (np.arange(1_600)[:, None] == 1_000).astype("<i2") * 9_999


@settings(max_examples=budget(normal=100, long=1_000), suppress_health_check=[HealthCheck.too_slow])
@given(cases(), CUTS, st.integers(1, 300))
@example((SQUARE[:0], 44_100, Asked(-40, 1, 1)), [], 1)
@example((SQUARE, 44_100, Asked(0, 50, 1)), [500], 7)
@example((SQUARE[:661], 22_050, Asked(20 * math.log10(32_767 / 32_768), 30, 500)), [333], 3)
@example((CLICK, 8_008, Asked(-80, 10, 1)), [], 300)
@example((np.zeros((4_410, 2), "<i2"), 11_025, Asked(-math.inf, 100, 7)), [1, 2, 999], 1)
def test_strict_silences_are_those_of_pydub(case: Case, cuts: list[int], at_a_time: int):
    sound, rate, asked = case

    length_ms, silences = found(sound, rate, asked, cuts, at_a_time)

    assert (length_ms, spans(silences)) == pydubs(sound, rate, asked)
    for silence in silences:
        assert silence.level_db == pytest.approx(level_db(segment_of(sound, rate), silence), abs=0.006)


def level_db(segment: AudioSegment, silence: Silence) -> float:
    """The level of a stretch as pydub cuts it out, without pydub's rounding."""
    samples = np.array(segment[silence.start_ms : silence.end_ms].get_array_of_samples(), dtype=float)
    power = float(np.mean(samples**2)) / 32_768**2 if len(samples) else 0.0
    return max(-120.0, 10 * math.log10(power)) if power else -120.0


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(cases(2_500, st.integers(5, 60)).filter(lambda case: len(case[0]) > 0))
def test_strict_silences_of_a_file_are_those_of_pydub(ffmpeg: Ffmpeg, tmp_path: Path, case: Case):
    sound, rate, asked = case
    path = write_wav(tmp_path / "s.wav", sound, rate)

    assert strict(ffmpeg, path, asked) == pydubs(sound, rate, asked)


def test_a_compressed_file_has_the_silences_of_pydub(ffmpeg: Ffmpeg, tmp_path: Path):
    sound = talk((1_500, -18.0), (700, -90.0), (1_800, -18.0), (300, -90.0), (907, -18.0), rate=44_100, channels=2)
    path = write_sound(tmp_path / "s.flac", sound, codec="flac", rate=44_100)
    asked = Asked(-40, 200, 3)

    length_ms, silences = strict(ffmpeg, path, asked)

    assert len(silences) == 2
    assert (length_ms, silences) == pydubs(sound, 44_100, asked)


def strict(ffmpeg: Ffmpeg, path: Path, asked: Asked) -> tuple[int, list[list[int]]]:
    length_ms, silences = strict_silences(ffmpeg, SoundTrack(path), StrictSearch(*asked))
    return length_ms, spans(silences)


def test_memory_does_not_grow_with_the_length():
    second = noise(1_000, -30, rate=8_000)
    quiet = second // 100

    def peak(seconds: int) -> int:
        detector = StrictDetector(PcmFormat(8_000, 1), StrictSearch(-40, 300))
        tracemalloc.start()
        for number in range(seconds):
            detector.add(second if number % 60 else quiet)
        length_ms, silences = detector.end()
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert (length_ms, len(silences)) == (seconds * 1_000, seconds // 60)
        return most

    assert peak(7_200) < 1.1 * peak(1_200) < 4_000_000


def test_finding_takes_a_hundredth_of_the_time_that_pydub_takes():
    sound = talk(*[(2_000, -18.0), (700, -90.0)] * 10, channels=2)
    segment, asked = segment_of(sound, 48_000), Asked(-40.0, 500, 1)

    ours = min(processor_s(lambda: found(sound, 48_000, asked, list(range(0, 1_000, 40)))) for _ in range(3))
    theirs = processor_s(lambda: detect_silence(segment, asked.least_ms, asked.threshold_db, asked.step_ms))

    assert theirs >= 100 * ours


def processor_s(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


@pytest.mark.parametrize("asked", [Asked(-30, 100, 0), Asked(-30, 0, 1), Asked(math.nan, 100, 1)])
def test_settings_without_meaning_are_refused_before_reading(ffmpeg: Ffmpeg, tmp_path: Path, asked: Asked):
    with pytest.raises(BadSettings):
        strict(ffmpeg, tmp_path / "not there.wav", asked)
