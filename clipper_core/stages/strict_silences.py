"""Silences exactly as pydub's ``detect_silence`` finds them in 16-bit sound, without holding the sound.

That function calls a window of ``min_silence_ms`` silent if its RMS, cut to a whole number, is not above the
threshold, tries one at every ``seek_step_ms``, and joins silent windows that touch. All of it follows from the sums
of squares of every millisecond, whose edges are where pydub puts them: at ``int(ms * (rate / 1000.0))`` samples.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from clipper_core.adapters.ffmpeg import Ffmpeg, Progress, Running, quiet
from clipper_core.domain.silence import FLOOR_DB, Silence
from clipper_core.errors import BadSettings
from clipper_core.stages.decode_sound import PcmFormat, Samples, decoded

Sums = npt.NDArray[np.int64]

WINDOWS_AT_A_TIME = 1_000_000
FULL_SCALE = 32_768


def strict_silences(
    ffmpeg: Ffmpeg,
    path: Path,
    *,
    threshold_db: float,
    min_silence_ms: int,
    seek_step_ms: int = 1,
    track: int = 0,
    duration_ms: int = 0,
    progress: Progress = quiet,
) -> tuple[int, tuple[Silence, ...]]:
    """The length of the sound in ms, and its silences. Takes 8 bytes of memory for each millisecond.

    ``duration_ms`` is what was declared, for the progress alone. Raises BadSettings, Truncated, else as FFmpeg.
    """
    if min_silence_ms < 1 or seek_step_ms < 1:
        raise BadSettings("The shortest silence and the step must be at least 1 ms.")
    with decoded(ffmpeg, path, track, [], duration_ms, progress) as (running, pcm):
        sums, length_ms = _running_sums(running, pcm)
    found = _silent_ranges(sums, length_ms, pcm, threshold_db, min_silence_ms, seek_step_ms)
    return length_ms, tuple(Silence(a, b, _level_db(sums, pcm, a, b)) for a, b in found)


def _edge(ms: int, pcm: PcmFormat) -> int:
    return int(ms * (pcm.sample_rate / 1000.0))


def _edges(ms: Sums, pcm: PcmFormat) -> Sums:
    return (ms * (pcm.sample_rate / 1000.0)).astype(np.int64)


def _running_sums(running: Running, pcm: PcmFormat) -> tuple[Sums, int]:
    """The sum of squares before every millisecond, one more than there are, and how many there are."""
    parts: list[Sums] = []
    samples = 0
    for second, block in enumerate(_seconds(running, pcm)):
        first = _edge(second * 1_000, pcm)
        edges = _edges(np.arange(second * 1_000, (second + 1) * 1_000), pcm) - first
        exact = block.astype(np.float64)  # holds every sum of a millisecond without rounding
        squares = np.einsum("ij,ij->i", exact, exact)
        parts.append(np.add.reduceat(squares, edges[edges < len(block)]).astype(np.int64))
        samples += len(block)
    length_ms = round(1_000 * (float(samples) / pcm.sample_rate))
    sums = np.zeros(length_ms + 1, dtype=np.int64)
    energy = np.concatenate(parts)[:length_ms] if parts else sums[:0]
    np.cumsum(energy, out=sums[1 : len(energy) + 1])
    sums[len(energy) + 1 :] = sums[len(energy)]
    return sums, length_ms


def _seconds(running: Running, pcm: PcmFormat) -> Iterator[Samples]:
    """The samples of every second; a second begins where pydub puts it, up to a sample off."""
    frame = 2 * pcm.channels
    buffer = bytearray((pcm.sample_rate + 1) * frame)
    view, samples = memoryview(buffer), np.frombuffer(buffer, dtype="<i2").reshape(-1, pcm.channels)
    second = 0
    while True:
        wanted = _edge((second + 1) * 1_000, pcm) - _edge(second * 1_000, pcm)
        got = running.fill(view[: wanted * frame]) // frame
        if got:
            yield samples[:got]
        if got < wanted:
            return
        second += 1


def _silent_ranges(
    sums: Sums, length_ms: int, pcm: PcmFormat, threshold_db: float, min_ms: int, step_ms: int
) -> list[tuple[int, int]]:
    if length_ms < min_ms:
        return []
    threshold = 10 ** (threshold_db / 20) * FULL_SCALE
    found: list[tuple[int, int]] = []
    first = last = -1
    for starts in _starts(length_ms - min_ms, step_ms):
        square = sums[starts + min_ms] - sums[starts]
        count = (_edges(starts + min_ms, pcm) - _edges(starts, pcm)) * pcm.channels
        silent = starts[np.floor(np.sqrt(square / np.maximum(count, 1))) <= threshold]
        if not len(silent):
            continue
        if last < 0:
            first = last = int(silent[0])
        apart = np.diff(silent, prepend=last)
        for i in np.flatnonzero((apart != step_ms) & (apart > min_ms)):
            found.append((first, (last if i == 0 else int(silent[i - 1])) + min_ms))
            first = int(silent[i])
        last = int(silent[-1])
    return [*found, (first, last + min_ms)] if last >= 0 else []


def _starts(last: int, step_ms: int) -> Iterator[Sums]:
    """Where windows start, up to and always including ``last``, a million at a time."""
    reach = WINDOWS_AT_A_TIME * step_ms
    for begin in range(0, last + 1, reach):
        yield np.arange(begin, min(last + 1, begin + reach), step_ms, dtype=np.int64)
    if last % step_ms:
        yield np.array([last], dtype=np.int64)


def _level_db(sums: Sums, pcm: PcmFormat, start_ms: int, end_ms: int) -> float:
    count = (_edge(end_ms, pcm) - _edge(start_ms, pcm)) * pcm.channels
    power = float(sums[end_ms] - sums[start_ms]) / max(1, count) / FULL_SCALE**2
    return max(FLOOR_DB, round(10 * float(np.log10(power)), 2)) if power > 0 else FLOOR_DB
