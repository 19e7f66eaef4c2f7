"""The whole recording below the desk: its map, its coverage, its captions, and the range selected on it."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import streamlit as st

from clipper_core.app import App
from clipper_core.charts.figures import FigureSize, silence_map_figure
from clipper_core.domain.coverage import Coverage
from clipper_core.domain.envelope import Envelope
from clipper_core.domain.time_range import TimeRange
from clipper_core.services.projects import ProjectView, coverage
from pages.components.links import exports_link
from pages.components.recording import silences
from pages.components.recording.coverage import coverage_html
from pages.components.recording.selection import draw_proposing, draw_selection, map_key, selected_range
from pages.components.recording.strip import drawn_clips
from pages.components.runs.progress import is_busy

MAX_LAG_S = 120  # the map is drawn again after this time even if the reviewer never rests
LISTENING_STEPS = 300  # the map is drawn again when listening has gone on by this fraction of the recording


@dataclass(frozen=True, slots=True)
class DrawnMap:
    """A figure kept in the session, since making one takes a moment.

    Attributes:
        basis: everything it shows; first the map's id and the silence settings
        figure: the plotly figure
        rest: the desk's count of rests when it was made
        made_at_s: the monotonic clock when it was made
    """

    basis: tuple[object, ...]
    figure: Any
    rest: int
    made_at_s: float

    def has_silences_of(self, basis: tuple[object, ...]) -> bool:
        return self.basis[:2] == basis[:2]


def draw_recording_map(app: App, project_id: str) -> bool:
    """Draw the map with its clips, and below it what can be done with it. Returns whether work goes on."""
    project = app.projects.get(project_id)
    if project.map_id is None:
        return is_busy(project.run)
    if not _may_follow(project_id):
        st.html('<div class="c muted">The map of the whole recording follows in a moment.</div>')
        return is_busy(project.run)
    trial = silences.current_trial(app, project_id, project.map_id)
    envelope = app.measured.envelope(project.map_id)
    figure, covered = _figure_and_coverage(app, project, trial, envelope)
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
    st.html(f'<div class="c">{coverage_html(covered)}{silences.numbers_html(trial.silence_map, envelope)}</div>')
    draw_selection(app, project, selected_range(event, trial.silence_map.duration_ms))
    silences.draw_silences(app, trial)
    return is_busy(project.run)


def rested_key(project_id: str) -> str:
    """The session key of the desk's count of rests, as it last reported it."""
    return f"rested-{project_id}"


def _may_follow(project_id: str) -> bool:
    """Decide whether to draw the map: once the reviewer rests; on a page without a desk, at the second drawing.

    Loading and drawing the plot keeps a browser busy for half a second, which the desk would have to wait for.
    """
    drawn_before = st.session_state.get(f"looked-{project_id}", False)
    st.session_state[f"looked-{project_id}"] = True
    rested = st.session_state.get(rested_key(project_id))
    return bool(rested) or (drawn_before and rested is None)


def _figure_and_coverage(
    app: App, project: ProjectView, trial: silences.Trial, envelope: Envelope
) -> tuple[Any, Coverage]:
    """The figure, made again only if something on it has changed; and the coverage, always as it is now."""
    listened = app.played.of(project.id)
    duration_ms = trial.silence_map.duration_ms
    clips = app.clips.outlines(project.id)
    covered = coverage(duration_ms, clips, listened)
    basis = (trial.map_id, trial.settings, project.clips_revision, _in_steps(listened, duration_ms))
    cached: DrawnMap | None = st.session_state.get("map-figure")
    rest = st.session_state.get(rested_key(project.id), 0)
    selected = selected_range(st.session_state.get(map_key(project.id)), duration_ms) is not None
    if cached is not None and _is_good_enough(cached, basis, rest, selected=selected):
        return cached.figure, covered
    levels = app.silences.levels(trial.map_id, trial.settings)
    drawn = drawn_clips(clips)
    figure = silence_map_figure(
        envelope, trial.silence_map, drawn, levels=levels, coverage=covered, size=FigureSize(300)
    )
    st.session_state["map-figure"] = DrawnMap(basis, figure, rest, time.monotonic())
    return figure, covered


def _in_steps(ranges: Iterable[TimeRange], duration_ms: int) -> tuple[tuple[int, int], ...]:
    """Ranges in fractions of the recording, so that a second of listening doesn't change the figure."""
    step_ms = max(1, duration_ms // LISTENING_STEPS)
    return tuple((r.start_ms // step_ms, r.end_ms // step_ms) for r in ranges)


def _is_good_enough(cached: DrawnMap, basis: tuple[object, ...], rest: int, *, selected: bool) -> bool:
    """True if the cached figure may stay although something on it may have changed.

    While a range is selected, only other silences change the figure: a new one would lose the selection. While the
    reviewer works on the desk without a rest, drawing would disturb them.
    """
    if cached.basis == basis:
        return True
    if not cached.has_silences_of(basis):
        return False
    return selected or (cached.rest == rest and time.monotonic() - cached.made_at_s < MAX_LAG_S)


def draw_captions(app: App, project_id: str) -> None:
    """Draw the upload of a caption file, for a recording without captions or with wrong ones."""
    with st.popover("Captions", icon=":material/closed_caption:", type="tertiary"):
        file = st.file_uploader("A caption file with the words (SRT or VTT)", type=["srt", "vtt"])
        if file is not None and st.button("Use these words", type="primary"):
            app.intake.set_captions(project_id, file.getvalue())
            st.rerun()
