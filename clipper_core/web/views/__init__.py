"""Values as the JSON of the HTTP API."""

from __future__ import annotations

from clipper_core.web.views.clips import captions_json, clip_json, edge_json
from clipper_core.web.views.notes import clip_notes_json
from clipper_core.web.views.projects import project_json, show_json
from clipper_core.web.views.renders import render_json
from clipper_core.web.views.runs import job_json, run_json
from clipper_core.web.views.silences import map_json, peaks_json
from clipper_core.web.views.transcripts import correction_json, transcript_view_json

__all__ = [
    "captions_json",
    "clip_json",
    "clip_notes_json",
    "correction_json",
    "edge_json",
    "job_json",
    "map_json",
    "peaks_json",
    "project_json",
    "render_json",
    "run_json",
    "show_json",
    "transcript_view_json",
]
