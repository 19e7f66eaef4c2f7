"""The offline recogniser, on real speech and on what is none."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest

from clipper_core.adapters.speech.recogniser import Pocketsphinx
from clipper_core.domain.recognised import NOTHING

pytestmark = pytest.mark.slow

Sound = npt.NDArray[np.int16]
SECONDS = np.arange(16_000 * 6) / 16_000


def speech_of(path: Path, start_s: float = 0, length_s: float = 60) -> Sound:
    """The sound of a recording as mono at 16 kHz."""
    resampler = av.AudioResampler("s16", "mono", 16_000)
    with av.open(str(path)) as file:
        parts = [f.to_ndarray()[0] for frame in file.decode(audio=0) for f in resampler.resample(frame)]
    return np.concatenate(parts)[int(start_s * 16_000) : int((start_s + length_s) * 16_000)].astype(np.int16)


def test_clear_speech_becomes_lower_case_words_in_order(media: Path) -> None:
    heard = Pocketsphinx().recognise(speech_of(media / "talk.mp4", length_s=12))

    assert heard.words is not None
    texts = [t for t, _, _ in heard.words]
    assert {"example", "video", "convenience", "voice", "purpose"} <= set(texts)
    assert all(t == t.lower() and t[0].isalpha() for t in texts)
    assert all(a[1] <= b[1] for a, b in pairwise(heard.words))
    assert all(0 <= a < b <= 12_000 for _, a, b in heard.words)


def test_bytes_and_samples_are_heard_alike(media: Path) -> None:
    sound = speech_of(media / "talk.mp4", length_s=4)

    assert Pocketsphinx().recognise(sound.tobytes()) == Pocketsphinx().recognise(sound) != NOTHING


@pytest.mark.parametrize(
    "sound",
    [
        np.zeros(96_000),
        np.zeros(10),
        3_000 * np.sin(2 * np.pi * 100 * SECONDS) + 900 * np.sin(2 * np.pi * 200 * SECONDS),
        np.random.default_rng(1).normal(0, 400, 96_000),
    ],
    ids=["silence", "nothing", "hum", "hiss"],
)
def test_what_is_no_speech_gives_no_words(sound: npt.NDArray[np.float64]) -> None:
    assert Pocketsphinx().recognise(sound.astype(np.int16)) == NOTHING


def test_recognising_can_be_stopped_within_a_second_of_sound(media: Path) -> None:
    seen: list[float] = []

    def stop(fraction: float) -> None:
        seen.append(fraction)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Pocketsphinx().recognise(speech_of(media / "talk.mp4", length_s=10), 0, stop)

    assert seen == [pytest.approx(0.1)]
    assert Pocketsphinx().recognise(speech_of(media / "talk.mp4", length_s=4)) != NOTHING
