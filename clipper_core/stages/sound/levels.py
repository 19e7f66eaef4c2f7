"""Levels and peaks of sound, 100 times a second."""

from __future__ import annotations

import zlib
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from clipper_core.domain.envelope import CHANNEL_STEP_CDB, FLOOR_CDB, FRAME_MS
from clipper_core.stages.sound.decode import PcmFormat, Samples

Floats = npt.NDArray[np.float32]

FRAMES_PER_S = 1_000 // FRAME_MS
FULL_SCALE = 32_768
HEAD = 16  # samples kept of the second before: more than the longest lag that loudness looks back by
CANCELLED = 0.1  # of the power that unrelated channels would leave in their mean
UNTHREADED = 262_144  # multiply-adds: OpenBLAS spreads larger products over threads, which wait for each other
SETTLE_S = 64  # seconds whose logarithms are taken at once


class Planes:
    """The samples of a block as floats, a row for each channel, after the last ``HEAD`` samples of the block before."""

    def __init__(self, pcm: PcmFormat) -> None:
        self._all = np.zeros((pcm.channels, HEAD + pcm.sample_rate), np.float32)

    def of(self, block: Samples) -> Floats:
        """(channels, HEAD + samples); overwritten by the next."""
        self._all[:, :HEAD] = self._all[:, -HEAD:]
        now = self._all[:, HEAD : HEAD + len(block)]
        if block.shape[1] == 2:  # halves of a 32-bit word: faster than every other sample
            pairs = block.view("<i4")[:, 0]
            now[0], now[1] = (pairs << 16) >> 16, pairs >> 16
        else:
            now[:] = block.T
        return self._all[:, : HEAD + len(block)]


class Rows(NamedTuple):
    """A row for every frame: see Envelope. ``apart`` is (frames, channels)."""

    level_cdb: npt.NDArray[np.int16]
    apart: npt.NDArray[np.int8]
    low: npt.NDArray[np.int8]
    high: npt.NDArray[np.int8]


class Meter:
    """Levels and peaks of the sound so far, packed: of 12 hours they would fill a good deal of memory."""

    def __init__(self, pcm: PcmFormat) -> None:
        self._rate, self._channels = pcm
        self._whole = self._rate % FRAMES_PER_S == 0
        self._edges = np.arange(FRAMES_PER_S) * self._rate // FRAMES_PER_S
        self._waiting: list[tuple[Floats, Samples, Samples]] = []
        self._packed = tuple[list[bytes], ...]([] for _ in Rows._fields)
        self._together = np.zeros((self._channels, self._channels))
        self.samples = 0

    def add(self, block: Samples, planes: Floats) -> Floats:
        """Take in samples, and the same as floats (see Planes); the power of its (frames, channels), full scale = 1."""
        now = planes[:, HEAD:]
        frames = self._frames if self._whole and len(block) == self._rate else self._ragged
        power, low, high = frames(now, block)
        power /= np.float32(FULL_SCALE**2)
        self._waiting.append((power, low, high))
        if len(self._waiting) >= SETTLE_S:
            self._settle()
        self._compare(now)
        self.samples += len(block)
        return power

    def _frames(self, planes: Floats, block: Samples) -> tuple[Floats, Samples, Samples]:
        by_frame = planes.reshape(self._channels, FRAMES_PER_S, -1)
        whole = block.reshape(FRAMES_PER_S, -1)
        power: Floats = np.vecdot(by_frame, by_frame).T / np.float32(by_frame.shape[2])
        return power, whole.min(axis=1), whole.max(axis=1)

    def _ragged(self, planes: Floats, block: Samples) -> tuple[Floats, Samples, Samples]:
        edges = self._edges[self._edges < len(block)]  # at rates that 100 does not divide, frames differ by a sample
        counts = np.diff(np.append(edges, len(block)))[:, None]
        power = np.add.reduceat(np.square(planes, dtype=np.float64), edges, axis=1).T / counts
        low = np.minimum.reduceat(block.min(axis=1), edges)
        return power.astype(np.float32), low, np.maximum.reduceat(block.max(axis=1), edges)

    def _compare(self, planes: Floats) -> None:
        """Add up the products of every two channels: from their sums follow the loudest and whether they cancel."""
        if self._channels > 2:
            self._together += planes @ planes.T
        elif self._channels == 2:
            a, b = planes
            self._together += [[_dot(a, a), _dot(a, b)], [_dot(a, b), _dot(b, b)]]

    def _settle(self) -> None:
        """Turn the powers that wait into levels, and pack them."""
        if not self._waiting:
            return
        # A logarithm costs more to call than to work out, so they are taken for a minute of frames together.
        power, low, high = (np.concatenate(row) for row in zip(*self._waiting, strict=True))
        self._waiting.clear()
        level = _cdb(power.mean(axis=1, dtype=np.float64))
        apart = np.rint((_cdb(power).astype(np.int32) - level[:, None]) / CHANNEL_STEP_CDB).clip(-128, 127)
        # Towards 0, so that a sample of -1 does not draw a line.
        rows: tuple[npt.NDArray[Any], ...] = (
            level,
            apart.astype(np.int8),
            *((x / 256).astype(np.int8) for x in (low, high)),
        )
        for pieces, row in zip(self._packed, rows, strict=True):
            by_byte = row.reshape(len(row), -1).view(np.uint8).T  # high bytes hardly change, and so pack well
            pieces.append(zlib.compress(by_byte.tobytes(), 1))

    def join(self, later: Meter) -> None:
        """Append the measurements of ``later``, which began just where this one ended."""
        self._settle()
        later._settle()
        for pieces, more in zip(self._packed, later._packed, strict=True):
            pieces += more
        later._packed = ()
        self._together += later._together
        self.samples += later.samples

    def rows(self) -> Rows:
        """All that was measured. Nothing can be added afterwards: the memory is given up."""
        self._settle()
        (level, apart, low, high), self._packed = self._packed, ()
        return Rows(
            _unpacked(level, np.int16, 1)[:, 0],
            _unpacked(apart, np.int8, self._channels),
            _unpacked(low, np.int8, 1)[:, 0],
            _unpacked(high, np.int8, 1)[:, 0],
        )

    @property
    def loudest(self) -> int:
        """The channel with the most power."""
        return int(np.argmax(np.diag(self._together)))

    @property
    def cancels(self) -> bool:
        """True if the mean of the channels holds far less power than that of unrelated channels would."""
        return bool(self._together.sum() < CANCELLED * np.trace(self._together))


def _unpacked(pieces: list[bytes], kind: type[np.int8 | np.int16], columns: int) -> npt.NDArray[Any]:
    """(frames, columns)."""
    size = columns * np.dtype(kind).itemsize
    parts = (np.frombuffer(zlib.decompress(piece), np.uint8).reshape(size, -1).T for piece in pieces)
    rows = [np.ascontiguousarray(part).view(kind) for part in parts]
    return np.concatenate(rows) if rows else np.zeros((0, columns), kind)


def _dot(a: Floats, b: Floats) -> float:
    """The sum of products, in pieces that stay on one thread."""
    piece = 4_800
    whole = len(a) // piece * piece
    inside = np.vecdot(a[:whole].reshape(-1, piece), b[:whole].reshape(-1, piece)).sum(dtype=np.float64)
    return float(inside + np.vdot(a[whole:], b[whole:]))


def product(rows: Floats, matrix: Floats) -> Floats:
    """``rows @ matrix``, in pieces that stay on one thread."""
    at_once = max(1, UNTHREADED // matrix.size)
    whole = len(rows) // at_once * at_once
    inside: Floats = (rows[:whole].reshape(-1, at_once, rows.shape[1]) @ matrix).reshape(-1, matrix.shape[1])
    return inside if whole == len(rows) else np.concatenate([inside, rows[whole:] @ matrix])


def _cdb(power: npt.NDArray[np.floating]) -> npt.NDArray[np.int16]:
    with np.errstate(divide="ignore"):
        level = 1_000 * np.log10(power.astype(np.float64))
    cdb: npt.NDArray[np.int16] = np.rint(np.maximum(level, FLOOR_CDB)).astype(np.int16)
    return cdb
