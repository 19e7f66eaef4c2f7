"""Progress and status of recordings and files, in words, signs and bars."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from clipper_core.charts.drawing import NAMES, SIGNS
from clipper_core.domain.clip import ClipStatus
from clipper_core.domain.task import TaskState
from clipper_core.services.projects import ProjectView
from clipper_core.services.runs import RunView
from pages.components import phrasing
from pages.components.frame import failure_html

REDRAW_EVERY_S = 2
CLASSES = {TaskState.SUCCEEDED: "ok", TaskState.FAILED: "error"}
COUNT_CLASSES = {ClipStatus.APPROVED: "ok", ClipStatus.CHANGES_REQUESTED: "warn", ClipStatus.REJECTED: "muted"}


def draw_while_busy(draw: Callable[[], bool | None], busy: bool, quiet_s: int | None = None) -> None:
    """Draw a part of a page, again and again while work goes on.

    When the work ends, the whole page is drawn once more.

    Args:
        draw: draws the part and returns whether work still goes on; None, after an error, doesn't count as the end
        busy: whether work goes on now; the part is then drawn every two seconds
        quiet_s: seconds between two drawings while no work goes on; None draws it once
    """

    def part() -> None:
        if draw() is False and busy:
            st.rerun()

    st.fragment(part, run_every=REDRAW_EVERY_S if busy else quiet_s)()


def is_busy(run: RunView | None) -> bool:
    return run is not None and not run.is_final


def bar(part: float, label: str) -> str:
    """A progress bar, at least 1 % wide so that it can be seen; ``part`` is 0 to 1."""
    whole = int(part * 100)
    values = f'aria-label="{phrasing.html_text(label)}" aria-valuenow="{whole}" aria-valuemin="0" aria-valuemax="100"'
    return f'<div class="bar" role="progressbar" {values}><i style="width:{max(1, whole)}%"></i></div>'


def state_html(state: TaskState) -> str:
    return f'<span class="{CLASSES.get(state, "muted")}">{phrasing.state_label(state)}</span>'


def step_in_words(run: RunView) -> str:
    """The current step, ``Transcribing 41 %``; ``Waiting to start`` before a worker has it."""
    if run.state is TaskState.QUEUED:
        return "Waiting to start"
    return f"{run.stage_label} {phrasing.percent(run.progress)}"


def work_html(project: ProjectView) -> str:
    """The latest run of a recording: its progress, its failure or its warnings; empty if there are none."""
    run = project.run
    if run is None:
        return ""
    if not run.is_final:
        return bar(run.progress, "Progress")
    if run.failure is not None:
        return failure_html(run.failure.error, run.failure.error_code, run.failure.error_detail)
    return "".join(f'<div class="warn">{phrasing.html_text(w["message"])}</div>' for w in run.warnings)


def status_html(project: ProjectView) -> str:
    """The status of a recording in a line: ``· 12 proposed  ✓ 4 approved  ↺ 1 to change``, or the current step."""
    counts = [(s, n) for s, n in project.clips.items() if n]
    counted = "".join(f'<span class="{COUNT_CLASSES.get(s, "")}">{SIGNS[s]} {n} {NAMES[s]}</span>' for s, n in counts)
    status = _status(project, has_clips=bool(counts))
    return f'<div class="facts">{counted}{f"<span class=muted>{status}</span>" if status else ""}</div>'


def _status(project: ProjectView, *, has_clips: bool) -> str:
    run = project.run
    if run is None:
        return "Not processed yet"
    if not run.is_final:
        return step_in_words(run) + (", review is open" if project.desk_open else "")
    if run.state is TaskState.CANCELLED:
        return "– Cancelled. Retry goes on from where it stopped"
    return "" if has_clips or run.state is TaskState.FAILED else "No clips yet"
