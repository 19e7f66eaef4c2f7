"""How far a recording or a file is, in words, a sign and a bar."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from clipper_core.charts.drawing import NAMES, SIGNS
from clipper_core.domain.clip import ClipStatus
from clipper_core.domain.task import TaskState
from clipper_core.services.projects.views import ProjectView
from clipper_core.services.runs.views import RunView
from pages.components import phrasing
from pages.components.frame import failure_html

LOOK_EVERY_S = 2
CLASSES = {TaskState.SUCCEEDED: "ok", TaskState.FAILED: "error"}
COUNT_CLASSES = {ClipStatus.APPROVED: "ok", ClipStatus.CHANGES_REQUESTED: "warn", ClipStatus.REJECTED: "muted"}


def watched(draw: Callable[[], bool | None], busy: bool, quiet_s: int | None = None) -> None:
    """Draw a part, and while it is ``busy`` draw it again every two seconds; ``draw`` says whether it still is.

    When the work is over the whole page is drawn once more, and the looking stops, or goes on every ``quiet_s``
    seconds. What could not be looked at (None) is not over.
    """

    def part() -> None:
        if draw() is False and busy:
            st.rerun()

    st.fragment(part, run_every=LOOK_EVERY_S if busy else quiet_s)()


def is_busy(run: RunView | None) -> bool:
    return run is not None and not run.is_final


def bar(part: float, label: str) -> str:
    whole = int(part * 100)
    values = f'aria-label="{phrasing.shown(label)}" aria-valuenow="{whole}" aria-valuemin="0" aria-valuemax="100"'
    return f'<div class="bar" role="progressbar" {values}><i style="width:{max(1, whole)}%"></i></div>'


def state_html(state: TaskState) -> str:
    return f'<span class="{CLASSES.get(state, "muted")}">{phrasing.state(state)}</span>'


def step_in_words(run: RunView) -> str:
    """``Transcribing 41 %``; ``Waiting to start`` before a worker has it."""
    if run.state is TaskState.QUEUED:
        return "Waiting to start"
    return f"{run.stage_label} {phrasing.percent(run.progress)}"


def work_html(project: ProjectView) -> str:
    """The work on a recording as a bar, its failure or its warnings; nothing where there is nothing to say."""
    run = project.run
    if run is None:
        return ""
    if not run.is_final:
        return bar(run.progress, "Progress")
    if run.failure is not None:
        return failure_html(run.failure.error, run.failure.error_code, run.failure.error_detail)
    return "".join(f'<div class="warn">{phrasing.shown(w["message"])}</div>' for w in run.warnings)


def standing_html(project: ProjectView) -> str:
    """How a recording stands in a line: ``· 12 proposed  ✓ 4 approved  ↺ 1 to change``, or what is being done."""
    found = [(s, n) for s, n in project.clips.items() if n]
    counted = "".join(f'<span class="{COUNT_CLASSES.get(s, "")}">{SIGNS[s]} {n} {NAMES[s]}</span>' for s, n in found)
    said = _standing(project, has_clips=bool(found))
    return f'<div class="facts">{counted}{f"<span class=muted>{said}</span>" if said else ""}</div>'


def _standing(project: ProjectView, *, has_clips: bool) -> str:
    run = project.run
    if run is None:
        return "Not processed yet"
    if not run.is_final:
        return step_in_words(run) + (", review is open" if project.desk_open else "")
    if run.state is TaskState.CANCELLED:
        return "– Cancelled. Retry goes on from where it stopped"
    return "" if has_clips or run.state is TaskState.FAILED else "No clips yet"
