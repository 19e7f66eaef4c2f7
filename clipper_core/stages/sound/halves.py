"""Decode the whole of a sound track once, by two halves side by side where they join exactly."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Generic, Protocol, TypeVar

import numpy as np

from clipper_core.adapters.media.ffmpeg import Ffmpeg, Progress, SoundInput, quiet
from clipper_core.adapters.media.pyav import SoundSource, sound_source
from clipper_core.errors import MediaToolFailed, TooLong
from clipper_core.stages.sound.decode import PcmFormat, Samples, Seconds, SoundTrack, blocks, decoded

# Formats in which a jump lands on the very sample its time stamp says, by comparison with decodes of the whole.
SPLITTABLE = {"mov", "mp3", "flac", "wav", "w64", "aiff", "caf"}
MIN_TO_SPLIT_S = 600  # shorter ones are decoded before a second FFmpeg has started
LEAD_S = 1  # decoded before the samples that count: MP3's bit reservoir, AAC's overlap, what Opus takes to settle
OVERLAP_S = 2
NOISE_ALLOWED = 0.01  # of the power: AAC and AC-3 put noise of the decoder's own making where there was noise


class SampleSink(Protocol):
    """Something that takes in samples, a whole second at a time but for the last.

    ``prime`` gives the second just before the first, to a sink that begins in the middle: one made for second 0 is
    never primed.
    """

    def prime(self, block: Samples) -> None:
        """Take in the second just before the first."""
        ...

    def add(self, block: Samples) -> None:
        """Take in the next second."""
        ...


S = TypeVar("S", bound=SampleSink)


class TwoHalfDecode(Generic[S]):
    """A decode of one sound track into sinks.

    Two FFmpegs share the work where the format can be jumped in exactly: two cores then take half the time.
    """

    def __init__(
        self,
        ffmpeg: Ffmpeg,
        sound: SoundTrack,
        make_sink: Callable[[PcmFormat, int], S],
        *,
        max_s: float = float("inf"),
        halves: bool = True,
    ) -> None:
        """Prepare a decode.

        Args:
            ffmpeg: The program.
            sound: What is decoded.
            make_sink: Makes the sink for the samples from a second of the recording on.
            max_s: How long the sound may be, in seconds.
            halves: Whether there may be two sinks. Otherwise one takes in everything.
        """
        self._ffmpeg, self._sound, self._make_sink = ffmpeg, sound, make_sink
        self._max_s, self._halves = max_s, halves
        self._decoded_s = 0  # by all sinks, for the progress
        self._progress: Progress = quiet

    def to_the_end(self, progress: Progress = quiet) -> list[S]:
        """Decode everything, into one sink, or into two that follow each other.

        The quick way decodes in one piece of FFmpeg (see SoundInput), and two halves side by side where they agree
        about the seconds they share; where they don't, the first goes on to the end alone. Where the quick way breaks
        off the plain one takes over: it gives the same samples up to there, so nothing is taken in twice.
        Halves of AAC and AC-3 may differ from the whole by the noise that these decoders make up.

        Raises:
            Truncated: There is no sound.
            TooLong: There is more than ``max_s``.
            MediaToolFailed: FFmpeg failed; other errors are those of ``Ffmpeg``.
        """
        self._progress = progress
        source = sound_source(self._sound.path, self._sound.number)
        if source is not None and source.as_declared and not source.jumpy:
            pcm = PcmFormat(source.sample_rate, source.channels)
            first = self._make_sink(pcm, 0)
            try:
                return self._quickly(source, pcm, first)
            except _BrokeOff as broke:
                return [self._plainly(pcm, first, broke.second)]
        return [self._plainly(None, None, 0)]

    def _quickly(self, source: SoundSource, pcm: PcmFormat, first: S) -> list[S]:
        half_s = source.length_s // 2 if self._halves and _splits(source) else 0
        decoded_s, whole = 0, True
        try:
            with contextlib.ExitStack() as stack:
                seconds = stack.enter_context(self.started(source, 0))
                second = _SecondHalf(self, self._make_sink(pcm, half_s), source, half_s, stack) if half_s else None
                recent: list[Samples] = []
                while len(block := seconds.read()):
                    self.take(first, block, decoded_s)
                    decoded_s, whole = decoded_s + 1, len(block) == pcm.sample_rate
                    if second is None:
                        continue
                    recent = [*recent, block.copy()][-OVERLAP_S:]
                    if decoded_s < half_s:
                        # In turns, so that neither FFmpeg waits long with a full pipe.
                        second.step()
                    elif second.agrees(recent):
                        second.to_the_end()
                        return [first, second.sink]
                    else:
                        second.give_up()
                        second, self._decoded_s = None, decoded_s
        except MediaToolFailed as error:
            # A part of a second can't be told from its lead, and other ticks may put samples elsewhere: start over.
            raise _BrokeOff(decoded_s if whole and _to_the_sample(source) else 0) from error
        if not decoded_s:  # the plain way says what is wrong
            raise _BrokeOff(0)
        return [first]

    def _plainly(self, known: PcmFormat | None, sink: S | None, decoded_s: int) -> S:
        """Go on where the quick way broke off: at a whole second, since it hands over nothing less until its end."""
        with decoded(self._ffmpeg, self._sound, self._progress) as (running, pcm):
            if sink is None or pcm != known or not decoded_s:
                sink, decoded_s = self._make_sink(pcm, 0), 0
            self._decoded_s = decoded_s
            for second, block in enumerate(blocks(running, pcm)):
                if second >= decoded_s:
                    self.take(sink, block, second)
        return sink

    def take(self, sink: S, block: Samples, at_s: int) -> None:
        """Give a sink its next second.

        Args:
            sink: The sink.
            block: The samples of the second.
            at_s: Where in the recording it begins, in seconds.

        Raises:
            TooLong: There is more sound than is allowed.
        """
        if at_s >= self._max_s:
            raise TooLong(detail=f"more than {self._max_s / 3_600:g} h of sound")
        sink.add(block)
        self._decoded_s += 1

    @contextlib.contextmanager
    def started(self, source: SoundSource, from_s: int) -> Iterator[Seconds]:
        """The seconds of the track from ``from_s`` on, from an FFmpeg of their own."""
        pcm = PcmFormat(source.sample_rate, source.channels)
        first = from_s * pcm.sample_rate
        chain = (
            # The front end rounds the start to the track's ticks, and so does this, to be the same to the sample.
            f"asetpts=PTS-floor({source.start_us}/(1000000*TB)+0.5)",
            f"aresample=async=1:first_pts={first}",
            "aformat=s16",
            f"asetnsamples=n={pcm.sample_rate}:p=0",
        )
        sound = SoundInput(self._sound.path, self._sound.number, chain, seek_s=max(0, from_s - LEAD_S))
        out = ["-map", "0:a:0", "-c", "copy", "-f", "s16le", "-avioflags", "direct", "pipe:1"]
        work_ms = self._sound.duration_ms or source.length_s * 1_000

        def report(_: float) -> None:
            self._progress(min(1.0, self._decoded_s * 1_000 / work_ms) if work_ms else 0.0)

        with self._ffmpeg.pipe([sound], out, work_ms=work_ms, progress=report) as running:
            yield Seconds(running, pcm)


class _BrokeOff(Exception):
    """The quick way came to an end before the sound did, after this second."""

    def __init__(self, second: int) -> None:
        self.second = second


def _to_the_sample(source: SoundSource) -> bool:
    """True if the track's ticks are those of its samples, or finer. Elsewhere the two ways may be a sample apart."""
    return (1 / (source.time_base * source.sample_rate)).denominator == 1


def _splits(source: SoundSource) -> bool:
    return (
        _to_the_sample(source)
        and source.length_s >= MIN_TO_SPLIT_S
        and bool(SPLITTABLE & set(source.format.split(",")))
    )


class _SecondHalf(Generic[S]):
    """The second half, decoded beside the first. Its own failure only means that there is none."""

    def __init__(
        self,
        whole: TwoHalfDecode[S],
        sink: S,
        source: SoundSource,
        half_s: int,
        stack: contextlib.ExitStack,
    ) -> None:
        self.sink = sink
        self._whole, self._at_s = whole, half_s
        self._shared: list[Samples] = []
        self._failed = False
        self._stack = stack.enter_context(contextlib.ExitStack())
        self._seconds = self._stack.enter_context(whole.started(source, half_s - OVERLAP_S))

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
                self.sink.prime(block)  # the last shared second comes just before its own first
        elif len(block):
            self._whole.take(self.sink, block, self._at_s)
            self._at_s += 1
        return len(block) > 0

    def agrees(self, shared: list[Samples]) -> bool:
        """True if it decoded the last seconds of the first half as the first did."""
        while len(self._shared) < OVERLAP_S and self.step():
            pass
        pairs = list(zip(shared, self._shared, strict=False))
        return not self._failed and len(pairs) == OVERLAP_S and all(_same(a, b) for a, b in pairs)

    def give_up(self) -> None:
        """End its decoding; what it decoded is not needed."""
        with contextlib.suppress(MediaToolFailed):
            self._stack.close()

    def to_the_end(self) -> None:
        """Decode the rest. Raises MediaToolFailed where not all of it could be decoded."""
        while self.step():
            pass
        if self._failed:
            raise MediaToolFailed
        self._stack.close()  # raises if it ended with an error


def _same(a: Samples, b: Samples) -> bool:
    """True if two decodes are in step: the same but for noise that a decoder makes up."""
    if a.shape != b.shape or np.array_equal(a, b):
        return a.shape == b.shape
    meant = a.astype(np.float64)
    return bool(np.sum((meant - b) ** 2) <= NOISE_ALLOWED * np.sum(meant**2))
