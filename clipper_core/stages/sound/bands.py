"""The power in eleven bands, 100 times a second: it tells speech from the noise and music under it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from clipper_core.stages.sound.levels import FRAMES_PER_S, FULL_SCALE, UNTHREADED

# Windows a frame is cut into, and the middles of the bands (Hz) measured with windows of that length. Two of 5 ms
# part the low bands, where music lies; five of 2 ms take in more of the wide high ones, and so vary less in noise.
PLAN = ((2, (200, 500, 800, 1_100)), (5, (1_500, 2_500, 3_500, 4_500, 5_500, 6_500, 7_500)))
HIGHEST = 0.45  # of the sample rate: decoders leave little above

Powers = npt.NDArray[np.float32]
Planes = npt.NDArray[np.float32]


class BandMeter:
    """The power of each band in each frame, full scale = 1, the mean over channels of their powers.

    A windowed Fourier sum at a few frequencies, as one matrix product. Bands beyond half the sample rate are left out.
    Rates from 1 kHz; where neighbouring frames are a sample apart in length, all are measured at the shorter one.
    """

    def __init__(self, sample_rate: int, channels: int) -> None:
        self._length = sample_rate // FRAMES_PER_S
        self._edges = np.arange(FRAMES_PER_S) * sample_rate // FRAMES_PER_S
        self._channels = channels
        self._plan = [
            (parts, _basis(self._length // parts, middles_there, sample_rate))
            for parts, middles in PLAN
            if (middles_there := [hz for hz in middles if hz < HIGHEST * sample_rate])
        ]

    def measure(self, planes: Planes) -> Powers:
        """(frames, bands) of at most a second of sound, (channels, samples) in 16-bit scale.

        A frame that is only begun is measured together with the end of the one before.
        """
        power = self._one(self._frames(planes[0]))
        for plane in planes[1 : self._channels]:
            power += self._one(self._frames(plane))
        power /= self._channels
        return power

    def _frames(self, plane: Planes) -> Planes:
        """(frames, samples) of one channel."""
        # The usual case, frames of one length that follow each other, needs no copy.
        whole, rest = divmod(len(plane), self._length)
        if not rest and whole * self._length == self._edges[whole - 1] + self._length:
            return plane.reshape(whole, self._length)
        if len(plane) < self._length:
            plane = np.pad(plane, (0, self._length - len(plane)))
        starts = np.minimum(self._edges[self._edges < len(plane)], len(plane) - self._length)
        frames: Planes = plane[starts[:, None] + np.arange(self._length)]
        return frames

    def _one(self, frames: Planes) -> Powers:
        return np.concatenate([_power(frames, parts, basis) for parts, basis in self._plan], axis=1)


def _basis(length: int, middles: list[int], sample_rate: int) -> npt.NDArray[np.float32]:
    """(length, 2 * middles): cosine and sine under a Hann window, so that white noise reads its power in every band."""
    window = np.sin(np.pi * (np.arange(length) + 0.5) / length) ** 2
    window /= np.sqrt(np.sum(window**2)) * FULL_SCALE
    turns = 2 * np.pi * np.outer(np.arange(length), middles) / sample_rate
    return np.concatenate([np.cos(turns) * window[:, None], np.sin(turns) * window[:, None]], axis=1).astype(np.float32)


def _power(frames: Planes, parts: int, basis: npt.NDArray[np.float32]) -> Powers:
    """(frames, bands): the mean power over ``parts`` windows of each frame."""
    length, columns = basis.shape
    # Frames go into a product as far as it stays on one thread, in about equal lots, and into one buffer: a matrix
    # product per window would spend its time in calls.
    at_once = max(1, UNTHREADED // (parts * length * columns))  # frames in one product
    at_once = -(-len(frames) // -(-len(frames) // at_once))  # about equally many in each
    cut = frames[:, : parts * length]
    sums = np.empty((len(frames) * parts, columns), dtype=np.float32)
    for first in range(0, len(frames), at_once):
        some = cut[first : first + at_once].reshape(-1, length)
        np.matmul(some, basis, out=sums[first * parts : first * parts + len(some)])
    sums *= sums  # cosine and sine squared add up to the power, whatever the phase
    power: Powers = sums.reshape(len(frames), parts, columns).sum(axis=1)
    power /= parts
    return power[:, : columns // 2] + power[:, columns // 2 :]
