"""A recording as what makes files of it sees it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from clipper_core.domain.media import AudioTrack, MediaInfo
from clipper_core.errors import BadSettings


@dataclass(frozen=True, slots=True)
class Recording:
    """A source: its file, what probing tells of it, and the number (from 0) of the sound track that is used."""

    path: Path
    media: MediaInfo
    track: int = 0

    @property
    def sound(self) -> AudioTrack:
        """The sound track that is used. Raises BadSettings where there is no such track."""
        sound = next((a for a in self.media.audio if a.number == self.track), None)
        if sound is None:
            raise BadSettings(f"This recording has no sound track {self.track + 1}.")
        return sound
