"""The stretch of a recording that was selected on its map, and what can be made of it: a clip, or proposals."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

import streamlit as st

from clipper_core.app import App
from clipper_core.charts.drawing import clock
from clipper_core.domain.task import TaskState
from clipper_core.domain.time_range import TimeRange, milliseconds
from clipper_core.errors import ClipperError
from clipper_core.services.clips.idempotency import Sender
from clipper_core.services.projects.views import ProjectView
from clipper_core.services.runs.stretch_runs import shortest_clip_ms
from clipper_core.services.runs.views import RunView
from pages.components import phrasing
from pages.components.frame import tell
from pages.components.runs.progress import bar, is_busy, work_html

FAILED = "stretch-failed"  # in the session: a stretch, and why nothing was made of it


def stretch_of(event: Mapping[str, Any] | None, duration_ms: int) -> TimeRange | None:
    """What plotly says was selected, cut to the recording; None where nothing that has a length was.

    ``event`` is what ``st.plotly_chart`` returns: its first box, whose ``x`` are seconds in either order.
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
    """The widget key of the map: a new one once what was selected has been used, so that nothing is selected then."""
    return f"map-{project_id}-{st.session_state.get('maps', 0)}"


def draw_stretch(app: App, project: ProjectView, span: TimeRange | None) -> None:
    """The two things to do with a selected stretch, or how to select one."""
    if span is None:
        say("Drag over a stretch to make a clip of it, or to have clips proposed in it.")
        return
    shortest_ms = shortest_clip_ms(project.preferences)
    fits, busy = span.length_ms >= shortest_ms, is_busy(project.run)
    with st.container(horizontal=True, vertical_alignment="center"):
        made = st.button(f"Make a clip of {_from_to(span)} ({phrasing.length(span.length_ms)})", key="make-of-stretch")
        asked = st.button("Propose a clip in it", key="propose-in-stretch", disabled=busy or not fits)
    if not fits:
        say(f"To have clips proposed, select at least {phrasing.length(shortest_ms)}: the shortest clip you asked for.")
    elif busy:
        say("Clips can be proposed here once the work on this recording is done.")
    if made or asked:
        _do(_make if made else _propose, app, project.id, span)
    failed = st.session_state.get(FAILED)
    if failed and failed[0] == span:
        tell(failed[1])


def say(sentence: str) -> None:
    st.html(f'<div class="c muted">{sentence}</div>')


def _from_to(span: TimeRange) -> str:
    return f"{clock(span.start_ms)} to {clock(span.end_ms)}"


def _do(what: Any, app: App, project_id: str, span: TimeRange) -> None:
    """What goes wrong is kept, and said beside the buttons for as long as the same stretch is selected."""
    st.session_state.pop(FAILED, None)
    try:
        what(app, project_id, span, st.session_state.get("reviewer", ""))
    except ClipperError as error:
        st.session_state[FAILED] = (span, error)
        return
    st.session_state["maps"] = st.session_state.get("maps", 0) + 1
    st.rerun()


def _make(app: App, project_id: str, span: TimeRange, by: str) -> None:
    made = app.clips.create(project_id, (app.measured.snapped(project_id, span),), sender=Sender(by))
    st.session_state[f"made-{project_id}"] = made.id


def _propose(app: App, project_id: str, span: TimeRange, by: str) -> None:
    before = {c.id for c in app.clips.outlines(project_id)}
    run = app.stretches.propose(project_id, span, by=by)
    st.session_state[f"proposing-{project_id}"] = (run.id, before)


def draw_proposing(app: App, project: ProjectView) -> None:
    """How far the proposing is that somebody asked for, and what came of it."""
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
    """Whoever asked hears once how many clips came of it."""
    key = f"proposing-{project_id}"
    asked = st.session_state.get(key)
    if asked is None or asked[0] != run.id:
        return
    del st.session_state[key]
    new = [c for c in app.clips.outlines(project_id) if c.id not in asked[1]]
    if run.state is TaskState.SUCCEEDED and new:
        st.toast(
            f"{phrasing.several(len(new), 'clip')} proposed. You find {'it' if len(new) == 1 else 'them'} in the list."
        )
