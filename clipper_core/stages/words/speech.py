"""The speech sound of a recording together with its silences: what words are recognised and aligned in."""

from __future__ import annotations

from dataclasses import dataclass

from clipper_core.adapters.speech.speech_audio import SpeechAudio
from clipper_core.domain.silence import SilenceMap


@dataclass(frozen=True, slots=True)
class SpeechTrack:
    """16 kHz mono samples that can be read by time, and the silences on the same clock."""

    audio: SpeechAudio
    silences: SilenceMap
