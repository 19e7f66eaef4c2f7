"""Silences exactly as pydub's ``detect_silence`` finds them in 16-bit sound, while the sound streams by.

That function calls a window of ``min_silence_ms`` silent if its RMS, cut to a whole number, is not above the
threshold, tries one at every ``seek_step_ms`` and one at the very end, and joins silent windows that touch. All of it
follows from the sums of squares of every millisecond, whose edges are where pydub puts them: at
``int(ms * (rate / 1000.0))`` samples.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from clipper_core.adapters.media.ffmpeg import Ffmpeg, Progress, quiet
from clipper_core.domain.silence import FLOOR_DB, Silence
from clipper_core.errors import BadSettings
from clipper_core.stages.sound.decode import PcmFormat, Samples, SoundTrack
from clipper_core.stages.sound.halves import TwoHalfDecode

Sums = npt.NDArray[np.int64]

FULL_SCALE = 32_768
MAX_STEP_MS = 1 << 40
AT_A_TIME_MS = 1 << 14  # enough that calls cost little, few enough for the cache


@dataclass(frozen=True, slots=True)
class StrictSearch:
    """The arguments of pydub's ``detect_silence``. A threshold of minus infinity has a meaning: digital silence.

    Raises BadSettings for what pydub has no meaning for.
    """

    threshold_db: float
    min_silence_ms: int
    seek_step_ms: int = 1

    def __post_init__(self) -> None:
        if self.min_silence_ms < 1 or self.seek_step_ms < 1:
            raise BadSettings("The shortest silence and the step must be at least 1 ms.")
        if math.isnan(self.threshold_db):
            raise BadSettings("The threshold must be a level in dB, such as -40.")


def strict_silences(
    ffmpeg: Ffmpeg, sound: SoundTrack, search: StrictSearch, progress: Progress = quiet
) -> tuple[int, tuple[Silence, ...]]:
    """Find the strict silences of a sound track, in the memory of ``StrictDetector``.

    Args:
        ffmpeg: The program that decodes.
        sound: The track; its declared length counts for the progress alone.
        search: What is called a silence.
        progress: Called with 0-1 now and then.

    Returns:
        The length of the sound in ms, and its silences in order.

    Raises:
        Truncated: There is no sound; other errors are those of ``Ffmpeg``.
    """

    def make_detector(pcm: PcmFormat, _from_s: int) -> StrictDetector:
        return StrictDetector(pcm, search)

    # One half: a detector can't go on from the middle, since every window counts from the first sample.
    whole = TwoHalfDecode(ffmpeg, sound, make_detector, halves=False)
    return whole.to_the_end(progress)[0].end()


class StrictDetector:
    """The silences of sound that comes in blocks of any size, which end at no particular place.

    Takes a megabyte or two, and 40 bytes for each millisecond of ``min_silence_ms``, whatever the length.
    """

    def __init__(self, pcm: PcmFormat, search: StrictSearch, at_a_time_ms: int = AT_A_TIME_MS) -> None:
        """``at_a_time_ms`` are judged together, which changes nothing but speed and memory."""
        # No sound is longer than the longest step: all such steps are alike.
        search = replace(search, seek_step_ms=min(search.seek_step_ms, MAX_STEP_MS))
        self._energies = _Energies(pcm)
        self._windows = _Windows(pcm, search, at_a_time_ms)

    def add(self, block: Samples) -> None:
        """The next samples, as (samples, channels). They are not kept."""
        self._windows.add(self._energies.of(block))

    def prime(self, block: Samples) -> None:
        """Never called: a detector takes in everything from the first sample on."""
        raise NotImplementedError

    def end(self) -> tuple[int, tuple[Silence, ...]]:
        """The length of all in ms, and the silences in order. Nothing can be added after it."""
        length_ms, last = self._energies.end()
        self._windows.add(last)
        return length_ms, tuple(self._windows.end(length_ms))


def _edge(ms: int, pcm: PcmFormat) -> int:
    return int(ms * (pcm.sample_rate / 1000.0))


def _edges(ms: Sums, pcm: PcmFormat) -> Sums:
    return (ms * (pcm.sample_rate / 1000.0)).astype(np.int64)


class _Energies:
    """The sum of squares of every millisecond, over all channels."""

    def __init__(self, pcm: PcmFormat) -> None:
        self._pcm = pcm
        self._samples = self._ms = self._rest = 0  # so far; whole milliseconds in them; energy after the last of these

    def of(self, block: Samples) -> Sums:
        """The sums of the milliseconds that end within ``block``."""
        end = self._samples + len(block)
        edges = self._edges_until(end) - self._samples
        squares = block.reshape(-1).astype(np.int32)
        squares *= squares  # 2**30 at most
        self._samples, self._ms = end, self._ms + len(edges)
        whole = int(edges[-1]) * self._pcm.channels if len(edges) else 0
        rest, self._rest = self._rest, int(squares[whole:].sum(dtype=np.int64))
        if not len(edges):
            self._rest += rest
            return edges
        starts = np.concatenate(([0], edges[:-1] * self._pcm.channels))
        energies: Sums = np.add.reduceat(squares[:whole], starts, dtype=np.int64)
        energies[0] += rest
        return energies

    def end(self) -> tuple[int, Sums]:
        """The length in ms as pydub rounds it, and what the last milliseconds hold, if they count though not full."""
        length_ms = round(1_000 * (float(self._samples) / self._pcm.sample_rate))
        return length_ms, np.array([self._rest] if length_ms > self._ms else [], dtype=np.int64)

    def _edges_until(self, end: int) -> Sums:
        """The ends (samples) of the milliseconds that became whole since the last call, now with ``end`` samples."""
        last_ms = int(end * 1_000 / self._pcm.sample_rate) + 2
        edges = _edges(np.arange(self._ms + 1, last_ms + 1), self._pcm)
        return edges[edges <= end]


@dataclass(slots=True)
class _Run:
    """Silent windows that touch: where the first and the last begin, the energy before the first, up to the end."""

    first: int
    last: int
    before: int
    upto: int


class _Windows:
    """The silent windows, joined to runs while their energies come in."""

    def __init__(self, pcm: PcmFormat, search: StrictSearch, at_a_time_ms: int) -> None:
        self._pcm, self._min, self._step = pcm, search.min_silence_ms, search.seek_step_ms
        self._at_a_time = at_a_time_ms
        self._threshold = 10 ** (min(search.threshold_db, 0.0) / 20) * FULL_SCALE  # nothing is louder than full scale
        self._fresh: list[Sums] = []  # energies not summed yet
        self._waiting = 0
        self._sums = np.zeros(1, dtype=np.int64)  # energy before each ms from ``_from`` on, less ``_before``
        self._from = self._before = 0
        self._next = 0  # where the first window begins that was not tried
        self._run: _Run | None = None
        self._silences: list[Silence] = []

    def add(self, energies: Sums) -> None:
        """Take in the energies of the next milliseconds."""
        self._fresh.append(energies)
        self._waiting += len(energies)
        if self._waiting >= max(self._at_a_time, self._min):  # or what is kept would be summed again and again
            self._sum_up()
            # Below 2 kHz a millisecond may be whole and yet not count in the end: what needs it waits.
            self._judge_until(self._from + len(self._sums) - 2)

    def end(self, length_ms: int) -> list[Silence]:
        """All silences of sound of ``length_ms``, in order."""
        if length_ms < self._min:
            return []
        self._sum_up()
        self._judge_until(length_ms)
        last = length_ms - self._min
        if last % self._step:
            self._judge(np.array([last]))
        if self._run is not None:
            self._keep(self._run)
        return self._silences

    def _sum_up(self) -> None:
        more = np.cumsum(np.concatenate((self._sums[-1:], *self._fresh)))
        self._sums = np.concatenate((self._sums[:-1], more))
        self._fresh, self._waiting = [], 0

    def _judge_until(self, end_ms: int) -> None:
        """Try every window that ends by ``end_ms``, and forget the sums that no later one needs."""
        last = end_ms - self._min
        while self._next <= last:
            starts = np.arange(self._next, min(last + 1, self._next + self._at_a_time * self._step), self._step)
            self._judge(starts)
            self._next = int(starts[-1]) + self._step
        needed = min(self._next, last)
        if needed > self._from:
            dropped = int(self._sums[needed - self._from])
            self._sums = self._sums[needed - self._from :] - dropped
            self._from, self._before = needed, self._before + dropped

    def _judge(self, starts: Sums) -> None:
        energies = self._sums[starts + (self._min - self._from)] - self._sums[starts - self._from]
        counts = (_edges(starts + self._min, self._pcm) - _edges(starts, self._pcm)) * self._pcm.channels
        # pydub cuts the RMS to a whole number before it compares: audioop does.
        silent = starts[np.floor(np.sqrt(energies / np.maximum(counts, 1))) <= self._threshold]
        if not len(silent):
            return
        run = self._run or self._run_from(int(silent[0]))
        apart = np.diff(silent, prepend=run.last)
        # pydub joins windows a step apart, and those that touch; any gap beyond ends a silence.
        for i in np.flatnonzero((apart != self._step) & (apart > self._min)):
            if i:
                self._extend(run, int(silent[i - 1]))
            self._keep(run)
            run = self._run_from(int(silent[i]))
        self._extend(run, int(silent[-1]))
        self._run = run

    def _energy_before(self, ms: int) -> int:
        return self._before + int(self._sums[ms - self._from])

    def _run_from(self, first: int) -> _Run:
        return _Run(first, first, self._energy_before(first), self._energy_before(first + self._min))

    def _extend(self, run: _Run, last: int) -> None:
        run.last, run.upto = last, self._energy_before(last + self._min)

    def _keep(self, run: _Run) -> None:
        end = run.last + self._min
        count = (_edge(end, self._pcm) - _edge(run.first, self._pcm)) * self._pcm.channels
        self._silences.append(Silence(run.first, end, _level_db((run.upto - run.before) / max(1, count))))


def _level_db(power: float) -> float:
    return max(FLOOR_DB, round(10 * math.log10(power / FULL_SCALE**2), 2)) if power > 0 else FLOOR_DB
