"""Speech audio in a file: any range of it, and nothing beyond its end."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.adapters.speech.speech_audio import SAMPLES_PER_MS, SpeechFile

LENGTH_MS = 50


@pytest.fixture(scope="module")
def samples() -> np.ndarray:
    return np.arange(LENGTH_MS * SAMPLES_PER_MS, dtype="<i2")


@pytest.fixture(scope="module")
def speech(samples: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> SpeechFile:
    path = tmp_path_factory.mktemp("speech") / "speech"
    path.write_bytes(samples.tobytes() + b"\0")  # half a sample, as a write that broke off leaves it
    return SpeechFile(path)


@given(start_ms=st.integers(-20, 80), end_ms=st.integers(-20, 80))
def test_a_range_is_what_lies_inside_the_file(
    speech: SpeechFile, samples: np.ndarray, start_ms: int, end_ms: int
) -> None:
    first, last = max(0, start_ms) * SAMPLES_PER_MS, max(0, end_ms) * SAMPLES_PER_MS

    assert speech.read(start_ms, end_ms).tolist() == samples[first:last].tolist()


def test_a_missing_file_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        SpeechFile(tmp_path / "nowhere").read(0, 10)
