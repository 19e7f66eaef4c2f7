"""Headers of files: read without decoding, and refused without naming the file's place."""

from __future__ import annotations

from pathlib import Path

import pytest

from clipper_core.adapters.media.pyav import count, read_header, sound_source
from clipper_core.errors import NotMedia


def test_a_header_names_format_length_and_streams(media: Path) -> None:
    header = read_header(media / "talk.mp4")

    assert "mp4" in header.format.split(",")
    assert header.streams == len(header.sounds) + len(header.pictures) == 2
    assert header.length > 20
    assert min(header.pictures[0].width, header.pictures[0].height) > 0


def test_the_decoder_gives_what_a_plain_header_promises(media: Path) -> None:
    source = sound_source(media / "jfk.flac", 0)

    assert source is not None and source.as_declared and not source.jumpy
    assert source.sample_rate == read_header(media / "jfk.flac").sounds[0].sample_rate


def test_a_track_that_is_not_there_has_no_source(media: Path) -> None:
    assert sound_source(media / "jfk.flac", 3) is None


def test_counting_decodes_every_sample(media: Path) -> None:
    counted = count(media / "jfk.flac")

    assert counted.samples / counted.sample_rate == pytest.approx(
        float(read_header(media / "jfk.flac").length), abs=0.1
    )
    assert counted.pictures == 0


@pytest.mark.parametrize("content", [b"", b"This is no recording.\n", b"#EXTM3U\n/etc/passwd\n"])
def test_no_recording_is_refused_without_its_path(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "private-name.mp4"
    path.write_bytes(content)

    with pytest.raises(NotMedia) as refused:
        read_header(path)

    assert str(tmp_path) not in (refused.value.detail or "")
