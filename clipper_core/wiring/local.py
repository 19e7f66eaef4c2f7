"""Builds what works on files of this computer alone. Loaded by itself, it takes half the memory of the rest."""

from __future__ import annotations

from clipper_core.adapters.media.ffmpeg import Ffmpeg, Limits
from clipper_core.adapters.speech.voice import VoiceDetector
from clipper_core.services.local.map_file import FileMapper, ProbeLimits
from clipper_core.settings import Settings


def file_mapper(settings: Settings) -> FileMapper:
    """The mapper that lists the silences of a file."""
    return FileMapper(ffmpeg_for(settings), probe_limits(settings), voice_detector(settings))


def ffmpeg_for(settings: Settings) -> Ffmpeg:
    return Ffmpeg(settings.ffmpeg, Limits())


def probe_limits(settings: Settings) -> ProbeLimits:
    """The recordings that are accepted."""
    return ProbeLimits(settings.max_hours, settings.max_streams)


def voice_detector(settings: Settings) -> VoiceDetector | None:
    """The model that gives a second opinion on silences, where one is asked for."""
    return VoiceDetector() if settings.voice_activity else None
