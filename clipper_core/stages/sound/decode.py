"""Decode a sound track to samples, block by block, on the recording's clock."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from clipper_core.adapters.media import pyav
from clipper_core.adapters.media.ffmpeg import Ffmpeg, Input, Progress, Running
from clipper_core.errors import MediaToolFailed, Truncated

Samples = npt.NDArray[np.int16]

AS_IT_COMES = "aresample=async=1:first_pts=0"


class PcmFormat(NamedTuple):
    sample_rate: int
    channels: int


@dataclass(frozen=True, slots=True)
class SoundTrack:
    """One sound track of a recording: its file, its number from 0, and its length as declared in ms (0: not known)."""

    path: Path
    number: int = 0
    duration_ms: int = 0


def on_clock(path: Path, track: int, seek_ms: int = 0) -> str:
    """The filters that put a track on the recording's clock: silence where it starts late or leaves a gap.

    Args:
        path: The recording.
        track: The number of the sound track, from 0.
        seek_ms: From where on it is decoded.

    Returns:
        A chain of filters for FFmpeg.
    """
    early = pyav.lateness(path, "audio", track) - Fraction(seek_ms, 1_000)
    moved = f"asetpts=PTS+({early.numerator}/{early.denominator})/TB," if early > 0 else ""
    return moved + AS_IT_COMES


@contextlib.contextmanager
def decoded(
    ffmpeg: Ffmpeg, sound: SoundTrack, progress: Progress, more: Sequence[str] = (), *, picture: bool = False
) -> Iterator[tuple[Running, PcmFormat]]:
    """FFmpeg at work on a sound track, which comes as 16-bit samples in its native rate and channels.

    Args:
        ffmpeg: The program.
        sound: What it decodes.
        progress: Called with 0-1 now and then.
        more: Options of further outputs of the same run.
        picture: Whether those outputs take the picture.

    Yields:
        The running program, to be read from the first sample on, and the format of the samples.

    Raises:
        Truncated: No sample comes out.
    """
    # A WAV header tells what the decoder really gives; that of the file may say half the rate (HE-AAC).
    clock = on_clock(sound.path, sound.number)
    outputs = ["-map", f"0:a:{sound.number}", "-af", clock, "-c:a", "pcm_s16le", "-f", "wav", "pipe:1", *more]
    source = Input(sound.path, options=("-sn", "-dn") if picture else ("-vn", "-sn", "-dn"))
    started = False
    try:
        with ffmpeg.pipe([source], outputs, work_ms=sound.duration_ms, progress=progress) as running:
            pcm = _wav_header(running)
            if pcm is not None:
                started = True
                yield running, pcm
    except MediaToolFailed as error:
        if not started:
            raise Truncated(detail=error.detail) from error
        raise
    if not started:
        raise Truncated(detail=running.report.log)


def _wav_header(running: Running) -> PcmFormat | None:
    """Read up to the first sample. None if there is nothing."""
    head = _exactly(running, 12)
    pcm = None
    while len(head) >= 8:
        head = _exactly(running, 8)
        name, size = head[:4], int.from_bytes(head[4:8], "little")
        if name == b"data":
            return pcm
        body = _exactly(running, size + size % 2)
        if name == b"fmt ":
            pcm = PcmFormat(int.from_bytes(body[4:8], "little"), int.from_bytes(body[2:4], "little"))
    return None


def _exactly(running: Running, size: int) -> bytes:
    buffer = bytearray(min(size, 1 << 16))
    return bytes(buffer[: running.fill(memoryview(buffer))])


class Seconds:
    """The samples of a running FFmpeg, a second at a time, as (samples, channels). Each is overwritten by the next."""

    def __init__(self, running: Running, pcm: PcmFormat) -> None:
        buffer = bytearray(pcm.sample_rate * pcm.channels * 2)
        self._running, self._view, self._frame = running, memoryview(buffer), 2 * pcm.channels
        self._samples = np.frombuffer(buffer, dtype="<i2").reshape(-1, pcm.channels)

    def read(self) -> Samples:
        """Less than a second only at the end, and then nothing."""
        return self._samples[: self._running.fill(self._view) // self._frame]


def blocks(running: Running, pcm: PcmFormat) -> Iterator[Samples]:
    """The samples as ``Seconds`` reads them, to the end."""
    seconds = Seconds(running, pcm)
    while len(block := seconds.read()):
        yield block
