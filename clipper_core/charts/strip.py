"""A recording as a thin picture for cards: its level, silences and clips as an SVG that stretches to any width."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from clipper_core.charts.drawing import COLOURS, LEVEL, DrawnClip, level_points
from clipper_core.domain.clip import ClipStatus
from clipper_core.domain.envelope import Envelope
from clipper_core.domain.silence import Silence

STRIP_WIDTH, STRIP_HEIGHT, STRIP_COLUMNS = 1_000, 44, 250
WAVE_HEIGHT = 34  # the rest is the lane of clips
STRIP_STYLE = (
    f"<style>.l{{fill:{LEVEL}}}.s{{fill:#8fb0e8;opacity:.38}}.b{{fill:#8a93a3;opacity:.25}}"
    "@media(prefers-color-scheme:dark){.l{fill:#8fa3c2}.s{fill:#5e8cdc;opacity:.34}}</style>"
)


def strip_svg(envelope: Envelope, silences: Sequence[Silence], clips: Sequence[DrawnClip] = ()) -> str:
    """The whole recording as a thin SVG that stretches to any width. It holds no text, so nothing of a user's.

    Args:
        envelope: The level that is drawn.
        silences: The silences; those too short to be seen are left out.
        clips: The ranges of the clips, for the lane below.
    """
    duration_ms = max(1, envelope.duration_ms)
    scale = STRIP_WIDTH / duration_ms
    visible = (s for s in silences if s.length_ms * scale >= 1)
    shades = "".join(_box(s.start_ms * scale, s.length_ms * scale, 0, WAVE_HEIGHT) for s in visible)
    parts = [
        f'<path class="s" d="{shades}"/>',
        f'<path class="l" d="{_wave(envelope)}"/>',
        f'<path class="b" d="{_box(0, STRIP_WIDTH, WAVE_HEIGHT + 5, 3)}"/>',
    ]
    for status in ClipStatus:
        boxes = [
            _box(c.start_ms * scale, max(3.0, (c.end_ms - c.start_ms) * scale), WAVE_HEIGHT + 3, 7)
            for c in clips
            if c.status is status
        ]
        if boxes:
            parts.append(f'<path fill="{COLOURS[status]}" d="{"".join(boxes)}"/>')
    size = f'viewBox="0 0 {STRIP_WIDTH} {STRIP_HEIGHT}" preserveAspectRatio="none"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{STRIP_STYLE}{"".join(parts)}</svg>'


def _wave(envelope: Envelope) -> str:
    """A column for each part of the recording, from the middle outwards, as high as it is loud beside the others."""
    level = level_points(envelope, STRIP_COLUMNS).mean
    if not len(level):
        return ""
    quiet, loud = np.percentile(level, (2, 98))
    share = np.clip((level - quiet) / max(6.0, loud - quiet), 0, 1) * 0.9 + 0.08
    step = STRIP_WIDTH / len(level)
    heights = (share * WAVE_HEIGHT).tolist()
    return "".join(_box(i * step, step * 0.7, (WAVE_HEIGHT - h) / 2, h) for i, h in enumerate(heights))


def _box(x: float, width: float, y: float, height: float) -> str:
    return f"M{x:.1f} {y:.1f}h{width:.1f}v{height:.1f}h{-width:.1f}z"
