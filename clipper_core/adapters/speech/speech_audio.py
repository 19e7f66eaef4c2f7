"""The sound that recognisers and aligners hear: headerless mono 16-bit little-endian PCM at 16 kHz."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

SAMPLES_PER_MS = 16
BYTES_PER_MS = 2 * SAMPLES_PER_MS


class SpeechAudio(Protocol):
    """Speech audio that can be read in pieces."""

    def read(self, start_ms: int, end_ms: int) -> npt.NDArray[np.int16]:
        """The samples of the stretch; fewer where the sound ends before it."""
        ...


class SpeechFile:
    """Speech audio in a file; only what is asked for is read."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self, start_ms: int, end_ms: int) -> npt.NDArray[np.int16]:
        """The samples of the stretch; fewer where the file ends before it. Raises OSError."""
        with self._path.open("rb") as file:
            file.seek(max(0, start_ms) * BYTES_PER_MS)
            data = file.read(max(0, end_ms - max(0, start_ms)) * BYTES_PER_MS)
        return np.frombuffer(data[: len(data) // 2 * 2], dtype="<i2").astype(np.int16, copy=False)
