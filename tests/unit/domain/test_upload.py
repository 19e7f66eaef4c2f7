"""Rules for uploads: names, types and metadata."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.domain.upload import check_kind, clean_name, parse_metadata, preferences_of
from clipper_core.errors import BadUpload, NotAudioVideo, NotMedia

TALK = {"filename": "talk.mp4", "filetype": "video/mp4"}


@pytest.mark.parametrize(
    ("name", "filetype"),
    [
        ("notes.txt", "text/plain"),
        ("a.pdf", "application/pdf"),
        ("a.zip", "application/octet-stream"),
        ("paper.docx", ""),
        ("noext", "text/plain"),
        ("talk.srt", "application/x-subrip"),
        ("list.m3u8", ""),
    ],
)
def test_a_file_that_is_no_recording_is_refused(name: str, filetype: str):
    with pytest.raises(NotMedia):
        check_kind(name, filetype)


@pytest.mark.parametrize(("name", "filetype"), [("me.JPG", "image/jpeg"), ("me.png", ""), ("x", "image/heic")])
def test_a_picture_is_refused_as_a_picture(name: str, filetype: str):
    with pytest.raises(NotAudioVideo):
        check_kind(name, filetype)


@pytest.mark.parametrize(
    ("name", "filetype"),
    [
        ("talk.mp4", "text/plain"),
        ("LOUD.WAV", ""),
        ("talk.ts", "text/vnd.typescript"),
        ("shell.php", ""),
        ("name. .", "application/octet-stream"),
        ("a.wav::$DATA", ""),
        ("recording", "audio/x-odd"),
    ],
)
def test_a_possible_recording_is_left_to_probing(name: str, filetype: str):
    check_kind(name, filetype)


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=300))
def test_an_ordinary_name_is_shown_as_sent(name: str):
    assert clean_name(name) == (name if name.strip() else "recording")


@given(st.text(st.characters(codec=None), max_size=3000))
def test_any_name_becomes_a_printable_one(name: str):
    shown = clean_name(name)

    assert 0 < len(shown) <= 1000
    shown.encode()
    assert not any(ord(c) < 32 or c == "\x7f" for c in shown)


def test_line_ends_and_nul_are_removed_from_names():
    assert clean_name("a\r\nSet-Cookie: x=1\x00.wav") == "aSet-Cookie: x=1.wav"


def test_a_long_name_keeps_its_extension():
    assert clean_name("n" * 4096 + ".wav") == "n" * 996 + ".wav"


@given(st.dictionaries(st.from_regex(r"[a-z]{1,8}", fullmatch=True), st.text(st.characters(codec="utf-8"))))
def test_metadata_comes_back_as_it_was_sent(pairs: dict[str, str]):
    header = ",".join(f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in pairs.items())

    assert parse_metadata(header) == pairs


@given(st.text())
def test_any_metadata_header_is_read_or_refused(header: str):
    try:
        assert all(isinstance(v, str) for v in parse_metadata(header).values())
    except BadUpload as error:
        assert error.message


def test_only_preferences_with_a_value_are_read():
    assert preferences_of({**TALK, "min_length": "20", "language": " ", "title": "Pricing"}) == {
        "min_s": "20",
        "title": "Pricing",
    }
