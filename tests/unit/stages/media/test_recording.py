"""The sound track that is used of a recording."""

from __future__ import annotations

from pathlib import Path

import pytest

from clipper_core.domain.media import AudioTrack, MediaInfo
from clipper_core.errors import BadSettings
from clipper_core.stages.media.recording import Recording

# The second stream of this file can't be decoded, so probing left it out.
MEDIA = MediaInfo(1_000, "matroska", (AudioTrack(0, "aac", 48_000, 2), AudioTrack(2, "flac", 44_100, 1)))


def test_a_track_is_found_by_its_number() -> None:
    assert Recording(Path("a.mkv"), MEDIA, 2).sound.codec == "flac"
    assert Recording(Path("a.mkv"), MEDIA).sound.codec == "aac"


def test_a_missing_track_is_named_counted_from_one() -> None:
    with pytest.raises(BadSettings, match="no sound track 2"):
        _ = Recording(Path("a.mkv"), MEDIA, 1).sound
