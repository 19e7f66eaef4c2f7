"""Values survive being stored as JSON columns."""

from __future__ import annotations

import json
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from clipper_core.db.codecs import media_from_row, media_to_row, ranges_from_row, ranges_to_row
from clipper_core.domain.media import AudioTrack, MediaInfo
from clipper_core.domain.time_range import TimeRange

WORDS = st.none() | st.text(max_size=8)
TRACKS = st.builds(
    AudioTrack, st.integers(0, 9), st.text(max_size=8), st.integers(1, 192_000), st.integers(1, 16), WORDS, WORDS
)
MEDIA = st.builds(
    MediaInfo,
    duration_ms=st.integers(0, 10**9),
    container=st.text(max_size=8),
    audio=st.lists(TRACKS, max_size=3).map(tuple),
    video_codec=WORDS,
    width=st.none() | st.integers(1, 8_000),
    frame_rate=st.none() | st.fractions(Fraction(1), Fraction(240)),
    rotation=st.sampled_from([0, 90, 180, 270]),
    title=WORDS,
)
RANGES = st.lists(st.builds(lambda a, n: TimeRange(a, a + n), st.integers(0, 10**9), st.integers(1, 10**6)))


@given(MEDIA)
def test_media_survives_being_stored(media: MediaInfo) -> None:
    assert media_from_row(json.loads(json.dumps(media_to_row(media)))) == media


@given(RANGES)
def test_ranges_survive_being_stored(ranges: list[TimeRange]) -> None:
    assert ranges_from_row(json.loads(json.dumps(ranges_to_row(ranges)))) == tuple(ranges)
