"""The strip of a recording on its card, and clips in the form that figures draw."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import streamlit as st

from clipper_core.app import App
from clipper_core.charts.drawing import DrawnClip
from clipper_core.charts.strip import strip_svg
from clipper_core.errors import ClipperError
from clipper_core.services.clips import Outline
from clipper_core.services.projects import ProjectView

EMPTY_STRIP = '<div class="strip none"></div>'


def strip_html(app: App, project: ProjectView) -> str:
    """The strip as HTML; an empty bar while there is no map, or if it can't be read."""
    if project.map_id is None:
        return EMPTY_STRIP
    try:
        return _image(app, project.id, project.map_id, project.clips_revision)
    except ClipperError:
        return EMPTY_STRIP


def drawn_clips(clips: Sequence[Outline]) -> list[DrawnClip]:
    """Every range of every clip."""
    return [DrawnClip(r.start_ms, r.end_ms, c.status, c.title) for c in clips for r in c.ranges]


# Streamlit takes SVG out of HTML, so the strip is an image; as one it still follows the page's light or dark.
@st.cache_data(max_entries=500, show_spinner=False)
def _image(_app: App, project_id: str, map_id: str, clips_revision: str) -> str:
    silences = _app.measured.silence_map(map_id).silences
    svg = strip_svg(_app.measured.envelope(map_id), silences, drawn_clips(_app.clips.outlines(project_id)))
    data = base64.b64encode(svg.encode()).decode()
    return f'<img class="strip" alt="Level, silences and clips" src="data:image/svg+xml;base64,{data}">'
