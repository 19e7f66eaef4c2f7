"""The strip: the level of a recording as a thin SVG."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np

from clipper_core.charts.drawing import DrawnClip
from clipper_core.charts.strip import strip_svg
from clipper_core.domain.clip import ClipStatus
from clipper_core.domain.envelope import Envelope
from clipper_core.domain.silence import Silence
from tests.unit.charts.test_figures import envelope


def test_the_strip_is_an_svg_without_any_text_of_a_user():
    clips = tuple(DrawnClip(1_000, 2_000, s, "<script>alert(1)</script>") for s in ClipStatus)

    svg = strip_svg(envelope(10_000), (Silence(3_000, 4_000),), clips)

    root = ElementTree.fromstring(svg)
    assert root.get("viewBox") == "0 0 1000 44"
    assert "script" not in svg and "alert" not in svg
    assert len(svg) < 20_000


def test_the_strip_is_taller_where_sound_is_louder():
    level = np.concatenate([np.full(500, -6_000), np.full(500, -1_500)]).astype(np.int16)
    peaks = np.zeros(1_000, np.int8)

    svg = strip_svg(Envelope(level, peaks, peaks, 10_000, 48_000, 1), ())

    wave = ElementTree.fromstring(svg).findall(".//{*}path[@class='l']")[0].get("d") or ""
    heights = [float(column.split("v")[1].split("h")[0]) for column in wave.split("z") if column]
    assert max(heights[:125]) < 5 < 30 < min(heights[126:])
