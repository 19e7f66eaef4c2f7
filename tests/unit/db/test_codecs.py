"""Media and ranges survive the JSON columns of rows exactly."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from clipper_core.db.codecs import media_from_row, media_to_row, ranges_from_row, ranges_to_row
from clipper_core.domain.media import AudioTrack, MediaInfo
from clipper_core.domain.time_range import TimeRange

COUNTS = st.integers(0, 2**40)
NAMES = st.none() | st.text(max_size=20)
TRACKS = st.builds(AudioTrack, COUNTS, st.text(max_size=10), COUNTS, COUNTS, NAMES, NAMES)
MEDIA = st.builds(
    MediaInfo,
    COUNTS,
    st.text(max_size=10),
    st.lists(TRACKS, max_size=3).map(tuple),
    NAMES,
    st.none() | COUNTS,
    st.none() | COUNTS,
    st.none() | st.fractions(min_value="1/1000", max_value=1000),
    NAMES,
    st.sampled_from([0, 90, 180, 270]),
    NAMES,
)
RANGES = st.lists(st.tuples(COUNTS, st.integers(1, 10_000)).map(lambda r: TimeRange(r[0], r[0] + r[1])), max_size=10)


@given(MEDIA)
def test_probed_media_survives_its_row(media: MediaInfo) -> None:
    assert media_from_row(json.loads(json.dumps(media_to_row(media)))) == media


@given(RANGES)
def test_ranges_survive_their_row(ranges: list[TimeRange]) -> None:
    assert ranges_from_row(json.loads(json.dumps(ranges_to_row(ranges)))) == tuple(ranges)
