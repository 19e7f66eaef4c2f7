"""Sound made into what silences are found in, without a file or a decoder."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from clipper_core.domain.envelope import FLOOR_CDB, Envelope
from clipper_core.domain.silence import SilenceSettings
from clipper_core.stages.silence.contrast_in_pieces import ContrastMeter
from clipper_core.stages.silence.find import find_silences
from clipper_core.stages.sound.bands import BandMeter
from tests.unit.conftest import Sound

Rows = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]
RATE = 48_000


def measured(sound: Sound, rate: int = RATE) -> Rows:
    """Bands and level of all its frames."""
    meter = BandMeter(rate, sound.shape[1])
    edges = np.arange(100) * rate // 100
    bands, levels = [], []
    for first in range(0, len(sound), rate):
        planes = np.ascontiguousarray(sound[first : first + rate].T, dtype=np.float32)
        starts = edges[edges < planes.shape[1]]
        square = np.add.reduceat((planes**2).mean(axis=0), starts) / np.diff(np.append(starts, planes.shape[1]))
        bands.append(meter.measure(planes))
        levels.append((square / 32_768**2).astype(np.float32))
    return np.concatenate(bands), np.concatenate(levels)


def listened(rows: Rows, meter: ContrastMeter | None = None, step: int = 100) -> ContrastMeter:
    meter = meter or ContrastMeter()
    for first in range(0, len(rows[1]), step):
        meter.add(rows[0][first : first + step], rows[1][first : first + step])
    return meter


def heard(sound: Sound, rate: int = RATE, *, contrast: bool = True) -> Envelope:
    bands, level = measured(sound, rate)
    level_cdb = np.rint(np.maximum(1_000 * np.log10(np.maximum(level, 1e-13)), FLOOR_CDB)).astype(np.int16)
    row = np.zeros(len(level), np.int8)
    found = listened((bands, level)).finish() if contrast else None
    return Envelope(level_cdb, row, row, round(len(sound) * 1_000 / rate), rate, sound.shape[1], contrast=found)


def silences_of(sound: Sound, rate: int = RATE, least_ms: int = 200, **settings: float) -> list[tuple[int, int]]:
    found = find_silences(heard(sound, rate), SilenceSettings(**settings)).silences  # type: ignore[arg-type]
    return [(s.start_ms, s.end_ms) for s in found if s.length_ms >= least_ms]
