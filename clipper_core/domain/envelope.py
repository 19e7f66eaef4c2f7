"""The level of a recording, 100 times a second: silences are found in it, and a waveform is drawn from it."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from clipper_core.domain.contrast import Contrast
from clipper_core.domain.loudness import Loudness

FRAME_MS = 10
FLOOR_CDB = -12_000  # hundredths of a dB; nothing is called quieter
CHANNEL_STEP_CDB = 50  # channels' levels are kept as their distance to the level, in half decibels
VERSION = 2

Levels = npt.NDArray[np.int16]
Peaks = npt.NDArray[np.int8]
Voice = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Envelope:
    """One entry for every begun 10 ms of the recording, from t = 0.

    ``level_cdb`` is the power in hundredths of dBFS, the mean over channels of their powers, so that channels of
    opposite phase don't cancel. ``low`` and ``high`` are the least and greatest sample of any channel, in 1/128.
    ``apart`` (frames, channels) is how far each channel lies over the level in half decibels; None for one channel.
    ``contrast`` is None where it was never measured; ``voice`` is the chance in percent that there is a voice, None
    where voice activity was not measured.
    """

    level_cdb: Levels
    low: Peaks
    high: Peaks
    duration_ms: int
    sample_rate: int
    channels: int
    apart: Peaks | None = None
    contrast: Contrast | None = None
    loudness: Loudness = field(default_factory=Loudness)
    voice: Voice | None = None

    def __post_init__(self) -> None:
        over = self.contrast.over if self.contrast is not None else None
        rows: tuple[npt.NDArray[Any] | None, ...] = (self.low, self.high, self.apart, over, self.voice)
        lengths = {self.frames, *(len(row) for row in rows if row is not None)}
        if len(lengths) != 1:
            raise ValueError("an envelope's rows must be of one length")
        flat = (self.level_cdb, self.low, self.high, self.voice)
        if any(row.ndim != 1 for row in flat if row is not None) or self.duration_ms < 0:
            raise ValueError("an envelope has one value for each frame")
        if self.apart is not None and self.apart.shape != (self.frames, self.channels):
            raise ValueError("an envelope has one value for each frame and channel")

    @property
    def frames(self) -> int:
        """The number of entries."""
        return len(self.level_cdb)

    def level_db(self, start_ms: int, end_ms: int) -> float:
        """The mean level from ``start_ms`` to ``end_ms``, in dBFS."""
        first = max(0, start_ms // FRAME_MS)
        part = self.level_cdb[first : max(first + 1, -(-end_ms // FRAME_MS))]
        return mean_db(part)

    def peaks(self, from_ms: int, to_ms: int, points: int) -> tuple[Peaks, Peaks]:
        """The least and greatest sample in each of ``points`` equal parts of a range. No peak is lost.

        Args:
            from_ms: Where the range begins.
            to_ms: Where it ends.
            points: How many parts are wanted.

        Returns:
            (parts,) each, in 1/128. Fewer parts where there are fewer entries; none outside the recording.
        """
        first, last = max(0, from_ms // FRAME_MS), min(self.frames, -(-to_ms // FRAME_MS))
        count = min(points, last - first)
        if count <= 0:
            return self.low[:0], self.high[:0]
        edges = first + np.arange(count, dtype=np.int64) * (last - first) // count
        low = np.minimum.reduceat(self.low[:last], edges)
        return low, np.maximum.reduceat(self.high[:last], edges)

    def to_bytes(self) -> bytes:
        """The envelope as a compressed NumPy archive."""
        about = np.array([VERSION, self.duration_ms, self.sample_rate, self.channels], dtype=np.int64)
        rows: dict[str, Any] = {"low": _steps(self.low), "high": _steps(self.high)}
        if self.apart is not None:
            rows["apart"] = self.apart.T
        if self.contrast is not None:
            rows |= {"over": _steps(self.contrast.over), "margin": self.contrast.margin, "loud": self.contrast.loud}
        if self.voice is not None:
            rows["voice"] = _steps(self.voice.view(np.int8))
        loudness = self.loudness
        lufs = [loudness.integrated_lufs, loudness.range_lu, loudness.momentary_lufs, loudness.short_term_lufs]
        rows["loudness"] = np.array([np.nan if x is None else x for x in lufs], np.float32)
        buffer = io.BytesIO()
        np.savez_compressed(buffer, about=about, level=_in_bytes(_steps(self.level_cdb)), **rows)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Envelope:
        """Read what ``to_bytes`` wrote, in this version or an earlier one. Raises ValueError for anything else."""
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as stored:
                version, *about = stored["about"].tolist()
                rows = {name: stored[name] for name in stored.files} if version in (1, VERSION) else {}
        except Exception as error:  # numpy and zipfile raise a dozen kinds
            raise ValueError("not a stored envelope") from error
        if not rows:
            raise ValueError(f"an envelope of version {version}, not {VERSION}")
        try:
            return cls(**_first_version(rows, about)) if version == 1 else cls(**_second_version(rows, about))
        except (KeyError, TypeError) as error:
            raise ValueError("not a stored envelope") from error


def _first_version(rows: dict[str, Any], about: list[int]) -> dict[str, Any]:
    duration_ms, sample_rate, channels = about
    levels = {"level_cdb": rows["level_cdb"], "low": rows["low"], "high": rows["high"]}
    return {**levels, "duration_ms": duration_ms, "sample_rate": sample_rate, "channels": channels}


def _second_version(rows: dict[str, Any], about: list[int]) -> dict[str, Any]:
    duration_ms, sample_rate, channels = about
    contrast = Contrast(_summed(rows["over"]), rows["margin"], rows["loud"]) if "over" in rows else None
    loudness = [None if np.isnan(x) else round(float(x), 2) for x in rows["loudness"]]
    return {
        "level_cdb": _summed(_in_words(rows["level"])),
        "low": _summed(rows["low"]),
        "high": _summed(rows["high"]),
        "duration_ms": duration_ms,
        "sample_rate": sample_rate,
        "channels": channels,
        "apart": rows["apart"].T if "apart" in rows else None,
        "contrast": contrast,
        "loudness": Loudness(*loudness),
        "voice": _summed(rows["voice"]).view(np.uint8) if "voice" in rows else None,
    }


# Neighbours are alike, so steps between them are small, and small numbers pack well: a third is saved.


def _steps(row: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """From each entry to the next; what overflows comes back when it is summed."""
    return np.diff(row, prepend=np.zeros(1, row.dtype))


def _summed(steps: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return np.cumsum(steps, dtype=steps.dtype)


def _in_bytes(words: Levels) -> npt.NDArray[np.uint8]:
    """The low bytes, then the high ones; steps up and down get high bytes alike, by their sign in the lowest bit.

    The latter is the zigzag encoding of Protocol Buffers.
    """
    plain = (words.astype(np.uint16) << np.uint16(1)) ^ (words >> np.int16(15)).astype(np.uint16)
    return np.concatenate([(plain & np.uint16(255)).astype(np.uint8), (plain >> np.uint16(8)).astype(np.uint8)])


def _in_words(data: npt.NDArray[np.uint8]) -> Levels:
    low, high = data.reshape(2, -1).astype(np.uint16)
    plain = low | (high << np.uint16(8))
    words: Levels = ((plain >> np.uint16(1)) ^ (np.uint16(0) - (plain & np.uint16(1)))).astype(np.int16)
    return words


def mean_db(level_cdb: Levels) -> float:
    """The level of the mean power, in dBFS with two decimals, never below -120."""
    if not len(level_cdb):
        return FLOOR_CDB / 100
    power = float(np.mean(np.power(10.0, level_cdb.astype(np.float64) / 1_000)))
    return max(FLOOR_CDB / 100, round(10 * float(np.log10(power)), 2))
