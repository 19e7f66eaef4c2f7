"""``process``, ``propose`` and ``render``: refused before anything is decoded."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from clipper_core.command_line.clips import _read_transcript
from clipper_core.command_line.main import main
from clipper_core.errors import NotMedia


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["process", "a.mp4", "--min-length", "50", "--max-length", "20"], "bad_settings"),
        (["process", "a.mp4", "--min-length", "0"], "bad_settings"),
        (["process", "a.mp4", "--preset", "cinema", "--render"], "bad_settings"),
        (["render", "a.mp4", "--start", "9", "--end", "3", "--out", "x.mp4"], "bad_range"),
        (["render", "a.mp4", "--start", "1", "--end", "3", "--out", "x.mp4", "--burn-captions", "c"], "bad_settings"),
        (["propose", "nowhere.json"], "not_media"),
    ],
)
def test_wrong_options_are_refused(arguments: list[str], code: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr().err.startswith(f"{code}: ")


def test_a_transcript_may_be_compressed(tmp_path: Path) -> None:
    (tmp_path / "words.json").write_text('{"words": []}')
    (tmp_path / "words.json.gz").write_bytes(gzip.compress(b'{"words": []}'))

    assert _read_transcript(tmp_path / "words.json") == _read_transcript(tmp_path / "words.json.gz") == {"words": []}


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff\xfe", b"[" * 100_000])
@pytest.mark.parametrize("name", ["words.json", "words.json.gz"])
def test_a_file_that_is_no_transcript_is_refused(content: bytes, name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)

    with pytest.raises(NotMedia, match="is not a transcript"):
        _read_transcript(tmp_path / name)
