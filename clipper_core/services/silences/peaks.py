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
from clipper_core.services.assets.files import Files
from clipper_core.services.assets.measured import MeasuredArtifacts
from clipper_core.services.projects.views import ProjectView

Row = npt.NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class PeaksView:
    """The least and greatest sample (-128 to 127) in equal parts of a stretch.

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

    def of(self, project: ProjectView, start_ms: int, end_ms: int | None, points: int) -> PeaksView:
        """At most ``points`` parts of a stretch; ``end_ms`` None is the end. Fewer where there is nothing finer.

        Raises NotReady before the recording is mapped, BadRange where nothing of the stretch lies in it.
        """
        if project.map_id is None:
            raise NotReady(NOT_MAPPED)
        envelope = self._measured.envelope(project.map_id)
        end_ms = envelope.duration_ms if end_ms is None else min(end_ms, envelope.duration_ms)
        if start_ms >= end_ms:
            raise BadRange
        if end_ms - start_ms < points * FRAME_MS and project.speech_id is not None:
            low, high = sound_peaks(self._sound(project.speech_id, start_ms, end_ms), points)
        else:
            low, high = envelope.peaks(start_ms, end_ms, points)
        return PeaksView(start_ms, end_ms, low, high)

    def _sound(self, speech_id: str, start_ms: int, end_ms: int) -> npt.NDArray[np.int16]:
        """The stretch of the speech sound, read from the store alone; nothing follows where it ends early."""
        data = self._files.part(speech_id, start_ms * BYTES_PER_MS, end_ms * BYTES_PER_MS)
        there = np.frombuffer(data, dtype="<i2", count=len(data) // 2)
        sound = np.zeros((end_ms - start_ms) * SAMPLES_PER_MS, np.int16)
        sound[: len(there)] = there
        return sound


def sound_peaks(sound: npt.NDArray[np.int16], points: int) -> tuple[Row, Row]:
    """The least and greatest of at most ``points`` equal parts of samples, in 1/128 of full scale."""
    count = min(points, len(sound))
    edges = np.arange(count, dtype=np.int64) * len(sound) // count
    return _rounded(np.minimum.reduceat(sound, edges)), _rounded(np.maximum.reduceat(sound, edges))


def _rounded(samples: npt.NDArray[np.int16]) -> Row:
    rounded: Row = np.round(np.minimum(samples.astype(np.float64) / 256, 127.0), 2)
    return rounded
