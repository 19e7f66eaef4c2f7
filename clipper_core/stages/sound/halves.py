"""Take in the whole of a sound track in one decode, by two halves side by side where they join exactly."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import numpy as np

from clipper_core.adapters.media.ffmpeg import Ffmpeg, Progress, SoundInput
from clipper_core.adapters.media.pyav import SoundSource, sound_source
from clipper_core.errors import MediaToolFailed, TooLong
from clipper_core.stages.sound.decode import PcmFormat, Samples, Seconds, blocks, decoded

# Where a jump lands on the very sample its time stamp says: found by comparing with decodes of the whole.
SPLITTABLE = {"mov", "mp3", "flac", "wav", "w64", "aiff", "caf"}
LEAST_TO_SPLIT_S = 600
LEAD_S = 1  # decoded before the samples that count: MP3's bit reservoir, AAC's overlap, what Opus takes to settle
OVERLAP_S = 2
NOISE_ALLOWED = 0.01  # of the power: AAC and AC-3 put noise of the decoder's own making where there was noise


class Ear(Protocol):
    """Something that takes in samples, a whole second at a time but for the last.

    ``prime`` gives the second just before the first, to an ear that begins in the middle: one made for second 0 is
    never primed.
    """

    def prime(self, block: Samples) -> None: ...
    def add(self, block: Samples) -> None: ...


E = TypeVar("E", bound=Ear)


class TwoHalfDecode(Generic[E]):
    """One sound track and what listens to it. ``making`` makes the ear for what begins at a second of it.

    ``duration_ms`` is what was declared; 0: nothing. Without ``halves`` one ear hears it all.
    """

    def __init__(
        self,
        ffmpeg: Ffmpeg,
        path: Path,
        track: int,
        making: Callable[[PcmFormat, int], E],
        *,
        duration_ms: int = 0,
        most_s: float = float("inf"),
        halves: bool = True,
        progress: Progress,
    ) -> None:
        self._ffmpeg, self._path, self._track, self._making = ffmpeg, path, track, making
        self._duration_ms, self._most_s, self._progress = duration_ms, most_s, progress
        self._halves = halves
        self._heard_s = 0  # by all ears, for the progress

    def to_the_end(self) -> list[E]:
        """All that was heard, by one ear, or by two that follow each other.

        Raises Truncated if there is no sound, TooLong beyond ``most_s``, else as FFmpeg.

        The quick way decodes in one piece of FFmpeg (see SoundInput), and two halves side by side where they agree
        about the seconds they share; where they don't, the first goes on to the end alone. Where the quick way breaks
        off the plain one takes over: it gives the same samples up to there, so what was heard is not heard again.
        Halves of AAC and AC-3 may differ from the whole by the noise that these decoders make up.
        """
        source = sound_source(self._path, self._track)
        if source is not None and source.as_declared and not source.jumpy:
            pcm = PcmFormat(source.sample_rate, source.channels)
            first = self._making(pcm, 0)
            try:
                return self._quickly(source, pcm, first)
            except _BrokeOff as broke:
                return [self._plainly(pcm, first, broke.second)]
        return [self._plainly(None, None, 0)]

    def _quickly(self, source: SoundSource, pcm: PcmFormat, first: E) -> list[E]:
        half_s = source.length_s // 2 if self._halves and _splits(source) else 0
        heard_s, whole = 0, True
        try:
            with contextlib.ExitStack() as stack:
                one = stack.enter_context(self.started(source, pcm, 0))
                second = _Second(self, self._making(pcm, half_s), source, pcm, half_s, stack) if half_s else None
                recent: list[Samples] = []
                while len(block := one.read()):
                    self.take(first, block, heard_s)
                    heard_s, whole = heard_s + 1, len(block) == pcm.sample_rate
                    if second is None:
                        continue
                    recent = [*recent, block.copy()][-OVERLAP_S:]
                    if heard_s < half_s:
                        second.step()
                    elif second.agrees(recent):
                        second.to_the_end()
                        return [first, second.ear]
                    else:
                        second.give_up()
                        second, self._heard_s = None, heard_s
        except MediaToolFailed as error:
            raise _BrokeOff(heard_s if whole and _to_the_sample(source) else 0) from error
        if not heard_s:  # the plain way says what is wrong
            raise _BrokeOff(0)
        return [first]

    def _plainly(self, known: PcmFormat | None, ear: E | None, heard_s: int) -> E:
        """Go on where the quick way broke off: at a whole second, since it hands over nothing less until its end."""
        with decoded(self._ffmpeg, self._path, self._track, [], self._duration_ms, self._progress) as (running, pcm):
            if ear is None or pcm != known or not heard_s:
                ear, heard_s = self._making(pcm, 0), 0
            self._heard_s = heard_s
            for second, block in enumerate(blocks(running, pcm)):
                if second >= heard_s:
                    self.take(ear, block, second)
        return ear

    def take(self, ear: E, block: Samples, at_s: int) -> None:
        """Have ``ear`` hear the second that begins at ``at_s``. Raises TooLong."""
        if at_s >= self._most_s:
            raise TooLong(detail=f"more than {self._most_s / 3_600:g} h of sound")
        ear.add(block)
        self._heard_s += 1

    @contextlib.contextmanager
    def started(self, source: SoundSource, pcm: PcmFormat, from_s: int) -> Iterator[Seconds]:
        first = from_s * pcm.sample_rate
        chain = (
            # The front end rounds the start to the track's ticks, and so does this, to be the same to the sample.
            f"asetpts=PTS-floor({source.start_us}/(1000000*TB)+0.5)",
            f"aresample=async=1:first_pts={first}",
            "aformat=s16",
            f"asetnsamples=n={pcm.sample_rate}:p=0",
        )
        sound = SoundInput(self._path, self._track, chain, seek_s=max(0, from_s - LEAD_S))
        out = ["-map", "0:a:0", "-c", "copy", "-f", "s16le", "-avioflags", "direct", "pipe:1"]
        work_ms = self._duration_ms or source.length_s * 1_000

        def tell(_: float) -> None:
            self._progress(min(1.0, self._heard_s * 1_000 / work_ms) if work_ms else 0.0)

        with self._ffmpeg.pipe([sound], out, work_ms=work_ms, progress=tell) as running:
            yield Seconds(running, pcm)


class _BrokeOff(Exception):
    """The quick way came to an end before the sound did, after this second."""

    def __init__(self, second: int) -> None:
        self.second = second


def _to_the_sample(source: SoundSource) -> bool:
    """Whether the track's ticks are those of its samples, or finer. Elsewhere the two ways may be a sample apart."""
    return (1 / (source.time_base * source.sample_rate)).denominator == 1


def _splits(source: SoundSource) -> bool:
    return (
        _to_the_sample(source)
        and source.length_s >= LEAST_TO_SPLIT_S
        and bool(SPLITTABLE & set(source.format.split(",")))
    )


class _Second(Generic[E]):
    """The second half, decoded beside the first. Its own failure only means that there is none."""

    def __init__(
        self,
        whole: TwoHalfDecode[E],
        ear: E,
        source: SoundSource,
        pcm: PcmFormat,
        half_s: int,
        stack: contextlib.ExitStack,
    ) -> None:
        self.ear = ear
        self._whole, self._at_s = whole, half_s
        self._shared: list[Samples] = []
        self._failed = False
        self._stack = stack.enter_context(contextlib.ExitStack())
        self._seconds = self._stack.enter_context(whole.started(source, pcm, half_s - OVERLAP_S))

    def step(self) -> bool:
        """Take in a second. False at the end."""
        if self._failed:
            return False
        try:
            block = self._seconds.read()
        except MediaToolFailed:
            self._failed = True
            return False
        if len(self._shared) < OVERLAP_S:
            self._shared.append(block.copy())
            if len(self._shared) == OVERLAP_S:
                self.ear.prime(block)
        elif len(block):
            self._whole.take(self.ear, block, self._at_s)
            self._at_s += 1
        return len(block) > 0

    def agrees(self, shared: list[Samples]) -> bool:
        """Whether it heard the last seconds of the first half as the first did."""
        while len(self._shared) < OVERLAP_S and self.step():
            pass
        pairs = list(zip(shared, self._shared, strict=False))
        return not self._failed and len(pairs) == OVERLAP_S and all(_same(a, b) for a, b in pairs)

    def give_up(self) -> None:
        """End its decoding; what it heard is not needed."""
        with contextlib.suppress(MediaToolFailed):
            self._stack.close()

    def to_the_end(self) -> None:
        """Hear the rest. Raises MediaToolFailed where not all of it could be decoded."""
        while self.step():
            pass
        if self._failed:
            raise MediaToolFailed
        self._stack.close()  # raises if it ended with an error


def _same(a: Samples, b: Samples) -> bool:
    """Whether two decodes are in step: the same but for noise that a decoder makes up."""
    if a.shape != b.shape or np.array_equal(a, b):
        return a.shape == b.shape
    meant = a.astype(np.float64)
    return bool(np.sum((meant - b) ** 2) <= NOISE_ALLOWED * np.sum(meant**2))
