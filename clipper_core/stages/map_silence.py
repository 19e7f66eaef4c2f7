"""Decode a recording once: its envelope, its silences, and the sound that recognisers hear."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from clipper_core.adapters.ffmpeg import Ffmpeg, Input, Progress, Running, quiet
from clipper_core.domain.envelope import FLOOR_CDB, FRAME_MS, Envelope
from clipper_core.domain.silence import SilenceMap, SilenceSettings
from clipper_core.errors import MediaToolFailed, TooLong, TooShort, Truncated
from clipper_core.stages.find_silences import find_silences

SPEECH_RATE = 16_000
FRAMES_PER_S = 1_000 // FRAME_MS
MIN_MS = 100
# Sound and picture of one recording rarely end together; more than this is worth a word.
LENGTH_SLACK_MS, LENGTH_SLACK = 300, 0.001
CANCELLED = 0.1  # of the power that unrelated channels would leave in their mean

Samples = npt.NDArray[np.int16]


class MediaWarning(NamedTuple):
    """Something about a recording that its owner should know, though the work goes on."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Mapped:
    """What one decode gave."""

    envelope: Envelope
    silence_map: SilenceMap
    warnings: tuple[MediaWarning, ...] = ()


class PcmFormat(NamedTuple):
    sample_rate: int
    channels: int


def map_silence(
    ffmpeg: Ffmpeg,
    path: Path,
    *,
    duration_ms: int,
    track: int = 0,
    speech_path: Path | None = None,
    settings: SilenceSettings | None = None,
    max_hours: float = 13,
    progress: Progress = quiet,
) -> Mapped:
    """Decode sound track ``track`` (0 = first), in constant memory but for the result, 1.4 MB an hour.

    ``duration_ms`` is what was declared (0: nothing); the length that counts is what is decoded, and a difference
    becomes a warning. ``speech_path``, if given, gets 16 kHz mono 16-bit samples without a header. Where the
    channels cancel each other out in mono, it gets the loudest channel alone, with a warning.

    Raises Truncated if nothing can be decoded, TooShort below 100 ms, TooLong beyond ``max_hours``, else as FFmpeg.
    """
    part = speech_path.with_name(speech_path.name + ".part") if speech_path else None
    try:
        meter = _decode(ffmpeg, path, track, part, duration_ms, max_hours, progress)
        envelope = meter.envelope()
        warnings = _about_length(duration_ms, envelope.duration_ms)
        if meter.cancels:
            warnings += (_CHANNELS_CANCEL,)
            if part is not None:
                _one_channel(ffmpeg, path, track, meter.loudest, part, envelope.duration_ms, progress)
        if part is not None and speech_path is not None:
            part.replace(speech_path)
    finally:
        if part is not None:
            part.unlink(missing_ok=True)
    return Mapped(envelope, find_silences(envelope, settings or SilenceSettings()), warnings)


_CHANNELS_CANCEL = MediaWarning(
    "channels_cancel",
    "The channels of this recording cancel each other out in mono, so speech was taken from the loudest one. "
    "Many phones will play it silent: check the wiring of the microphone.",
)


# The track on the recording's clock: silence where it starts late or leaves a gap.
ON_CLOCK = "aresample=async=1:first_pts=0"


def _decode(
    ffmpeg: Ffmpeg, path: Path, track: int, part: Path | None, duration_ms: int, max_hours: float, progress: Progress
) -> _Meter:
    # A filter chain for each output: a common one would settle on one rate for both.
    speech = [] if part is None else ["-map", f"0:a:{track}", "-af", ON_CLOCK, "-ac", "1", *_speech_file(part)]
    most = round(max_hours * 3_600 * FRAMES_PER_S)
    with decoded(ffmpeg, path, track, speech, duration_ms, progress) as (running, pcm):
        meter = _Meter(pcm)
        for block in blocks(running, pcm):
            meter.add(block)
            if meter.frames > most:
                raise TooLong(detail=f"more than {max_hours:g} h of sound")
    if meter.samples * 1_000 < MIN_MS * pcm.sample_rate:
        raise TooShort(detail=f"{meter.samples} samples at {pcm.sample_rate} Hz")
    return meter


@contextlib.contextmanager
def decoded(
    ffmpeg: Ffmpeg,
    path: Path,
    track: int,
    more: list[str],
    duration_ms: int,
    progress: Progress,
    *,
    picture: bool = False,
) -> Iterator[tuple[Running, PcmFormat]]:
    """FFmpeg at work on a sound track, which comes as 16-bit samples in its native rate and channels.

    ``more`` are further outputs of the same run, which may take the ``picture`` too. Raises Truncated if no sample
    comes out.
    """
    # A WAV header tells what the decoder really gives; that of the file may say half the rate (HE-AAC).
    outputs = ["-map", f"0:a:{track}", "-af", ON_CLOCK, "-c:a", "pcm_s16le", "-f", "wav", "pipe:1", *more]
    source = Input(path, options=("-sn", "-dn") if picture else ("-vn", "-sn", "-dn"))
    started = False
    try:
        with ffmpeg.pipe([source], outputs, work_ms=duration_ms, progress=progress) as running:
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


def blocks(running: Running, pcm: PcmFormat) -> Iterator[Samples]:
    """The samples, a second at a time, as (samples, channels). Each is overwritten by the next."""
    buffer = bytearray(pcm.sample_rate * pcm.channels * 2)
    view, samples = memoryview(buffer), np.frombuffer(buffer, dtype="<i2").reshape(-1, pcm.channels)
    while whole := running.fill(view) // (2 * pcm.channels):
        yield samples[:whole]


class _Meter:
    """Levels and peaks of the sound so far. Fed a second at a time: frames start over with each."""

    def __init__(self, pcm: PcmFormat) -> None:
        self._pcm = pcm
        self._edges = np.arange(FRAMES_PER_S) * pcm.sample_rate // FRAMES_PER_S
        self._rows: list[tuple[npt.NDArray[np.float32], Samples, Samples]] = []
        self._together = np.zeros((pcm.channels, pcm.channels))
        self.samples = 0
        self.frames = 0

    def add(self, block: Samples) -> None:
        sound = block.astype(np.float32)
        edges = self._edges[self._edges < len(block)]
        if len(block) == self._pcm.sample_rate and self._pcm.sample_rate % FRAMES_PER_S == 0:
            by_frame, whole = sound.reshape(FRAMES_PER_S, -1), block.reshape(FRAMES_PER_S, -1)
            power = np.einsum("ij,ij->i", by_frame, by_frame) / by_frame.shape[1]
            low, high = whole.min(axis=1), whole.max(axis=1)
        else:
            counts = np.diff(np.append(edges, len(block))) * self._pcm.channels
            power = np.add.reduceat(np.einsum("ij,ij->i", sound, sound), edges) / counts
            low = np.minimum.reduceat(block.min(axis=1), edges)
            high = np.maximum.reduceat(block.max(axis=1), edges)
        self._rows.append((power.astype(np.float32), low, high))
        if self._pcm.channels > 1:
            self._together += sound.T @ sound
        self.samples += len(block)
        self.frames += len(edges)

    @property
    def loudest(self) -> int:
        return int(np.argmax(np.diag(self._together)))

    @property
    def cancels(self) -> bool:
        """Whether the mean of the channels holds far less than channels that have nothing to do with each other."""
        return bool(self._together.sum() < CANCELLED * np.trace(self._together))

    def envelope(self) -> Envelope:
        power, low, high = (np.concatenate(row) for row in zip(*self._rows, strict=True))
        with np.errstate(divide="ignore"):
            level = np.maximum(1_000 * np.log10(power.astype(np.float64) / 32_768**2), FLOOR_CDB)
        # Towards 0, so that a sample of -1 does not draw a line.
        low, high = (low / 256).astype(np.int8), (high / 256).astype(np.int8)
        duration_ms = round(self.samples * 1_000 / self._pcm.sample_rate)
        return Envelope(np.rint(level).astype(np.int16), low, high, duration_ms, *self._pcm)


def _speech_file(part: Path) -> list[str]:
    return ["-ar", str(SPEECH_RATE), "-c:a", "pcm_s16le", "-f", "s16le", f"file:{part.absolute()}"]


def _one_channel(
    ffmpeg: Ffmpeg, path: Path, track: int, channel: int, part: Path, duration_ms: int, progress: Progress
) -> None:
    only = f"{ON_CLOCK},pan=mono|c0=c{channel}"
    outputs = ["-map", f"0:a:{track}", "-af", only, *_speech_file(part)]
    ffmpeg.run([Input(path, options=("-vn", "-sn", "-dn"))], outputs, work_ms=duration_ms, progress=progress)


def _about_length(declared_ms: int, decoded_ms: int) -> tuple[MediaWarning, ...]:
    off = decoded_ms - declared_ms
    if declared_ms == 0 or abs(off) <= max(LENGTH_SLACK_MS, LENGTH_SLACK * declared_ms):
        return ()
    says = f"The file says {_clock(declared_ms)} but"
    if off < 0:
        return (
            MediaWarning(
                "truncated",
                f"{says} only {_clock(decoded_ms)} of sound could be read; upload the complete file if there is more.",
            ),
        )
    return (MediaWarning("duration_mismatch", f"{says} {_clock(decoded_ms)} of sound was there; all of it is used."),)


def _clock(ms: int) -> str:
    """4:58, or 1:02:03; tenths where it is under a minute."""
    if ms < 60_000:
        return f"{ms / 1000:.1f} s"
    hours, rest = divmod(ms // 1000, 3_600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"
