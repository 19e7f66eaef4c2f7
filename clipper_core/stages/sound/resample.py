"""Make the speech sound, for recognisers and the aligner: 16 kHz, mono, 16 bit."""

from __future__ import annotations

import math
import os
from typing import BinaryIO

import numpy as np

from clipper_core.stages.sound.decode import PcmFormat
from clipper_core.stages.sound.levels import HEAD, Floats, product

SPEECH_RATE = 16_000
AT_ONCE = 32  # outputs of one product
TAPS = 24  # of the low-pass on either side, counted at the lower of the two rates
BETA = 7.0  # of its Kaiser window: 70 dB
CUT = 0.47  # of the lower rate


class SpeechSound:
    """16 kHz mono, the mean of the channels, into ``file`` from second ``from_s`` on.

    A polyphase low-pass written as one matrix product: a row holds ``down`` samples and the taps about them, and the
    matrix makes ``up`` samples of it. What it writes is in time with what it reads, but comes ``delay`` samples later.
    """

    def __init__(self, pcm: PcmFormat, file: BinaryIO, from_s: int = 0) -> None:
        sample_rate, channels = pcm
        if not self.can(sample_rate):
            raise ValueError(f"no resampling from {sample_rate} Hz")
        up, down, times = _ratio(sample_rate)
        self._up, self._down = up * times, down * times
        self._side = math.ceil(TAPS * max(1.0, sample_rate / SPEECH_RATE))
        self._delay = -(-(self._side + 1) // self._down) * self._down
        self._matrices = _low_pass(sample_rate, self._up, self._down, self._side)
        self._mean = np.full(channels, 1 / channels, np.float32)
        self._mono = np.zeros(self._delay + self._side + sample_rate, np.float32)  # the taps' reach back, and a second
        self._rate, self._file = sample_rate, file
        self._next = from_s * SPEECH_RATE - self._delay * self._up // self._down  # negative: before the beginning
        self.samples = from_s * sample_rate

    @staticmethod
    def can(sample_rate: int) -> bool:
        """True if the ratio of the rates makes a small matrix. Else FFmpeg has to do it."""
        up, down, _ = _ratio(sample_rate)
        return up * down <= 1_000_000

    def prime(self, planes: Floats) -> None:
        """Take in the second just before the first."""
        self._take(planes)

    def add(self, planes: Floats) -> None:
        """Resample ``planes``: (channels, HEAD + samples), of which the head came with the second before."""
        self._take(planes)
        self.samples += planes.shape[1] - HEAD
        rows, stride = self._rate // self._down, self._mono.strides[0]
        sound = np.empty((rows, self._up), np.float32)
        done = 0
        for start, matrix in self._matrices:
            wide, count = matrix.shape
            windows = np.lib.stride_tricks.as_strided(self._mono[start:], (rows, wide), (self._down * stride, stride))
            sound[:, done : done + count] = product(np.ascontiguousarray(windows), matrix)  # BLAS wants rows apart
            done += count
        self._write(sound.reshape(-1))

    def _take(self, planes: Floats) -> None:
        before, size = len(self._mono) - self._rate, planes.shape[1] - HEAD
        self._mono[:before] = self._mono[-before:]
        now = self._mono[before : before + size]
        np.multiply(planes[0, HEAD:], self._mean[0], out=now)
        for plane, share in zip(planes[1:, HEAD:], self._mean[1:], strict=True):
            now += plane * share
        self._mono[before + size :] = 0  # a second that is only begun ends in silence

    def _write(self, sound: Floats) -> None:
        # By position: two halves write into one file side by side.
        early = max(0, -self._next)
        np.rint(sound, out=sound)
        np.clip(sound, -32_768, 32_767, out=sound)
        at = (self._next + early) * 2
        data = memoryview(sound[early:].astype("<i2").tobytes())
        while data:
            written = os.pwrite(self._file.fileno(), data, at)
            data, at = data[written:], at + written
        self._next += len(sound)

    def finish(self) -> None:
        """Write what is still to come, and cut the file to the length of the sound."""
        samples = self.samples
        self.add(np.zeros((len(self._mean), HEAD + self._rate), np.float32))
        self.samples = samples
        self._file.truncate(round(samples * SPEECH_RATE / self._rate) * 2)


def _ratio(sample_rate: int) -> tuple[int, int, int]:
    """The samples out and in of one step, and the number of steps that make a row worth a product."""
    step = math.gcd(sample_rate, SPEECH_RATE)
    up, down = SPEECH_RATE // step, sample_rate // step
    return up, down, next(t for t in range(max(1, AT_ONCE // up), 0, -1) if step % t == 0)


def _low_pass(rate: int, up: int, down: int, side: int) -> list[tuple[int, Floats]]:
    """Pairs of a first sample and (samples, outputs), for a few outputs each: away from it they have no weight.

    Column k weighs the samples about the moment of output k, by a sinc under a Kaiser window (Crochiere and Rabiner,
    "Multirate Digital Signal Processing", 1983, on polyphase filters).
    """
    parts = []
    for first in range(0, up, AT_ONCE):
        outputs = np.arange(first, min(up, first + AT_ONCE)) * down / up
        start = int(outputs[0])
        away = np.arange(start, math.ceil(outputs[-1]) + 2 * side + 1)[:, None] - side - outputs
        window = np.i0(BETA * np.sqrt(np.maximum(0, 1 - (away / side) ** 2))) / np.i0(BETA) * (np.abs(away) <= side)
        taps = np.sinc(2 * CUT * min(rate, SPEECH_RATE) / rate * away) * window
        # Each column sums to one, so that no phase is louder than another: that would be a tone of its own.
        parts.append((start, (taps / taps.sum(axis=0)).astype(np.float32)))
    return parts
