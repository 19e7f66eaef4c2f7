"""The silence map as a file: it opens without a network, holds no markup of a user's, and is whole or not there."""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
import pytest

from clipper_core.charts import map_page
from clipper_core.domain.envelope import Envelope
from clipper_core.domain.loudness import Loudness
from clipper_core.domain.silence import Silence, SilenceMap
from clipper_core.errors import FolderNotWritable

LENGTH_MS = 60_000
FOUND = SilenceMap(LENGTH_MS, (Silence(1_000, 1_500), Silence(20_000, 24_000)), -45.0)


def envelope(loudness: Loudness | None = None) -> Envelope:
    frames = LENGTH_MS // 10
    peaks = np.zeros(frames, np.int8)
    level = np.full(frames, -2_000, np.int16)
    return Envelope(level, peaks, peaks, LENGTH_MS, 48_000, 1, loudness=loudness or Loudness())


def written(path: Path, name: str = "talk.mp3", loudness: Loudness | None = None) -> str:
    map_page.save_picture(path, name, envelope(loudness), FOUND, np.full(60, -45, np.float32))
    return path.read_text(encoding="utf-8")


def test_the_file_loads_nothing_and_says_the_numbers(tmp_path: Path):
    page = written(tmp_path / "out.html", loudness=Loudness(-18.3, 6.2))

    assert not re.search(r"<(?:script|link|img|iframe)[^>]*(?:src|href)\s*=", page)
    words = re.sub(r"<[^>]+>", " ", page[page.index("<dl>") : page.index("</dl>")])
    assert " ".join(words.split()) == (
        "Length 1:00.0 Silences 2 Dead air, 1 s or longer 0:04.0 in 1 place "
        "Loudness -18.3 LUFS From quiet to loud 6.2 LU"
    )
    assert list(tmp_path.iterdir()) == [tmp_path / "out.html"]


def test_loudness_that_was_not_measured_is_not_said(tmp_path: Path):
    assert "LUFS" not in written(tmp_path / "out.html").partition("<dl>")[2].partition("</dl>")[0]


def test_the_name_of_the_recording_is_text(tmp_path: Path):
    page = written(tmp_path / "out.html", "</title><script>alert(1)</script>\n{x}.mp3")

    assert "<script>alert(1)" not in page
    assert "<h1>&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt; {x}.mp3</h1>" in page


def test_a_file_is_replaced_only_by_a_whole_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "out.html"
    path.write_text("before")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(map_page.DiskFull):
        map_page.save_picture(path, "talk", envelope(), FOUND)

    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_nothing_but_a_picture_is_ever_replaced(tmp_path: Path):
    recording = tmp_path / "talk.wav"
    recording.write_bytes(b"sound")
    (tmp_path / "link.html").symlink_to(recording)
    os.mkfifo(tmp_path / "fifo")

    for name in ("talk.wav", "link.html", "fifo", "x" * 300):
        with pytest.raises(FolderNotWritable):
            map_page.check_place(tmp_path / name, recording)

    map_page.check_place(tmp_path / ("é" * 120 + ".html"), recording)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["fifo", "link.html", "talk.wav"]


def test_a_place_that_is_no_file_is_refused_before_any_work(tmp_path: Path):
    for place in (tmp_path / "nowhere" / "out.html", tmp_path):
        with pytest.raises(FolderNotWritable):
            map_page.check_place(place, tmp_path / "talk.wav")
