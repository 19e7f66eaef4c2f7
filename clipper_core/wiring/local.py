"""Builds what works on files of this computer alone. Loaded by itself, it takes half the memory of the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clipper_core.adapters.media.ffmpeg import Ffmpeg, Limits
from clipper_core.services.local.map_file import FileMapper, ProbeLimits
from clipper_core.services.local.map_file import SilenceRequest as SilenceRequest
from clipper_core.settings import FileSettings

if TYPE_CHECKING:
    from clipper_core.adapters.speech.voice import VoiceDetector


def file_mapper(settings: FileSettings) -> FileMapper:
    """The mapper that lists the silences of a file."""
    return FileMapper(ffmpeg_for(settings), probe_limits(settings), voice_detector(settings))


def ffmpeg_for(settings: FileSettings) -> Ffmpeg:
    return Ffmpeg(settings.ffmpeg, Limits())


def probe_limits(settings: FileSettings) -> ProbeLimits:
    """The recordings that are accepted."""
    return ProbeLimits(settings.max_hours, settings.max_streams)


def voice_detector(settings: FileSettings) -> VoiceDetector | None:
    """The model that gives a second opinion on silences, where one is asked for."""
    if not settings.voice_activity:
        return None
    from clipper_core.adapters.speech.voice import VoiceDetector

    return VoiceDetector()
