"""The range selected on the map of a recording, and its two uses: a clip of it, or proposals in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any

import streamlit as st

from clipper_core.app import App
from clipper_core.charts.drawing import clock
from clipper_core.domain.task import TaskState
from clipper_core.domain.time_range import TimeRange, milliseconds
from clipper_core.errors import ClipperError
from clipper_core.services.clips import Sender
from clipper_core.services.projects import ProjectView
from clipper_core.services.runs import RunView, shortest_clip_ms
from pages.components import phrasing
from pages.components.frame import show_error
from pages.components.runs.progress import bar, is_busy, work_html

FAILURE = "stretch-failed"  # session key: a selected range, and the error of the last button pressed for it


def selected_range(event: Mapping[str, Any] | None, duration_ms: int) -> TimeRange | None:
    """The range selected on the map, cut to the recording; None if it is empty.

    Args:
        event: the return value of ``st.plotly_chart``; its first box counts, whose ``x`` are seconds in either order
        duration_ms: the length of the recording
    """
    boxes = ((event or {}).get("selection") or {}).get("box") or []
    if not boxes:
        return None
    ends = [s for s in boxes[0].get("x", ()) if isinstance(s, int | float) and isfinite(s)]
    if not ends:
        return None
    start_ms = max(0, milliseconds(min(ends)))
    end_ms = min(duration_ms, milliseconds(max(ends)))
    return TimeRange(start_ms, end_ms) if start_ms < end_ms else None


def map_key(project_id: str) -> str:
    """The widget key of the map: a new one after each use of a selection, which clears the selection."""
    return f"map-{project_id}-{st.session_state.get('maps', 0)}"


def draw_selection(app: App, project: ProjectView, span: TimeRange | None) -> None:
    """Draw the buttons for a selected range, or a hint how to select one.

    Args:
        app: its services do what the buttons ask for
        project: the recording
        span: the selected range, if there is one
    """
    if span is None:
        draw_hint("Drag over a stretch to make a clip of it, or to have clips proposed in it.")
        return
    shortest_ms = shortest_clip_ms(project.preferences)
    fits, busy = span.length_ms >= shortest_ms, is_busy(project.run)
    with st.container(horizontal=True, vertical_alignment="center"):
        label = f"Make a clip of {_from_to(span)} ({phrasing.duration(span.length_ms)})"
        make = st.button(label, key="make-of-stretch")
        propose = st.button("Propose a clip in it", key="propose-in-stretch", disabled=busy or not fits)
    if not fits:
        shortest = phrasing.duration(shortest_ms)
        draw_hint(f"To have clips proposed, select at least {shortest}: the shortest clip you asked for.")
    elif busy:
        draw_hint("Clips can be proposed here once the work on this recording is done.")
    if make or propose:
        _perform(_make_clip if make else _propose_clips, app, project.id, span)
    failure = st.session_state.get(FAILURE)
    if failure and failure[0] == span:
        show_error(failure[1])


def draw_hint(sentence: str) -> None:
    st.html(f'<div class="c muted">{sentence}</div>')


def _from_to(span: TimeRange) -> str:
    return f"{clock(span.start_ms)} to {clock(span.end_ms)}"


def _perform(action: Callable[[App, str, TimeRange, str], None], app: App, project_id: str, span: TimeRange) -> None:
    """Do what a button asks for. An error is kept, and shown as long as the same range is selected."""
    st.session_state.pop(FAILURE, None)
    try:
        action(app, project_id, span, st.session_state.get("reviewer", ""))
    except ClipperError as error:
        st.session_state[FAILURE] = (span, error)
        return
    st.session_state["maps"] = st.session_state.get("maps", 0) + 1
    st.rerun()


def _make_clip(app: App, project_id: str, span: TimeRange, by: str) -> None:
    clip = app.clips.create(project_id, (app.measured.snapped(project_id, span),), sender=Sender(by))
    st.session_state[f"made-{project_id}"] = clip.id  # the page opens it on the desk


def _propose_clips(app: App, project_id: str, span: TimeRange, by: str) -> None:
    before = {c.id for c in app.clips.outlines(project_id)}
    run = app.stretches.propose(project_id, span, by=by)
    st.session_state[f"proposing-{project_id}"] = (run.id, before)


def draw_proposing(app: App, project: ProjectView) -> None:
    """Draw the progress of proposals asked for in a range, or their result."""
    run = project.run
    if run is None:
        return
    within = run.settings.get("within")
    if within and not run.is_final:
        _draw_work(app, run, TimeRange(*within))
        return
    if run.warnings or (within and run.failure):
        st.html(f'<div class="c">{work_html(project)}</div>')
    if (
        within
        and run.failure
        and run.can_retry
        and st.button("Retry", key="retry-proposing", icon=":material/refresh:")
    ):
        app.runs.retry(run.id)
        st.rerun()
    _announce(app, project.id, run)


def _draw_work(app: App, run: RunView, span: TimeRange) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        label = f"Looking for clips from {_from_to(span)}"
        st.html(f'<div class="c" role="status">{label}{bar(run.progress, label)}</div>')
        if st.button("Cancel", key="cancel-proposing", type="tertiary"):
            app.runs.cancel(run.id)
            st.rerun()


def _announce(app: App, project_id: str, run: RunView) -> None:
    """Tell the user who asked for proposals, once, how many there are."""
    key = f"proposing-{project_id}"
    request = st.session_state.get(key)
    if request is None or request[0] != run.id:
        return
    del st.session_state[key]
    new = [c for c in app.clips.outlines(project_id) if c.id not in request[1]]
    if run.state is TaskState.SUCCEEDED and new:
        st.toast(
            f"{phrasing.count_of(len(new), 'clip')} proposed. You find {'it' if len(new) == 1 else 'them'} in the list."
        )
