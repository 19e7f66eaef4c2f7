"""The transcribers and selectors in words."""

from __future__ import annotations

ENGINES = {
    "captions": "Captions that come with the recording",
    "openai": "The endpoint",
    "faster-whisper": "faster-whisper, on this computer",
    "pocketsphinx": "PocketSphinx, on this computer (English; a draft to choose by)",
    "none": "None: clips are chosen by the silences alone",
    "offline": "On this computer",
    "chat": "The endpoint",
}


def engine(name: str) -> str:
    """An engine's name in words; an unknown name as it is, since a newer worker may have written it."""
    return ENGINES.get(name, name)
