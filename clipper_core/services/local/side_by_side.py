"""Transcribes the parts of a recording side by side, in processes of their own."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import suppress
from pathlib import Path
from typing import Any

from clipper_core.adapters.speech.speech_audio import SpeechFile
from clipper_core.domain.silence import Silence, SilenceMap
from clipper_core.domain.time_range import TimeRange
from clipper_core.domain.transcript import Word
from clipper_core.stages.words.speech import SpeechTrack
from clipper_core.stages.words.transcribe import Recogniser, divide_in_parts, recognise_part

RecogniserFactory = Callable[[], Recogniser]
"""Makes the recogniser in each process. It is pickled, so it can't be a lambda."""


def transcribe_side_by_side(
    make: RecogniserFactory, speech: Path, silences: SilenceMap, progress: Callable[[float], None]
) -> tuple[Word, ...]:
    """The words of a recording, in order, from as many processes as there are cores.

    Args:
        make: Makes a recogniser.
        speech: The file of speech sound.
        silences: The silences by which the sound is divided into parts.
        progress: Called with 0-1 in this process; may raise, which ends the others.

    Returns:
        The words; none where nobody speaks.
    """
    parts = divide_in_parts(silences)
    if not parts:
        return ()
    progress(0.0)
    done_ms, all_ms = 0, sum(p.length_ms for p in parts)
    words: dict[int, tuple[Word, ...]] = {}
    # Spawned, not forked: this process has threads.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(len(parts), _cores()), mp_context=context) as pool:
        at_work = {
            pool.submit(_transcribe_part, make, speech, p, silences.within(p), silences.duration_ms): i
            for i, p in enumerate(parts)
        }
        try:
            for future in as_completed(at_work):
                number = at_work[future]
                words[number] = future.result()
                done_ms += parts[number].length_ms
                progress(done_ms / all_ms)
        except BaseException:
            # What is at work would run for minutes yet, and its result is not wanted any more.
            pool.shutdown(wait=False, cancel_futures=True)
            _end_processes(pool)
            raise
    return tuple(w for i in sorted(words) for w in words[i])


def _transcribe_part(
    make: RecogniserFactory, speech: Path, part: TimeRange, silences: Sequence[Silence], duration_ms: int
) -> tuple[Word, ...]:
    """Runs in a process of its own, which gets the silences of its part alone."""
    track = SpeechTrack(SpeechFile(speech), SilenceMap(duration_ms, tuple(silences)))
    return recognise_part(make(), track, part, lambda _: None).words


def _end_processes(pool: ProcessPoolExecutor) -> None:
    processes: dict[int, Any] = getattr(pool, "_processes", None) or {}
    for process in list(processes.values()):
        with suppress(OSError):
            process.terminate()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
