"""The wiring of what works on files of this computer alone: loaded by itself, it takes half the memory of the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clipper_core.adapters.media.ffmpeg import Ffmpeg, Limits
from clipper_core.services.limits import Accepted
from clipper_core.services.local.map_file import FileMapper
from clipper_core.settings import FileSettings

if TYPE_CHECKING:
    from clipper_core.adapters.speech.voice import VoiceDetector


def file_mapper(settings: FileSettings) -> FileMapper:
    """What lists the silences of a file."""
    return FileMapper(ffmpeg_for(settings), accepted(settings), voice_detector(settings))


def ffmpeg_for(settings: FileSettings) -> Ffmpeg:
    return Ffmpeg(settings.ffmpeg, Limits())


def accepted(settings: FileSettings) -> Accepted:
    return Accepted(settings.max_hours, settings.max_streams)


def voice_detector(settings: FileSettings) -> VoiceDetector | None:
    """What hears a second opinion on silences, where one is asked for."""
    if not settings.voice_activity:
        return None
    from clipper_core.adapters.speech.voice import VoiceDetector

    return VoiceDetector()
