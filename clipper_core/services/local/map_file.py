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
from clipper_core.services.limits import Accepted
from clipper_core.stages.media.probe import probe
from clipper_core.stages.silence.find import threshold_levels
from clipper_core.stages.silence.map_silence import MapRequest, SoundMap, VoiceEar, map_silence
from clipper_core.stages.silence.strict import StrictSearch, strict_silences
from clipper_core.stages.sound.decode import SoundTrack

Say = Callable[[str, float], None]
"""Told a step in words and how far it is, 0-1."""

MAPPING = "Mapping the silences"


@dataclass(frozen=True, slots=True, eq=False)
class FoundSilences:
    """The silences of a recording, and what they are drawn over, as far as it was asked for."""

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
    """Maps recordings that are files here. With ``voice`` a second opinion is heard on each."""

    def __init__(self, ffmpeg: Ffmpeg, accepted: Accepted, voice: VoiceEar | None = None) -> None:
        self._ffmpeg, self._limits, self._voice = ffmpeg, accepted.for_probe(), voice

    def map(
        self,
        path: Path,
        media: MediaInfo,
        track: int,
        speech: Path | None,
        say: Say,
        settings: SilenceSettings | None = None,
    ) -> SoundMap:
        """As ``map_silence``."""
        sound = SoundTrack(path, track, media.duration_ms)
        voice = self._voice if speech else None
        request = MapRequest(speech, settings or SilenceSettings(), self._limits.max_hours, voice)
        return map_silence(self._ffmpeg, sound, request, lambda f: say(MAPPING, f))

    def silences(
        self, recording: Path, settings: SilenceSettings, say: Say, *, track: int = 0, seek_step_ms: int = 1, draw: bool
    ) -> FoundSilences:
        """The silences of a recording: adaptive, or with a threshold strictly as pydub finds them.

        ``draw`` asks for the envelope in any case; a strict search alone needs none. Raises BadRecording, BadRange.
        """
        path = reachable(recording)
        media = probe(path, self._limits)
        check_track(media, track)
        mapped = None
        if draw or settings.threshold_db is None:
            with scratch() as folder:  # a voice is heard in the speech sound, which nothing else needs here
                speech = folder / "speech" if self._voice and settings.threshold_db is None else None
                mapped = self.map(path, media, track, speech, say, settings)
        if settings.threshold_db is None:
            assert mapped is not None
            levels = threshold_levels(mapped.envelope, settings) if draw else None
            return FoundSilences(mapped.silence_map, mapped.envelope, levels)
        search = StrictSearch(settings.threshold_db, settings.min_silence_ms, seek_step_ms)
        sound = SoundTrack(path, track, media.duration_ms)
        duration_ms, silences = strict_silences(self._ffmpeg, sound, search, lambda f: say(MAPPING, f))
        strict = SilenceMap(duration_ms, silences, settings.threshold_db, settings)
        return FoundSilences(strict, mapped.envelope if mapped else None)


def reachable(recording: Path) -> Path:
    """The file itself. Raises NotMedia where it isn't there or can't be read."""
    if not recording.is_file():
        raise NotMedia(f"There is no file {recording}. Check its name and folder.")
    if not os.access(recording, os.R_OK):
        raise NotMedia(f"The file {recording} can't be read. Check your rights to it.")
    return recording


def check_track(media: MediaInfo, track: int) -> None:
    """Raises BadRange where there is no such sound track."""
    if track >= len(media.audio):
        raise BadRange(f"This recording has {len(media.audio)} sound tracks, counted from 0. Choose one of them.")


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for what is made on the way, gone in the end."""
    with tempfile.TemporaryDirectory(prefix="clipper-") as folder:
        yield Path(folder)
