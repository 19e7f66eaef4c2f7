"""Loudness after EBU R 128, measured as the sound goes by."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from clipper_core.domain.loudness import Loudness
from clipper_core.stages.sound.decode import PcmFormat
from clipper_core.stages.sound.levels import FRAMES_PER_S, FULL_SCALE, HEAD, Floats, product

Wide = npt.NDArray[np.float64]

# By how many samples the sound is summed up, in steps, and which lags are looked at on each: chosen by hand so that
# their weighted sum follows the K curve within 0.1 dB at every frequency from 40 Hz on, at every usual rate.
LAGS = ((0, 1, 3), tuple(range(8)), tuple(range(12)), tuple(range(8)))
STEPS = (8, 7)
MIN_RATE = 2_000  # below, there is too little sound above the bass to weight
# BS.1770: surround channels count 1.5 dB more, the bass channel (the fourth) not at all.
SURROUND = {6: (1, 1, 1, 0, 1.41, 1.41), 8: (1, 1, 1, 0, 1.41, 1.41, 1.41, 1.41)}

QUIETEST_LUFS = -70.0
GATE_LU, RANGE_GATE_LU = 10.0, 20.0
MOMENTARY, SHORT_TERM = 4, 30  # parts


class LoudnessMeter:
    """Loudness after ITU-R BS.1770-5, EBU R 128 and Tech 3342, without filtering the sound.

    The power behind a filter is a weighted sum of the sound's autocorrelation. So the K curve is fitted, once for a
    rate, by lag products of the sound itself (for the treble) and of its sums over 6, 48 and 336 samples (at 48 kHz;
    for the bass). Within 0.1 LU of a filter, for a tenth of the work.
    """

    PARTS = 10  # of a second: blocks of 400 ms that overlap by three quarters are four of them
    KEEP = 16  # seconds of sums that are looked at together

    def __init__(self, pcm: PcmFormat) -> None:
        sample_rate, channels = pcm
        few = max(2, round(sample_rate / 8_000))
        self._sizes = (1, few, few * STEPS[0], few * STEPS[0] * STEPS[1])
        self._weights = np.split(_k_weights(sample_rate, self._sizes), np.cumsum([len(lags) for lags in LAGS])[:-1])
        self._rate, self._channels = sample_rate, channels
        self._gains = np.array(SURROUND.get(channels, (1,) * channels))
        # Sums of a second, cut to what can be summed up further: what is left over is a hundredth at most.
        self._second = sample_rate // self._sizes[3] * self._sizes[3] // self._sizes[1]
        ones = np.full((self._sizes[1], 1), 1 / self._sizes[1], np.float32)
        self._summing = np.kron(np.eye(STEPS[0], dtype=np.float32), ones)  # eight sums at once: BLAS likes it better
        self._sums = np.zeros((channels, HEAD + self.KEEP * self._second), np.float32)
        self._heads = [np.zeros((channels, HEAD), np.float32) for _ in STEPS]
        self._kept: list[Wide] = []  # what the sound itself gives, to which its sums are added
        self._parts: list[Wide] = []

    def prime(self, planes: Floats) -> None:
        """Take in the second just before the first: lags of the first reach back into it."""
        self.add(planes, np.zeros((FRAMES_PER_S, self._channels), np.float32))
        self._settle()
        self._parts.clear()

    def add(self, planes: Floats, power: Floats) -> None:
        """``planes``: (channels, HEAD + samples); ``power``: (frames, channels). A begun second is left out.

        The first are in 16-bit scale, the power has full scale = 1.
        """
        if planes.shape[1] < HEAD + self._rate or self._rate < MIN_RATE:
            return
        size, at = self._sizes[1], HEAD + len(self._kept) * self._second
        for plane, sums in zip(planes, self._sums, strict=True):
            whole = plane[HEAD : HEAD + self._second * size].reshape(-1, STEPS[0] * size)
            sums[at : at + self._second] = product(whole, self._summing).reshape(-1)
        itself = power.reshape(self.PARTS, -1, self._channels).mean(axis=1, dtype=np.float64).T * FULL_SCALE**2
        self._kept.append(self._weights[0][0] * itself + self._products(planes, 0, 1))
        if len(self._kept) == self.KEEP:
            self._settle()

    def _settle(self) -> None:
        """Take in the sums of all seconds that are kept."""
        seconds = len(self._kept)
        if not seconds:
            return
        total = np.concatenate(self._kept, axis=1)
        level = self._sums[:, : HEAD + seconds * self._second]
        total += self._products(level, 1, seconds)
        for number, (step, head) in enumerate(zip(STEPS, self._heads, strict=True), start=2):
            now = level[:, HEAD:].reshape(self._channels, -1, step) @ np.full(step, 1 / step, np.float32)
            level = np.concatenate([head, now], axis=1)
            head[:] = level[:, -HEAD:]
            total += self._products(level, number, seconds)
        self._parts.append(self._gains @ total / FULL_SCALE**2)
        self._sums[:, :HEAD] = self._sums[:, seconds * self._second : HEAD + seconds * self._second]
        self._kept.clear()

    def _products(self, level: Floats, number: int, seconds: int) -> Wide:
        """The weighted lag products of every tenth of these seconds, as (channels, tenths)."""
        second = (level.shape[1] - HEAD) // seconds
        part = second // self.PARTS

        def back(lag: int) -> Floats:
            by_second = level[:, HEAD - lag : HEAD - lag + second * seconds].reshape(self._channels, seconds, second)
            return by_second[:, :, : part * self.PARTS].reshape(self._channels, seconds, self.PARTS, part)

        now, out = back(0), np.zeros((self._channels, seconds, self.PARTS))
        for lag, weight in list(zip(LAGS[number], self._weights[number], strict=True))[number == 0 :]:
            out += weight / part * np.vecdot(now, back(lag))
        return out.reshape(self._channels, -1)

    def join(self, later: LoudnessMeter) -> None:
        """Append the measurements of ``later``, which began just where this one ended."""
        self._settle()
        later._settle()
        self._parts += later._parts

    def loudness(self) -> Loudness:
        """The loudness of all that was measured so far."""
        self._settle()
        parts = np.maximum(np.concatenate(self._parts), 0) if self._parts else np.zeros(0)
        momentary, short_term = _means(parts, MOMENTARY), _means(parts, SHORT_TERM)
        return Loudness(_integrated(momentary), _range(short_term), _greatest(momentary), _greatest(short_term))


def _means(parts: Wide, count: int) -> Wide:
    """The mean of every ``count`` parts that follow each other."""
    sums = np.concatenate(([0], np.cumsum(parts)))
    return (sums[count:] - sums[:-count]) / count if len(parts) >= count else parts[:0]


def _integrated(blocks: Wide) -> float | None:
    loud = _gated(blocks, GATE_LU)
    return round(_lufs(loud.mean()), 2) if len(loud) else None


def _range(blocks: Wide) -> float | None:
    loud = _gated(blocks, RANGE_GATE_LU)
    if not len(loud):
        return None
    # Tech 3342: from the 10th to the 95th percentile, so that neither a fade nor a single bang makes the range.
    # Computed as np.quantile does, which would load numpy's masked arrays.
    low, high = np.interp(np.array([0.1, 0.95]) * (len(loud) - 1), np.arange(len(loud)), np.sort(loud))
    return round(_lufs(high) - _lufs(low), 2)


def _greatest(blocks: Wide) -> float | None:
    loud = blocks[blocks > _power(QUIETEST_LUFS)]
    return round(_lufs(loud.max()), 2) if len(loud) else None


def _gated(blocks: Wide, lu: float) -> Wide:
    """The blocks that count: above -70 LUFS, and above ``lu`` below the mean of those (the two gates of BS.1770)."""
    loud = blocks[blocks > _power(QUIETEST_LUFS)]
    return loud[loud > _power(_lufs(loud.mean()) - lu)] if len(loud) else loud


def _lufs(power: float) -> float:
    return float(-0.691 + 10 * np.log10(power))  # so that a full-scale tone of 997 Hz reads -3.01 LUFS


def _power(lufs: float) -> float:
    return float(10 ** ((lufs + 0.691) / 10))


def _k_weights(rate: int, sizes: tuple[int, ...]) -> Wide:
    """The weights of all lag products, by least squares of the relative error over the audible range."""
    hertz = np.geomspace(8, rate / 2, 600)
    turn = 2 * np.pi * hertz / rate
    # By the Wiener-Khinchin theorem the power behind a filter is the autocorrelation of the sound times that of the
    # filter, summed over lags. At a frequency w lag n gives cos(n w), a sum a sinc.
    columns = []
    for size, lags in zip(sizes, LAGS, strict=True):
        summed = (np.sin(turn * size / 2) / (size * np.sin(turn / 2))) ** 2
        columns += [summed * np.cos(lag * size * turn) for lag in lags]
    wanted = _k_curve(rate, hertz)
    relative = 1 / np.maximum(wanted, 0.02)  # an error counts by its share; deep bass, which hardly counts, by less
    matrix = np.stack(columns, axis=1) * relative[:, None]
    small = np.eye(len(columns)) * 1e-4  # keeps weights from growing against each other
    targets = np.append(wanted * relative, np.zeros(len(columns)))
    weights, *_ = np.linalg.lstsq(np.vstack([matrix, small]), targets, rcond=None)
    return np.asarray(weights)


def _k_curve(rate: int, hertz: Wide) -> Wide:
    """|H|^2 of the K weighting. Its two filters in the analogue form that BS.1770's figures for 48 kHz come from."""
    z = np.exp(-2j * np.pi * hertz / rate)
    gain, middle = 10 ** (3.999843853973347 / 20), 10 ** (3.999843853973347 / 20 * 0.4996667741545416)
    k, q = np.tan(np.pi * 1681.974450955533 / rate), 0.7071752369554196
    shelf = (gain + middle * k / q + k * k) + 2 * (k * k - gain) * z + (gain - middle * k / q + k * k) * z * z
    shelf /= (1 + k / q + k * k) + 2 * (k * k - 1) * z + (1 - k / q + k * k) * z * z
    k, q = np.tan(np.pi * 38.13547087602444 / rate), 0.5003270373238773
    # Not divided by a0: so the standard has it.
    high = (1 - z) ** 2 / (
        1 + 2 * (k * k - 1) / (1 + k / q + k * k) * z + (1 - k / q + k * k) / (1 + k / q + k * k) * z * z
    )
    return np.asarray(np.abs(shelf * high) ** 2)
