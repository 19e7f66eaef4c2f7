"""Decode a recording once: its envelope, its silences, and the sound that recognisers hear."""

from __future__ import annotations

import errno
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Protocol

from clipper_core.adapters.media.ffmpeg import Ffmpeg, Input, Progress, quiet
from clipper_core.domain.clock import clock
from clipper_core.domain.envelope import Envelope, Voice
from clipper_core.domain.silence import SilenceMap, SilenceSettings
from clipper_core.domain.warning import RunWarning
from clipper_core.errors import DiskFull, TooShort
from clipper_core.stages.silence.contrast_in_pieces import Listener
from clipper_core.stages.silence.find import find_silences
from clipper_core.stages.silence.strict import strict_silences
from clipper_core.stages.sound.bands import BandMeter
from clipper_core.stages.sound.decode import PcmFormat, Samples, on_clock
from clipper_core.stages.sound.halves import TwoHalfDecode
from clipper_core.stages.sound.levels import HEAD, Meter, Planes
from clipper_core.stages.sound.loudness import LoudnessMeter
from clipper_core.stages.sound.resample import SPEECH_RATE, SpeechSound

__all__ = ["Mapped", "find_silences", "map_silence", "strict_silences"]

MIN_MS = 100
DECODING_BESIDE_VOICE = 0.05  # of the time that both take
# Sound and picture of one recording rarely end together: a longer difference is worth a word, in short files a shorter.
LEAST_SLACK_MS, MOST_SLACK_MS, LENGTH_SLACK = 300, 2_000, 0.02


class VoiceEar(Protocol):
    """Hears how likely somebody speaks."""

    def hear(self, speech: Path, duration_ms: int, frames: int, progress: Progress) -> Voice:
        """The chance in percent for every 10 ms of a file of speech sound."""
        ...


@dataclass(frozen=True, slots=True)
class Mapped:
    """What one decode gave."""

    envelope: Envelope
    silence_map: SilenceMap
    warnings: tuple[RunWarning, ...] = ()


def map_silence(
    ffmpeg: Ffmpeg,
    path: Path,
    *,
    duration_ms: int,
    track: int = 0,
    speech_path: Path | None = None,
    settings: SilenceSettings | None = None,
    max_hours: float = 13,
    voice: VoiceEar | None = None,
    progress: Progress = quiet,
) -> Mapped:
    """Decode sound track ``track`` (0 = first), in constant memory but for the result, about 2.5 MB an hour.

    ``duration_ms`` is what was declared (0: nothing); the length that counts is what is decoded, and a difference
    becomes a warning. ``speech_path``, if given, gets 16 kHz mono 16-bit samples without a header. Where the
    channels cancel each other out in mono, it gets the loudest channel alone, with a warning.

    ``voice`` hears a second opinion in the speech sound, if there is some.

    Raises Truncated if nothing can be decoded, TooShort below 100 ms, TooLong beyond ``max_hours``, DiskFull, else as
    FFmpeg.
    """
    part = speech_path.with_name(speech_path.name + ".part") if speech_path else None
    try:
        second_opinion = voice if part is not None else None
        share = DECODING_BESIDE_VOICE if second_opinion else 1.0
        heard = _listen(ffmpeg, path, track, part, duration_ms, max_hours, lambda f: progress(share * f))
        envelope = heard.envelope()
        warnings = _about_length(duration_ms, envelope.duration_ms)
        if heard.meter.cancels:
            warnings += (_CHANNELS_CANCEL,)
        if part is not None and (heard.meter.cancels or heard.speech is None):
            only = f"pan=mono|c0=c{heard.meter.loudest}" if heard.meter.cancels else "anull"
            _speech_alone(ffmpeg, path, track, only, part, envelope.duration_ms, lambda _: progress(share))
        if second_opinion and part is not None:
            rest = 1 - share
            told = second_opinion.hear(
                part, envelope.duration_ms, envelope.frames, lambda f: progress(share + rest * f)
            )
            envelope = replace(envelope, voice=told)
        if part is not None and speech_path is not None:
            part.replace(speech_path)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise DiskFull(detail=str(error)) from error
        raise
    finally:
        if part is not None:
            part.unlink(missing_ok=True)
    return Mapped(envelope, find_silences(envelope, settings or SilenceSettings()), warnings)


_CHANNELS_CANCEL = RunWarning(
    "channels_cancel",
    "The channels of this recording cancel each other out in mono, so speech was taken from the loudest one. "
    "Many phones will play it silent: check the wiring of the microphone.",
)


class SoundMeasurements:
    """Everything that is measured of a recording while it is decoded: see Ear."""

    def __init__(self, pcm: PcmFormat, speech: BinaryIO | None, from_s: int) -> None:
        self.pcm = pcm
        self._planes = Planes(pcm)
        self._bands = BandMeter(*pcm)
        self._listener = Listener(later=from_s > 0)
        self._loudness = LoudnessMeter(pcm)
        self.meter = Meter(pcm)
        self.speech = SpeechSound(pcm, speech, from_s) if speech and SpeechSound.can(pcm.sample_rate) else None

    def prime(self, block: Samples) -> None:
        planes = self._planes.of(block)
        self._loudness.prime(planes)
        if self.speech:
            self.speech.prime(planes)

    def add(self, block: Samples) -> None:
        planes = self._planes.of(block)
        power = self.meter.add(block, planes)
        self._loudness.add(planes, power)
        self._listener.add(self._bands.measure(planes[:, HEAD:]), power.mean(axis=1))
        if self.speech:
            self.speech.add(planes)

    def join(self, later: SoundMeasurements) -> None:
        """Append what ``later`` heard."""
        self.meter.join(later.meter)
        self._loudness.join(later._loudness)
        self._listener.join(later._listener)

    def envelope(self) -> Envelope:
        rows, contrast = self.meter.rows(), self._listener.finish()
        return Envelope(
            rows.level_cdb,
            rows.low,
            rows.high,
            round(self.meter.samples * 1_000 / self.pcm.sample_rate),
            *self.pcm,
            apart=rows.apart if self.pcm.channels > 1 else None,
            contrast=contrast,
            loudness=self._loudness.loudness(),
        )


def _listen(
    ffmpeg: Ffmpeg, path: Path, track: int, part: Path | None, duration_ms: int, max_hours: float, progress: Progress
) -> SoundMeasurements:
    with part.open("wb") if part is not None else nullcontext() as speech:
        whole = TwoHalfDecode(
            ffmpeg,
            path,
            track,
            lambda pcm, from_s: SoundMeasurements(pcm, speech, from_s),
            duration_ms=duration_ms,
            most_s=max_hours * 3_600,
            progress=progress,
        )
        heard, *later = whole.to_the_end()
        if last := [heard, *later][-1].speech:
            last.finish()
    for one in later:
        heard.join(one)
    if heard.meter.samples * 1_000 < MIN_MS * heard.pcm.sample_rate:
        raise TooShort(detail=f"{heard.meter.samples} samples at {heard.pcm.sample_rate} Hz")
    return heard


def _speech_alone(
    ffmpeg: Ffmpeg, path: Path, track: int, only: str, part: Path, duration_ms: int, progress: Progress
) -> None:
    """The speech sound by a decode of its own: of one channel, or of a rate that is no simple ratio."""
    shape = ["-ac", "1", "-ar", str(SPEECH_RATE), "-c:a", "pcm_s16le", "-f", "s16le", f"file:{part.absolute()}"]
    outputs = ["-map", f"0:a:{track}", "-af", f"{on_clock(path, track)},{only}", *shape]
    ffmpeg.run([Input(path, options=("-vn", "-sn", "-dn"))], outputs, work_ms=duration_ms, progress=progress)


def _about_length(declared_ms: int, decoded_ms: int) -> tuple[RunWarning, ...]:
    off = decoded_ms - declared_ms
    if declared_ms == 0 or abs(off) <= max(LEAST_SLACK_MS, min(MOST_SLACK_MS, LENGTH_SLACK * declared_ms)):
        return ()
    says = f"The file says {_clock(declared_ms)} but"
    if off < 0:
        return (
            RunWarning(
                "truncated",
                f"{says} only {_clock(decoded_ms)} of sound could be read; upload the complete file if there is more.",
            ),
        )
    return (RunWarning("duration_mismatch", f"{says} {_clock(decoded_ms)} of sound was there; all of it is used."),)


def _clock(ms: int) -> str:
    """4:58, or 1:02:03; tenths where it is under a minute."""
    if ms < 60_000:
        return f"{ms / 1000:.1f} s"
    return clock(ms)
