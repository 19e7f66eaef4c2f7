"""How loud a recording is, 100 times a second: what silences are found in, and what a waveform is drawn from."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FRAME_MS = 10
FLOOR_CDB = -12_000  # hundredths of a dB; nothing is called quieter
VERSION = 1

Levels = npt.NDArray[np.int16]
Peaks = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True, eq=False)
class Envelope:
    """One entry for every begun 10 ms of the recording, from t = 0.

    ``level_cdb`` is the power in hundredths of dBFS, the mean over channels of their powers, so that channels of
    opposite phase don't cancel. ``low`` and ``high`` are the least and greatest sample of any channel, in 1/128.
    """

    level_cdb: Levels
    low: Peaks
    high: Peaks
    duration_ms: int
    sample_rate: int
    channels: int

    def __post_init__(self) -> None:
        if not len(self.level_cdb) == len(self.low) == len(self.high):
            raise ValueError("an envelope's rows must be of one length")

    @property
    def frames(self) -> int:
        return len(self.level_cdb)

    def level_db(self, start_ms: int, end_ms: int) -> float:
        """The mean level of a stretch, in dBFS."""
        first = max(0, start_ms // FRAME_MS)
        part = self.level_cdb[first : max(first + 1, -(-end_ms // FRAME_MS))]
        return mean_db(part)

    def peaks(self, from_ms: int, to_ms: int, points: int) -> tuple[Peaks, Peaks]:
        """The least and greatest sample in each of ``points`` equal parts of a stretch.

        Fewer parts where there are fewer entries; none outside the recording. No peak is lost.
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
        buffer = io.BytesIO()
        np.savez_compressed(buffer, about=about, level_cdb=self.level_cdb, low=self.low, high=self.high)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Envelope:
        """What ``to_bytes`` wrote. Raises ValueError for anything else."""
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as stored:
                version, duration_ms, sample_rate, channels = stored["about"].tolist()
                rows = stored["level_cdb"], stored["low"], stored["high"]
        except Exception as error:  # numpy and zipfile raise a dozen kinds
            raise ValueError("not a stored envelope") from error
        if version != VERSION:
            raise ValueError(f"an envelope of version {version}, not {VERSION}")
        return cls(*rows, duration_ms, sample_rate, channels)


def mean_db(level_cdb: Levels) -> float:
    """The level of the mean power, in dBFS with two decimals, never below -120."""
    if not len(level_cdb):
        return FLOOR_CDB / 100
    power = float(np.mean(np.power(10.0, level_cdb.astype(np.float64) / 1_000)))
    return max(FLOOR_CDB / 100, round(10 * float(np.log10(power)), 2))
