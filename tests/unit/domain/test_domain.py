"""The values everything is said in refuse nonsense at birth, and answer questions about themselves rightly."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.domain.cut import Cut, EdgeCertificate, Grade, Side
from clipper_core.domain.documents import cut_from_json, cut_json, transcript_from_json, transcript_json
from clipper_core.domain.media import AudioTrack, MediaInfo, frame_time, nearest_frame, plays_in_browser
from clipper_core.domain.naming import file_name
from clipper_core.domain.silence import Silence
from clipper_core.domain.time_range import TimeRange, in_order
from clipper_core.domain.transcript import Transcript, Word, sentences_of

RATES = [Fraction(24), Fraction(25), Fraction(30), Fraction(30000, 1001), Fraction(24000, 1001), Fraction(60)]


@st.composite
def word_lists(draw: st.DrawFn) -> tuple[Word, ...]:
    steps = draw(st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 900)), max_size=200))
    text = st.sampled_from(["so", "yes.", "Why?", "thing", "Mr.", "end!", "J."])
    words, at = [], 0
    for gap, length in steps:
        at += gap
        words.append(Word(draw(text), at, at + length))
    return tuple(words)


@pytest.mark.parametrize(("start", "end"), [(5, 5), (6, 5), (-1, 5)])
def test_a_range_that_is_empty_turned_round_or_negative_is_refused(start: int, end: int) -> None:
    with pytest.raises(ValueError, match="not a time range"):
        TimeRange(start, end)


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(1, 100)), max_size=8))
def test_ranges_in_order_do_not_overlap(pairs: list[tuple[int, int]]) -> None:
    ranges = [TimeRange(a, a + n) for a, n in pairs]

    if in_order(ranges):
        assert not any(a.overlaps(b) for i, a in enumerate(ranges) for b in ranges[i + 1 :])


@given(word_lists())
def test_a_transcript_survives_being_written_and_read(words: tuple[Word, ...]) -> None:
    transcript = Transcript("captions", "en", words, sentences_of(words), draft=True)

    assert transcript_from_json(transcript_json(transcript)) == transcript


@pytest.mark.parametrize("silence", [None, Silence(900, 1_400, -58.0)])
def test_a_cut_survives_being_written_and_read(silence: Silence | None) -> None:
    level = silence.level_db if silence else None
    cut = Cut(1_250, Side.IN, EdgeCertificate(silence, level, None, True, Grade.FAIR, "why"))

    assert cut_from_json(cut_json(cut)) == cut


@given(st.integers(0, 40_000_000), st.sampled_from(RATES))
def test_a_cut_falls_on_the_nearest_frame(at_ms: int, rate: Fraction) -> None:
    number = nearest_frame(at_ms, rate)

    assert abs(frame_time(number, rate) - Fraction(at_ms, 1000)) <= 1 / (2 * rate)


def media(container: str, video: str | None, audio: str, pixels: str | None = "yuv420p") -> MediaInfo:
    track = AudioTrack(0, audio, 48_000, 2)
    return MediaInfo(1000, container, (track,), video_codec=video, pixel_format=pixels if video else None)


@pytest.mark.parametrize(
    ("recording", "plays"),
    [
        (media("mp4", "h264", "aac"), True),
        (media("mp3", None, "mp3"), True),
        (media("webm", "vp9", "opus"), True),
        (media("mp4", "h264", "aac", "yuv422p10le"), False),
        (media("mp4", "hevc", "aac"), False),
        (media("matroska", "h264", "aac"), False),
        (media("mp4", "h264", "pcm_s16le"), False),
        (media("avi", "mpeg4", "mp3"), False),
    ],
)
def test_what_a_browser_plays_needs_no_preview(recording: MediaInfo, plays: bool) -> None:
    assert plays_in_browser(recording) is plays


def test_another_sound_track_than_the_first_needs_a_preview() -> None:
    assert not plays_in_browser(media("mp4", "h264", "aac"), track=1)


@given(st.text(max_size=400))
def test_any_title_makes_a_file_name_every_system_accepts(title: str) -> None:
    name = file_name(title)

    assert name.strip(" .") == name != ""
    assert not set(name) & set('/\\:*?"<>|%')
    assert name.isprintable()
    assert len(name.encode()) <= 205
