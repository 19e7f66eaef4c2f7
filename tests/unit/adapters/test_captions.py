"""Caption files as they are found in the wild, and as they are written."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from clipper_core.adapters import captions as adapter
from clipper_core.adapters.captions import read_captions, to_srt
from clipper_core.domain.captions import Caption
from clipper_core.errors import BadCaptions

HELLO = (Caption(0, 1_500, "Hello there"), Caption(1_500, 3_000, "Second line"))
SRT = "1\n00:00:00,000 --> 00:00:01,500\nHello there\n\n2\n00:00:01,500 --> 00:00:03,000\nSecond line\n"

YOUTUBE = """WEBVTT
Kind: captions
Language: en

STYLE
::cue { color: red }

00:00:00.160 --> 00:00:02.149 align:start position:0%

hello<00:00:00.480><c> and</c><00:00:00.900><c> welcome</c>

00:00:02.149 --> 00:00:02.159 align:start position:0%
hello and welcome


00:00:02.159 --> 00:00:04.000 align:start position:0%
hello and welcome
to<00:00:02.480><c> the</c><00:00:02.900><c> show</c>

00:00:04.000 --> 00:00:04.010 align:start position:0%
to the show


00:00:04.010 --> 00:00:06.000 align:start position:0%
to the show
we begin
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_captions_are_read_in_every_encoding_and_with_every_line_end(encoding: str, newline: str) -> None:
    data = SRT.replace("\n", newline).encode(encoding)

    assert read_captions(data) == HELLO


def test_captions_that_are_not_unicode_are_read_as_western_european() -> None:
    data = "1\n00:00:00,000 --> 00:00:01,000\ncafé “naïve”\n".encode("cp1252")

    assert read_captions(data)[0].text == "café “naïve”"


def test_a_dot_before_the_milliseconds_and_hours_left_out_are_accepted() -> None:
    data = b"1\n00:00:00.000 --> 00:00:01.000\na\n\n2\n01:02.5 --> 01:03,50\nb\n"

    assert read_captions(data) == (Caption(0, 1_000, "a"), Caption(62_500, 63_500, "b"))


def test_markup_positions_speakers_and_entities_leave_only_the_text() -> None:
    data = (
        b"WEBVTT\n\nname of the cue\n00:01.000 --> 00:02.000 line:0%\n"
        b"<v Bob>{\\an8}<i>Fish &amp; chips,</i><br>\n<c.loud>5 &lt; 6</c>\n"
    )

    assert read_captions(data) == (Caption(1_000, 2_000, "Fish & chips, 5 < 6"),)


def test_notes_styles_and_names_of_cues_are_no_text() -> None:
    data = (
        b"WEBVTT\n\nNOTE said by\nnobody\n\n00:01.000 --> 00:02.000\none\n\n"
        b"NOTE more\n\nintro\n00:02.000 --> 00:03.000\ntwo\n"
    )

    assert [c.text for c in read_captions(data)] == ["one", "two"]


def test_scrolling_captions_say_each_line_once() -> None:
    found = read_captions(YOUTUBE.encode())

    assert found == (
        Caption(160, 2_149, "hello and welcome"),
        Caption(2_159, 4_000, "to the show"),
        Caption(4_010, 6_000, "we begin"),
    )


def test_somebody_who_says_the_same_twice_is_captioned_twice() -> None:
    data = b"1\n00:00:00,000 --> 00:00:01,000\nNo.\n\n2\n00:00:01,000 --> 00:00:02,000\nNo.\n"

    assert [c.text for c in read_captions(data)] == ["No.", "No."]


def test_an_arrow_in_the_text_is_text() -> None:
    assert read_captions(b"1\n00:00:00,000 --> 00:00:01,000\nthe --> arrow\n")[0].text == "the --> arrow"


@pytest.mark.parametrize("time", ["-00:00:01,000", "NaN", "00:0x:01,000".replace("x", "0:00:00")])
def test_a_time_that_is_none_is_refused_and_the_cue_named(time: str) -> None:
    data = f"{SRT}\n3\n{time} --> 00:00:09,000\na\n".encode()

    with pytest.raises(BadCaptions, match="Caption 3 "):
        read_captions(data)


def test_a_cue_that_ends_before_it_starts_is_refused_and_named() -> None:
    with pytest.raises(BadCaptions, match="Caption 1 ends before it starts"):
        read_captions(b"1\n00:00:02,000 --> 00:00:01,000\na\n")


@pytest.mark.parametrize("data", [b"", b"\x00\x01\x02", b"hello", b"WEBVTT\n", b"1\n00:00:00,000 --> 00:00:01,000\n\n"])
def test_a_file_without_captions_is_refused(data: bytes) -> None:
    with pytest.raises(BadCaptions):
        read_captions(data)


def test_a_file_that_is_too_large_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "MAX_BYTES", 10)

    with pytest.raises(BadCaptions, match="larger"):
        read_captions(SRT.encode())


def test_three_thousand_cues_are_read_at_once() -> None:
    lines = [
        f"{i}\n00:{i // 60 % 60:02}:{i % 60:02},000 --> 00:{i // 60 % 60:02}:{i % 60:02},900\nx\n" for i in range(3_000)
    ]
    began = time.process_time()

    found = read_captions("\n".join(lines).encode())

    assert len(found) == 3_000
    assert time.process_time() - began < 2


@given(st.binary(max_size=300))
@example(b"\xff\xfe")
@example(("9" * 5_000 + " --> ").encode())
def test_whatever_the_bytes_there_are_captions_or_a_refusal(data: bytes) -> None:
    try:
        found = read_captions(data)
    except BadCaptions:
        return
    assert all(c.text and 0 <= c.start_ms <= c.end_ms for c in found)


CUES = st.lists(
    st.tuples(
        st.integers(0, 90_000_000),
        st.integers(0, 10_000),
        st.from_regex(r"[a-zA-Z&]{0,5}[a-z]( [a-z]{1,8}){0,4}", fullmatch=True),
    ),
    min_size=1,
    max_size=8,
)


@given(CUES)
def test_captions_read_back_as_they_were_written(cues: list[tuple[int, int, str]]) -> None:
    captions = tuple(sorted((Caption(a, a + n, t) for a, n, t in cues), key=lambda c: c.start_ms))

    assert read_captions(to_srt(captions).encode()) == captions


def test_times_and_numbers_of_srt_are_written_as_players_expect() -> None:
    written = to_srt((Caption(3_723_004, 3_724_000, "one\n\ntwo"), Caption(3_724_000, 3_725_000, "  ")))

    assert written.strip() == "1\n01:02:03,004 --> 01:02:04,000\none\ntwo"


def test_text_can_not_break_out_of_its_cue() -> None:
    evil = r"a\N\N9\N00:00:01,000 --> 00:00:02,000\Nb {\an8}"

    written = to_srt((Caption(0, 500, evil),))

    assert len(re.findall(r"^\d\d:.*-->", written, re.MULTILINE)) == 1


def test_the_bad_cases_end_as_their_manifest_says(shared: Path) -> None:
    folder = shared / "bad_inputs" / "files"
    cases = sorted(folder.glob("sub_*"))

    refused = []
    for case in cases:
        try:
            read_captions(case.read_bytes())
        except BadCaptions:
            refused.append(case.name)

    assert len(cases) >= 8
    assert refused == ["sub_negative"]
