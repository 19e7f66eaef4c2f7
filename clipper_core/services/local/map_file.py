"""The silences of one file of this computer, found without a server or a database, and without loading either."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from clipper_core.adapters.media.ffmpeg import Ffmpeg
from clipper_core.domain.documents import Json, silence_json
from clipper_core.domain.envelope import Envelope
from clipper_core.domain.media import MediaInfo
from clipper_core.domain.silence import SilenceMap, SilenceSettings
from clipper_core.domain.time_range import seconds
from clipper_core.errors import BadRange, NotMedia
from clipper_core.stages.media.probe import ProbeLimits as ProbeLimits  # the wiring makes them
from clipper_core.stages.media.probe import probe
from clipper_core.stages.silence.find import threshold_levels
from clipper_core.stages.silence.map_silence import MapRequest, SoundMap, VoiceMeter, map_silence
from clipper_core.stages.silence.strict import StrictSearch, strict_silences
from clipper_core.stages.sound.decode import SoundTrack

Say = Callable[[str, float], None]
"""Called with a step in words and its progress, 0-1."""

MAPPING = "Mapping the silences"


@dataclass(frozen=True, slots=True)
class SilenceRequest:
    """Settings of a search, the sound track counted from 0, and the step of a strict search.

    ``draw`` asks for the envelope in any case; a strict search alone needs none.
    """

    settings: SilenceSettings
    track: int = 0
    seek_step_ms: int = 1
    draw: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class FileSilences:
    """The silences of a recording, and the envelope and the levels to draw them over, if they were asked for."""

    silence_map: SilenceMap
    envelope: Envelope | None = None
    levels: npt.NDArray[np.float32] | None = None

    def to_json(self) -> Json:
        """The one object that ``silences --json`` prints."""
        settings = self.silence_map.settings
        return {
            "duration_s": seconds(self.silence_map.duration_ms),
            "threshold_db": settings.threshold_db,
            "min_silence_ms": settings.min_silence_ms,
            "silences": [silence_json(s) for s in self.silence_map.silences],
        }


class FileMapper:
    """Maps recordings that are files of this computer, with a second opinion on each if there is a ``voice``."""

    def __init__(self, ffmpeg: Ffmpeg, limits: ProbeLimits, voice: VoiceMeter | None = None) -> None:
        self._ffmpeg, self._limits, self._voice = ffmpeg, limits, voice

    def map(
        self, sound: SoundTrack, say: Say, *, speech: Path | None, settings: SilenceSettings | None = None
    ) -> SoundMap:
        """Measure a sound track and find its silences.

        Args:
            sound: the track, with the length that its file declares.
            say: called with the step and its progress.
            speech: where the speech sound is written; None where it has no use, and then no second opinion is heard.
            settings: how silences are found; None for the defaults.

        Raises:
            BadRecording, DiskFull, and the failures of FFmpeg.
        """
        voice = self._voice if speech else None
        request = MapRequest(speech, settings or SilenceSettings(), self._limits.max_hours, voice)
        return map_silence(self._ffmpeg, sound, request, lambda f: say(MAPPING, f))

    def silences(self, recording: Path, request: SilenceRequest, say: Say) -> FileSilences:
        """The silences of a recording: adaptive, or with a threshold strictly as pydub finds them.

        Args:
            recording: a file of this computer.
            request: how silences are found, in which track, and whether they are drawn.
            say: called with the step and its progress.

        Raises:
            BadRecording, BadRange.
        """
        settings = request.settings
        path = reachable(recording)
        media = probe(path, self._limits)
        check_track(media, request.track)
        sound = SoundTrack(path, request.track, media.duration_ms)
        mapped = None
        if request.draw or settings.threshold_db is None:
            with scratch() as folder:  # only the second opinion needs the speech sound here
                speech = folder / "speech" if self._voice and settings.threshold_db is None else None
                mapped = self.map(sound, say, speech=speech, settings=settings)
        if settings.threshold_db is None:
            assert mapped is not None
            levels = threshold_levels(mapped.envelope, settings) if request.draw else None
            return FileSilences(mapped.silence_map, mapped.envelope, levels)
        search = StrictSearch(settings.threshold_db, settings.min_silence_ms, request.seek_step_ms)
        duration_ms, silences = strict_silences(self._ffmpeg, sound, search, lambda f: say(MAPPING, f))
        strict = SilenceMap(duration_ms, silences, settings.threshold_db, settings)
        return FileSilences(strict, mapped.envelope if mapped else None)


def reachable(recording: Path) -> Path:
    """The file itself. Raises NotMedia if it isn't there or can't be read."""
    if not recording.is_file():
        raise NotMedia(f"There is no file {recording}. Check its name and folder.")
    if not os.access(recording, os.R_OK):
        raise NotMedia(f"The file {recording} can't be read. Check your rights to it.")
    return recording


def check_track(media: MediaInfo, track: int) -> None:
    """Raise BadRange if there is no such sound track."""
    if track >= len(media.audio):
        raise BadRange(f"This recording has {len(media.audio)} sound tracks, counted from 0. Choose one of them.")


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for intermediate files, removed at the end."""
    with tempfile.TemporaryDirectory(prefix="clipper-") as folder:
        yield Path(folder)
