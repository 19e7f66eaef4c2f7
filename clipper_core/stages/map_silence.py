"""Decode a recording once: its envelope, its silences, and the sound that recognisers hear."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from clipper_core.adapters.ffmpeg import Ffmpeg, Input, Progress, quiet
from clipper_core.domain.envelope import FLOOR_CDB, FRAME_MS, Envelope
from clipper_core.domain.silence import SilenceMap, SilenceSettings
from clipper_core.errors import TooLong, TooShort, Truncated
from clipper_core.stages.decode_sound import PcmFormat, Samples, blocks, decoded, on_clock
from clipper_core.stages.find_silences import find_silences
from clipper_core.stages.strict_silences import strict_silences

__all__ = ["Mapped", "MediaWarning", "find_silences", "map_silence", "strict_silences"]

SPEECH_RATE = 16_000
FRAMES_PER_S = 1_000 // FRAME_MS
MIN_MS = 100
# Sound and picture of one recording rarely end together: a longer difference is worth a word, in short files a shorter.
LEAST_SLACK_MS, MOST_SLACK_MS, LENGTH_SLACK = 300, 2_000, 0.02
CANCELLED = 0.1  # of the power that unrelated channels would leave in their mean


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
                _one_channel(ffmpeg, path, track, meter.loudest, part, envelope.duration_ms, lambda _: progress(1.0))
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


def _decode(
    ffmpeg: Ffmpeg, path: Path, track: int, part: Path | None, duration_ms: int, max_hours: float, progress: Progress
) -> _Meter:
    speech: list[str] = []
    if part is not None:  # with filters of its own: shared ones would settle on one rate for both
        speech = ["-map", f"0:a:{track}", "-af", on_clock(path, track), "-ac", "1", *_speech_file(part)]
    most = round(max_hours * 3_600 * FRAMES_PER_S)
    with decoded(ffmpeg, path, track, speech, duration_ms, progress) as (running, pcm):
        meter = _Meter(pcm)
        for block in blocks(running, pcm):
            meter.add(block)
            if meter.frames > most:
                raise TooLong(detail=f"more than {max_hours:g} h of sound")
    if not meter.samples:
        raise Truncated(detail=running.report.log)
    if meter.samples * 1_000 < MIN_MS * pcm.sample_rate:
        raise TooShort(detail=f"{meter.samples} samples at {pcm.sample_rate} Hz")
    return meter


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
    only = f"{on_clock(path, track)},pan=mono|c0=c{channel}"
    outputs = ["-map", f"0:a:{track}", "-af", only, *_speech_file(part)]
    ffmpeg.run([Input(path, options=("-vn", "-sn", "-dn"))], outputs, work_ms=duration_ms, progress=progress)


def _about_length(declared_ms: int, decoded_ms: int) -> tuple[MediaWarning, ...]:
    off = decoded_ms - declared_ms
    if declared_ms == 0 or abs(off) <= max(LEAST_SLACK_MS, min(MOST_SLACK_MS, LENGTH_SLACK * declared_ms)):
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
