"""The whole recording under the desk: its map, how much of it was dealt with, and what can be done with a stretch."""

from __future__ import annotations

import time
from typing import Any

import streamlit as st

from clipper_core.app import App
from clipper_core.charts.figures import silence_map_figure
from clipper_core.domain.coverage import Coverage
from clipper_core.domain.envelope import Envelope
from clipper_core.services.projects.played import coverage
from clipper_core.services.projects.views import ProjectView
from pages.components.links import exports_link
from pages.components.recording import silences
from pages.components.recording.coverage import coverage_html
from pages.components.recording.selection import draw_proposing, draw_stretch, map_key, stretch_of
from pages.components.recording.strip import drawn_clips
from pages.components.runs.progress import is_busy

PATIENCE_S = 120  # so long the map lags behind at most while somebody works on without a rest
STEPS = 300  # the map is drawn anew once listening has gone on by such a part of the recording


def draw_overview(app: App, project_id: str) -> bool:
    """The map with its clips; a stretch selected on it can be made a clip. Whether work goes on."""
    project = app.projects.get(project_id)
    if project.map_id is None:
        return is_busy(project.run)
    if not _may_follow(project_id):
        st.html('<div class="c muted">The map of the whole recording follows in a moment.</div>')
        return is_busy(project.run)
    trying = silences.tried(app, project_id, project.map_id)
    envelope = app.measured.envelope(project.map_id)
    found = trying.silence_map
    figure, covered = _drawn(app, project, trying, envelope)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.html('<div class="c"><h2>The whole recording</h2></div>')
        draw_captions(app, project_id)
        exports_link(project_id)
    draw_proposing(app, project)
    event = st.plotly_chart(
        figure,
        key=map_key(project_id),
        on_select="rerun",
        selection_mode="box",
        config={"displayModeBar": False},
        alt="Level over time with silences, below it what was looked at, and the clips",
    )
    st.html(f'<div class="c">{coverage_html(covered)}{silences.numbers_html(found, envelope)}</div>')
    draw_stretch(app, project, stretch_of(event, found.duration_ms))
    silences.draw_silences(app, trying)
    return is_busy(project.run)


def rested_key(project_id: str) -> str:
    """Where the page keeps what the desk last said of the person's resting."""
    return f"rested-{project_id}"


def _may_follow(project_id: str) -> bool:
    """Whether the map may be drawn: once the person at the desk rests, and at the second look where there is no desk.

    Loading and drawing the plot keeps a browser busy for half a second, which the desk would have to wait for.
    """
    looked = st.session_state.get(f"looked-{project_id}", False)
    st.session_state[f"looked-{project_id}"] = True
    rested = st.session_state.get(rested_key(project_id))
    return bool(rested) or (looked and rested is None)


def _drawn(app: App, project: ProjectView, trying: silences.Tried, envelope: Envelope) -> tuple[Any, Coverage]:
    """The figure, made anew only when something on it has changed; and what was looked at, always as it is now.

    While a stretch is selected, only other silences change it: another figure would lose the selection.
    """
    listened = app.played.of(project.id)
    duration_ms = trying.silence_map.duration_ms
    clips = app.clips.outlines(project.id)
    covered = coverage(duration_ms, clips, listened)
    step_ms = max(1, duration_ms // STEPS)
    heard = tuple((r.start_ms // step_ms, r.end_ms // step_ms) for r in listened)
    shown = (trying.map_id, trying.settings, project.clips_revision, heard)
    kept = st.session_state.get("map-figure")
    selected = stretch_of(st.session_state.get(map_key(project.id)), duration_ms)
    rested = st.session_state.get(rested_key(project.id), 0)
    if kept is not None and (kept[0] == shown or (selected is not None and kept[0][:2] == shown[:2])):
        return kept[1], covered
    if kept is not None and kept[0][:2] == shown[:2] and kept[2] == rested and time.monotonic() - kept[3] < PATIENCE_S:
        return kept[1], covered  # whoever works on the desk is in the middle of it
    levels = app.silences.levels(trying.map_id, trying.settings)
    drawn = drawn_clips(clips)
    figure = silence_map_figure(envelope, trying.silence_map, drawn, levels=levels, coverage=covered, height=300)
    st.session_state["map-figure"] = shown, figure, rested, time.monotonic()
    return figure, covered


def draw_captions(app: App, project_id: str) -> None:
    """The words as a caption file, for a recording that came without, or with the wrong ones."""
    with st.popover("Captions", icon=":material/closed_caption:", type="tertiary"):
        file = st.file_uploader("A caption file with the words (SRT or VTT)", type=["srt", "vtt"])
        if file is not None and st.button("Use these words", type="primary"):
            app.intake.set_captions(project_id, file.getvalue())
            st.rerun()
