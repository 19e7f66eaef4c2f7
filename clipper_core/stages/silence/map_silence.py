"""Decode a recording once: its envelope, its silences, and its speech sound."""

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
from clipper_core.stages.silence.contrast_in_pieces import ContrastMeter
from clipper_core.stages.silence.find import find_silences
from clipper_core.stages.sound.bands import BandMeter
from clipper_core.stages.sound.decode import PcmFormat, Samples, SoundTrack, on_clock
from clipper_core.stages.sound.halves import TwoHalfDecode
from clipper_core.stages.sound.levels import HEAD, Meter, Planes
from clipper_core.stages.sound.loudness import LoudnessMeter
from clipper_core.stages.sound.resample import SPEECH_RATE, SpeechSound

MIN_MS = 100
DECODING_BESIDE_VOICE = 0.05  # its share of the time, where voice activity takes the rest
# Sound and picture of one recording rarely end together: a longer difference is worth a word, in short files a shorter.
MIN_SLACK_MS, MAX_SLACK_MS, LENGTH_SLACK = 300, 2_000, 0.02


class VoiceMeter(Protocol):
    """Measures voice activity."""

    def measure(self, speech: Path, duration_ms: int, frames: int, progress: Progress) -> Voice:
        """Measure a file of speech sound.

        Args:
            speech: The file.
            duration_ms: How long it is.
            frames: How many entries of 10 ms are wanted.
            progress: Called with 0-1 now and then; may raise, which stops the work.

        Returns:
            (frames,): the chance in percent that there is a voice.
        """
        ...


@dataclass(frozen=True, slots=True)
class MapRequest:
    """Everything a decode is asked for beside the envelope.

    ``speech_path`` gets the speech sound: 16 kHz mono 16-bit samples without a header. ``voice`` gives a second
    opinion on it, if there is some. Sound of more than ``max_hours`` is refused.
    """

    speech_path: Path | None = None
    settings: SilenceSettings = SilenceSettings()  # noqa: RUF009 - frozen
    max_hours: float = 13
    voice: VoiceMeter | None = None


@dataclass(frozen=True, slots=True)
class SoundMap:
    """The result of one decode: what was measured, the silences in it, and what the owner should know."""

    envelope: Envelope
    silence_map: SilenceMap
    warnings: tuple[RunWarning, ...] = ()


def map_silence(
    ffmpeg: Ffmpeg,
    sound: SoundTrack,
    request: MapRequest = MapRequest(),
    progress: Progress = quiet,
) -> SoundMap:
    """Decode a sound track and find its silences, in constant memory but for the result, about 2.5 MB an hour.

    The length that counts is what is decoded, and a difference from what was declared becomes a warning. Where the
    channels cancel each other out in mono, the speech sound is that of the loudest channel alone, with a warning.

    Args:
        ffmpeg: The program that decodes.
        sound: The track.
        request: What is wanted beside the envelope.
        progress: Called with 0-1 now and then; may raise, which stops the work.

    Returns:
        The envelope, the silences, and warnings.

    Raises:
        Truncated: Nothing can be decoded.
        TooShort: There are less than 100 ms.
        TooLong: There is more than ``max_hours``.
        DiskFull: There is no room for the speech sound. Other errors are those of ``Ffmpeg``.
    """
    speech_path = request.speech_path
    part = speech_path.with_name(speech_path.name + ".part") if speech_path else None
    try:
        second_opinion = request.voice if part is not None else None
        share = DECODING_BESIDE_VOICE if second_opinion else 1.0
        measured = _measure(ffmpeg, sound, part, request.max_hours, lambda f: progress(share * f))
        envelope = measured.envelope()
        warnings = _about_length(sound.duration_ms, envelope.duration_ms)
        if measured.meter.cancels:
            warnings += (_CHANNELS_CANCEL,)
        if part is not None and (measured.meter.cancels or measured.speech is None):
            only = f"pan=mono|c0=c{measured.meter.loudest}" if measured.meter.cancels else "anull"
            of_true_length = replace(sound, duration_ms=envelope.duration_ms)
            _write_speech(ffmpeg, of_true_length, only, part, lambda _: progress(share))
        if second_opinion and part is not None:
            rest = 1 - share
            voice = second_opinion.measure(
                part, envelope.duration_ms, envelope.frames, lambda f: progress(share + rest * f)
            )
            envelope = replace(envelope, voice=voice)
        if part is not None and speech_path is not None:
            part.replace(speech_path)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise DiskFull(detail=str(error)) from error
        raise
    finally:
        if part is not None:
            part.unlink(missing_ok=True)
    return SoundMap(envelope, find_silences(envelope, request.settings), warnings)


_CHANNELS_CANCEL = RunWarning(
    "channels_cancel",
    "The channels of this recording cancel each other out in mono, so speech was taken from the loudest one. "
    "Many phones will play it silent: check the wiring of the microphone.",
)


class SoundMeasurements:
    """Everything that is measured of a recording while it is decoded: a SampleSink."""

    def __init__(self, pcm: PcmFormat, speech: BinaryIO | None, from_s: int) -> None:
        self.pcm = pcm
        self._planes = Planes(pcm)
        self._bands = BandMeter(*pcm)
        self._contrast = ContrastMeter(later=from_s > 0)
        self._loudness = LoudnessMeter(pcm)
        self.meter = Meter(pcm)
        self.speech = SpeechSound(pcm, speech, from_s) if speech and SpeechSound.can(pcm.sample_rate) else None

    def prime(self, block: Samples) -> None:
        """Take in the second just before the first."""
        planes = self._planes.of(block)
        self._loudness.prime(planes)
        if self.speech:
            self.speech.prime(planes)

    def add(self, block: Samples) -> None:
        """Measure the next second, or what is left of it at the end."""
        planes = self._planes.of(block)
        power = self.meter.add(block, planes)
        self._loudness.add(planes, power)
        self._contrast.add(self._bands.measure(planes[:, HEAD:]), power.mean(axis=1))
        if self.speech:
            self.speech.add(planes)

    def join(self, later: SoundMeasurements) -> None:
        """Append what ``later`` measured."""
        self.meter.join(later.meter)
        self._loudness.join(later._loudness)
        self._contrast.join(later._contrast)

    def envelope(self) -> Envelope:
        """The measurements of everything. Nothing can be added afterwards."""
        rows, contrast = self.meter.rows(), self._contrast.finish()
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


def _measure(
    ffmpeg: Ffmpeg, sound: SoundTrack, part: Path | None, max_hours: float, progress: Progress
) -> SoundMeasurements:
    with part.open("wb") if part is not None else nullcontext() as speech:
        whole = TwoHalfDecode(
            ffmpeg, sound, lambda pcm, from_s: SoundMeasurements(pcm, speech, from_s), max_s=max_hours * 3_600
        )
        first, *later = whole.to_the_end(progress)
        if last := [first, *later][-1].speech:
            last.finish()
    for one in later:
        first.join(one)
    if first.meter.samples * 1_000 < MIN_MS * first.pcm.sample_rate:
        raise TooShort(detail=f"{first.meter.samples} samples at {first.pcm.sample_rate} Hz")
    return first


def _write_speech(ffmpeg: Ffmpeg, sound: SoundTrack, only: str, part: Path, progress: Progress) -> None:
    """Write the speech sound by a decode of its own: of one channel, or of a rate that is no simple ratio."""
    shape = ["-ac", "1", "-ar", str(SPEECH_RATE), "-c:a", "pcm_s16le", "-f", "s16le", f"file:{part.absolute()}"]
    outputs = ["-map", f"0:a:{sound.number}", "-af", f"{on_clock(sound.path, sound.number)},{only}", *shape]
    source = Input(sound.path, options=("-vn", "-sn", "-dn"))
    ffmpeg.run([source], outputs, work_ms=sound.duration_ms, progress=progress)


def _about_length(declared_ms: int, decoded_ms: int) -> tuple[RunWarning, ...]:
    off = decoded_ms - declared_ms
    if declared_ms == 0 or abs(off) <= max(MIN_SLACK_MS, min(MAX_SLACK_MS, LENGTH_SLACK * declared_ms)):
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
