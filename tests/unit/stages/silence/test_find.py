import json
import shutil
import subprocess
import sys
import wave
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.domain.contrast import BLOCK, NOBODY, Contrast
from clipper_core.domain.envelope import Envelope
from clipper_core.domain.silence import SilenceBasis, SilenceSettings
from clipper_core.stages.silence.find import find_silences, threshold_levels
from tests.unit.conftest import SHARED, Sound, noise, talk
from tests.unit.heard import RATE, heard, silences_of

SPEECH, PAUSE = (4_000, -18.0), (1_000, -90.0)
PAUSES = [(4_000, 5_000), (9_000, 10_000), (14_000, 15_000)]
TALK = (SPEECH, PAUSE) * 3 + (SPEECH,)


def level(db: float) -> float:
    return float(32_768 * 10 ** (db / 20))


def mixed(sound: Sound, more: np.ndarray, at_ms: int = 0) -> Sound:
    out, first = sound.astype(float), at_ms * RATE // 1_000
    out[first : first + len(more)] += more.reshape(len(more), -1)
    return out.clip(-32_768, 32_767).astype(np.int16)


def burst(length_ms: int, level_db: float, seed: int = 5) -> np.ndarray:
    sound = noise(length_ms, level_db, seed=seed)[:, 0].astype(float)
    return sound * np.hanning(len(sound)) * 1.63  # the window takes 4.3 dB


def close(found: list[tuple[int, int]], meant: list[tuple[int, int]], slack_ms: int = 30) -> bool:
    return len(found) == len(meant) and bool(np.abs(np.array(found) - np.array(meant)).max(initial=0) <= slack_ms)


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 44_100, 48_000, 192_000])
@pytest.mark.parametrize("floor_db", [-120, -60, -45, -35])
def test_pauses_are_found_at_every_rate_and_in_every_room(rate: int, floor_db: float):
    assert close(silences_of(talk(*TALK, rate=rate, floor_db=floor_db), rate), PAUSES)


@pytest.mark.parametrize("level_db", [-40, -30, -20])
def test_a_click_does_not_break_a_silence(level_db: float):
    sound = mixed(talk(*TALK), burst(15, level_db), 4_500)

    assert close(silences_of(sound), PAUSES)


@pytest.mark.parametrize("length_ms", [150, 300, 400])
def test_a_breath_does_not_break_a_silence(length_ms: int):
    sound = mixed(talk(*TALK), burst(length_ms, -50), 4_300)

    assert close(silences_of(sound), PAUSES)


def test_a_short_word_breaks_a_silence():
    sound = mixed(talk(*TALK), burst(300, -20), 4_350)

    assert close(silences_of(sound), [(4_000, 4_350), (4_650, 5_000), *PAUSES[1:]], slack_ms=50)


def test_closures_of_plosives_are_not_cut():
    words = ((320, -18.0), (80, -90.0)) * 12

    assert silences_of(talk(*words, PAUSE, *words), least_ms=1) == [(4_720, 5_800)]


@pytest.mark.parametrize("floor_db", [-60, -50])
def test_soft_endings_are_not_cut(floor_db: float):
    quiet = floor_db + 4
    fades = np.linspace(-18, quiet, 400 * RATE // 1_000)
    fade = np.random.default_rng(3).normal(0, 1, len(fades)) * level(0) * 10 ** (fades / 20)
    sound = mixed(talk((4_000, -18.0), (1_400, -90.0), *TALK, floor_db=floor_db), fade, 4_000)

    first = silences_of(sound)[0]

    assert first[0] >= 4_360
    assert abs(first[1] - 5_400) <= 20


def test_pauses_beside_gated_ones_are_silences():
    parts: list[tuple[int, float]] = []
    for length_ms, level_db in ((600, -84.0), (300, -68.0)) * 6:
        parts += [(2_000, -18.0), (length_ms, level_db)]
    ends = np.cumsum([length for length, _ in parts]).tolist()

    found = silences_of(talk(*parts, floor_db=-110))

    assert close(found, [(ends[i] - parts[i][0], ends[i]) for i in range(1, len(parts), 2)])


def test_hum_does_not_hide_pauses():
    t = np.arange(19 * RATE) / RATE
    hum = sum(np.sin(2 * np.pi * 50 * k * t) / k for k in range(1, 7)) * level(-33)

    assert close(silences_of(mixed(talk(*TALK), np.asarray(hum))), PAUSES)


def test_pauses_are_found_while_noise_grows_and_fades():
    sound = talk(*(SPEECH, PAUSE) * 24)
    swing = -50 + 10 * np.sin(np.arange(len(sound)) / len(sound) * 2 * np.pi)
    bed = np.random.default_rng(4).normal(0, level(0), len(sound)) * 10 ** (swing / 20)

    found = silences_of(mixed(sound, bed))

    assert close(found, [(k * 5_000 + 4_000, k * 5_000 + 5_000) for k in range(24)], slack_ms=130)


def test_pauses_are_found_before_under_and_after_music():
    sound = talk(*(SPEECH, PAUSE) * 18)
    t = np.arange(30 * RATE) / RATE
    swell = 0.6 + 0.4 * np.sin(t * 2)
    music = sum(np.sin(2 * np.pi * hz * t) for hz in (110, 165, 220, 330)) / 2 * swell * level(-32)

    found = silences_of(mixed(sound, np.asarray(music), 30_000))

    assert len(found) == 18
    assert close(found, [(k * 5_000 + 4_000, k * 5_000 + 5_000) for k in range(18)], slack_ms=100)


def test_a_quieter_speaker_is_not_silence():
    loud, quiet = (20_000, -14.0), (20_000, -34.0)

    found = silences_of(talk(loud, PAUSE, quiet, PAUSE, loud), least_ms=400)

    assert close(found, [(20_000, 21_000), (41_000, 42_000)])


def test_noise_lifted_by_automatic_gain_is_silence():
    sound = talk(*((6_000, -18.0), (3_000, -90.0)) * 6, floor_db=-120).astype(float)
    gain_db = np.concatenate([np.r_[np.zeros(6 * RATE), np.linspace(0, 20, 3 * RATE)]] * 6)
    hiss = np.random.default_rng(2).normal(0, level(-62), len(sound)) * 10 ** (gain_db / 20)

    found = silences_of(mixed(sound.astype(np.int16), hiss))

    assert close(found, [(k * 9_000 + 6_000, k * 9_000 + 9_000) for k in range(6)], slack_ms=220)


@pytest.mark.parametrize("sound", [np.zeros((48_000 * 5, 1), np.int16), noise(5_000, -50), noise(5_000, -20)])
def test_where_nobody_speaks_all_is_one_silence(sound: Sound):
    found = find_silences(heard(sound), SilenceSettings()).silences

    assert [(s.start_ms, s.end_ms, s.evidence) for s in found] == [(0, 5_000, SilenceBasis.NOBODY)]


def test_silences_rest_on_level_or_bands_by_room():
    t = np.arange(19 * RATE) / RATE
    hum = np.sin(2 * np.pi * 220 * t) * level(-20)

    quiet = find_silences(heard(talk(*TALK)), SilenceSettings(min_silence_ms=300)).silences
    loud = find_silences(heard(mixed(talk(*TALK), hum)), SilenceSettings(min_silence_ms=300)).silences

    assert {s.evidence for s in quiet} == {SilenceBasis.LEVEL}
    assert {s.evidence for s in loud} == {SilenceBasis.BANDS}


def test_each_silence_has_its_level():
    for silence in find_silences(heard(talk(*TALK, floor_db=-50)), SilenceSettings(min_silence_ms=300)).silences:
        assert abs(silence.level_db + 50) < 0.5


def test_the_threshold_lies_between_pauses_and_speech():
    envelope = heard(talk(*TALK, floor_db=-50))

    levels = threshold_levels(envelope, SilenceSettings())

    assert len(levels) == 19
    assert ((levels > -50) & (levels < -35)).all()
    assert find_silences(envelope, SilenceSettings()).threshold_db == pytest.approx(np.median(levels), abs=0.01)


def test_the_threshold_lies_above_everything_where_nobody_speaks():
    envelope = heard(noise(5_000, -50))

    assert (threshold_levels(envelope, SilenceSettings()) * 100 > envelope.level_cdb.max()).all()


def test_a_fixed_threshold_is_kept_to_the_frame():
    envelope = heard(talk(*TALK, floor_db=-35))
    settings = SilenceSettings(threshold_db=-30, min_silence_ms=500)

    found = find_silences(envelope, settings)

    assert close([(s.start_ms, s.end_ms) for s in found.silences], PAUSES)
    assert {s.evidence for s in found.silences} == {SilenceBasis.THRESHOLD}
    assert found.threshold_db == -30
    assert set(threshold_levels(envelope, settings).tolist()) == {-30}


def test_an_envelope_without_contrast_is_judged_by_its_level():
    found = find_silences(heard(talk(*TALK), contrast=False), SilenceSettings(min_silence_ms=300)).silences

    assert close([(s.start_ms, s.end_ms) for s in found], PAUSES)
    assert all(s.evidence is SilenceBasis.LEVEL for s in found)


def covered(envelope: Envelope, settings: SilenceSettings) -> np.ndarray:
    silent = np.zeros(envelope.frames, np.bool_)
    for s in find_silences(envelope, settings).silences:
        silent[s.start_ms // 10 : -(-s.end_ms // 10)] = True
    return silent


@st.composite
def envelopes(draw: st.DrawFn) -> Envelope:
    """Any contrast at all, in runs so that islands, clicks and breaths come about."""
    lengths = draw(st.lists(st.integers(1, 60), min_size=1, max_size=40))
    values = draw(st.lists(st.integers(-128, 127), min_size=len(lengths), max_size=len(lengths)))
    over = np.repeat(values, lengths).astype(np.int8)
    blocks = -(-len(over) // BLOCK)
    sides = st.lists(st.integers(-NOBODY, NOBODY), min_size=blocks, max_size=blocks)
    margin, loud = (np.array(draw(sides), np.int16) for _ in range(2))
    rng = np.random.default_rng(draw(st.integers(0, 9)))
    levels, row = rng.integers(-12_000, 1, len(over)).astype(np.int16), np.zeros(len(over), np.int8)
    cut_ms = draw(st.integers(0, 9))
    return Envelope(levels, row, row, len(over) * 10 - cut_ms, RATE, 1, contrast=Contrast(over, margin, loud))


@given(envelopes(), st.floats(-40, 40), st.integers(1, 300))
def test_silences_are_in_order_apart_long_enough_and_inside(envelope: Envelope, offset_db: float, least: int):
    found = find_silences(envelope, SilenceSettings(None, least, offset_db))

    assert all(s.length_ms >= least and s.end_ms <= envelope.duration_ms for s in found.silences)
    assert all(a.end_ms < b.start_ms for a, b in pairwise(found.silences))
    assert all(-120 <= s.level_db <= 0 and 0 < s.confidence < 1 for s in found.silences)  # type: ignore[operator]
    assert -120 <= found.threshold_db <= 0


@given(envelopes(), st.floats(-40, 40), st.floats(0, 40), st.integers(1, 300))
def test_a_higher_offset_takes_no_silence_away(envelope: Envelope, offset_db: float, more_db: float, least: int):
    lower = covered(envelope, SilenceSettings(None, least, offset_db))
    higher = covered(envelope, SilenceSettings(None, least, offset_db + more_db))

    assert not (lower & ~higher).any()


@pytest.mark.parametrize(("deepest", "found"), [(-1, []), (-2, [(300, 600)]), (-9, [(300, 600)])])
def test_a_silence_begins_deeper_than_it_lasts(deepest: int, found: list[tuple[int, int]]):
    over = np.full(100, 60, np.int8)
    over[30:60], over[45] = 0, deepest
    row = np.zeros(100, np.int8)
    block = np.array([8], np.int16)
    envelope = Envelope(
        np.full(100, -3_000, np.int16), row, row, 1_000, 48_000, 1, contrast=Contrast(over, block, block)
    )

    silences = find_silences(envelope, SilenceSettings()).silences

    assert [(s.start_ms, s.end_ms) for s in silences] == found


def test_an_envelope_of_nothing_has_no_silence():
    row = np.zeros(0, np.int8)

    assert find_silences(Envelope(row.astype(np.int16), row, row, 0, RATE, 1), SilenceSettings()).silences == ()


def f1(found: list[tuple[int, int]], true: list[tuple[int, int]], duration_ms: int, near_ms: int = 20) -> float:
    """By time; what lies within ``near_ms`` of a true edge is left out."""
    said, right, counts = (np.zeros(duration_ms + 1, np.bool_) for _ in range(3))
    counts[:] = True
    for a, b in true:
        right[a:b] = True
        for edge in (a, b):
            counts[max(0, edge - near_ms) : edge + near_ms] = False
    for a, b in found:
        said[a:b] = True
    both = np.count_nonzero(said & right & counts)
    return 2 * both / max(1, np.count_nonzero(said & counts) + np.count_nonzero(right & counts))


@pytest.fixture(scope="module")
def made_talk(tmp_path_factory: pytest.TempPathFactory) -> tuple[Sound, list[tuple[int, int]]]:
    """A talk in a dead quiet room, and its pauses."""
    maker, transcripts = SHARED / "tools" / "make_talk.py", sorted((SHARED / "eval" / "dev").glob("ami_*.json.gz"))
    if not (maker.exists() and transcripts):
        pytest.skip("needs ../shared/tools/make_talk.py and ../shared/eval")
    if shutil.which("flite") is None:
        pytest.skip("needs flite")
    path = tmp_path_factory.mktemp("talk") / "a.wav"
    more = ["--minutes", "0.5", "--seed", "7", "--noise-db", "-100"]
    subprocess.run([sys.executable, maker, transcripts[0], path, *more], check=True, capture_output=True)
    with wave.open(str(path)) as file:
        sound = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    pauses = json.loads(path.with_suffix(".json").read_text())["pauses"]
    return sound, [(round(p["start_s"] * 1_000), round(p["end_s"] * 1_000)) for p in pauses]


@pytest.mark.parametrize(
    ("noise_db", "music_db", "least"), [(-60, None, 0.98), (-45, None, 0.98), (-35, None, 0.94), (-60, -30, 0.9)]
)
def test_pauses_are_found_under_noise_and_music(
    made_talk: tuple[Sound, list[tuple[int, int]]], noise_db: float, music_db: float | None, least: float
):
    sound, pauses = made_talk
    bed = np.random.default_rng(8).normal(0, level(noise_db), sound.shape)
    if music_db is not None:
        t = np.arange(len(sound)) / RATE
        tones = [np.sin(2 * np.pi * hz * t) * (0.6 + 0.4 * np.sin(t)) for hz in (110, 164.81, 220, 329.63)]
        bed += (np.sum(tones, axis=0) * level(music_db) / np.sqrt(0.88))[:, None]

    assert f1(silences_of(mixed(sound, bed)), pauses, len(sound) // 48) > least
