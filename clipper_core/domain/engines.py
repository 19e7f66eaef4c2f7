"""The engines that find words and choose clips, by name."""

from __future__ import annotations

from enum import StrEnum


class Transcriber(StrEnum):
    """An engine that gives a recording its words."""

    #: The choice is left to Clipper.
    AUTO = "auto"
    #: The words of a caption file, placed to the sound.
    CAPTIONS = "captions"
    #: A service that speaks OpenAI's protocol; its words are placed to the sound.
    OPENAI = "openai"
    #: Not available in this version; the name is reserved.
    FASTER_WHISPER = "faster-whisper"
    #: The recogniser that comes with Clipper: English, a draft that is never quoted.
    POCKETSPHINX = "pocketsphinx"
    #: No words: clips are chosen by the pauses.
    NONE = "none"

    @property
    def recognises(self) -> bool:
        """Whether it finds the words in the sound itself."""
        return self in (Transcriber.OPENAI, Transcriber.FASTER_WHISPER, Transcriber.POCKETSPHINX)

    @property
    def is_placed(self) -> bool:
        """Whether its words are placed to the sound; a draft keeps the times it was recognised with."""
        return self in (Transcriber.CAPTIONS, Transcriber.OPENAI)


class Selector(StrEnum):
    """An engine that chooses clips."""

    #: The choice is left to Clipper.
    AUTO = "auto"
    #: The selector that comes with Clipper.
    OFFLINE = "offline"
    #: A language model behind a service.
    CHAT = "chat"
