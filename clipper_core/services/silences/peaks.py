"""The waveform of a recording at the resolution asked for: from its envelope, and closer from its speech sound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from clipper_core.adapters.speech.speech_audio import BYTES_PER_MS, SAMPLES_PER_MS
from clipper_core.db.lookups import NOT_MAPPED
from clipper_core.domain.envelope import FRAME_MS
from clipper_core.errors import BadRange, NotReady
from clipper_core.services.assets import Files, MeasuredArtifacts

Row = npt.NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class PeaksView:
    """The smallest and greatest sample (-128 to 127) in equal parts of a time range.

    Whole numbers of any channel where a part is 10 ms or longer, else with two decimals and of the channels' mean.
    """

    start_ms: int
    end_ms: int
    low: Row
    high: Row

    @property
    def resolution_ms(self) -> float:
        return (self.end_ms - self.start_ms) / len(self.low)


class Peaks:
    def __init__(self, measured: MeasuredArtifacts, files: Files) -> None:
        self._measured = measured
        self._files = files

    def of(
        self, map_id: str | None, speech_id: str | None, start_ms: int, end_ms: int | None, points: int
    ) -> PeaksView:
        """The waveform of a part of a recording.

        Args:
            map_id: The recording's silence map; None before there is one.
            speech_id: The asset that holds its speech sound, if it is stored.
            start_ms: Where the part begins, in ms of the recording.
            end_ms: Where it ends, in ms; None for the recording's end.
            points: Into how many equal parts it is divided at most. There are fewer where nothing finer is stored.

        Raises:
            NotReady: The recording is not mapped yet.
            BadRange: The part lies outside the recording.
        """
        if map_id is None:
            raise NotReady(NOT_MAPPED)
        envelope = self._measured.envelope(map_id)
        end_ms = envelope.duration_ms if end_ms is None else min(end_ms, envelope.duration_ms)
        if start_ms >= end_ms:
            raise BadRange
        if end_ms - start_ms < points * FRAME_MS and speech_id is not None:
            low, high = sound_peaks(self._sound(speech_id, start_ms, end_ms), points)
        else:
            low, high = envelope.peaks(start_ms, end_ms, points)
        return PeaksView(start_ms, end_ms, low, high)

    def _sound(self, speech_id: str, start_ms: int, end_ms: int) -> npt.NDArray[np.int16]:
        """A part of the speech sound, zeros past its end. Only its own bytes are read from the store."""
        data = self._files.part(speech_id, start_ms * BYTES_PER_MS, end_ms * BYTES_PER_MS)
        samples = np.frombuffer(data, dtype="<i2", count=len(data) // 2)
        sound = np.zeros((end_ms - start_ms) * SAMPLES_PER_MS, np.int16)
        sound[: len(samples)] = samples
        return sound


def sound_peaks(sound: npt.NDArray[np.int16], points: int) -> tuple[Row, Row]:
    """The smallest and greatest of at most ``points`` equal parts of samples, in 1/128 of full scale."""
    count = min(points, len(sound))
    edges = np.arange(count, dtype=np.int64) * len(sound) // count
    return _rounded(np.minimum.reduceat(sound, edges)), _rounded(np.maximum.reduceat(sound, edges))


def _rounded(samples: npt.NDArray[np.int16]) -> Row:
    rounded: Row = np.round(np.minimum(samples.astype(np.float64) / 256, 127.0), 2)
    return rounded
