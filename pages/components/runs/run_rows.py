"""The rows of the jobs page: runs with their steps, and renders."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from clipper_core.domain.task import TaskState, state_of_run
from clipper_core.services.renders import RenderView
from clipper_core.services.runs import RunView, TaskView
from pages.components import phrasing
from pages.components.frame import failure_html, local_now
from pages.components.runs.progress import bar, state_html, step_in_words
from pages.components.server.engines import engine


def run_html(run: RunView) -> str:
    """A run in three lines: title and state, times, progress or failure."""
    now = local_now()
    facts = [f"since {phrasing.moment(run.created_at, now)}"]
    if run.finished_at is not None:
        facts.append(f"took {phrasing.time_taken((run.finished_at - run.created_at).total_seconds())}")
    if not run.is_final:
        facts.insert(0, step_in_words(run))
    progress = "" if run.is_final else bar(run.progress, "Progress")
    failure = run.failure
    why = failure_html(failure.error, failure.error_code, failure.error_detail) if failure and run.is_final else ""
    return f'<div class="c">{_head(run.title, state_html(run.state))}{_facts(facts)}{progress}{why}</div>'


def render_html(render: RenderView) -> str:
    """A render, in the same form as a run."""
    facts = [
        phrasing.preset_label(render.preset, render.mime),
        phrasing.duration(render.length_ms),
    ]
    facts.append(f"since {phrasing.moment(render.created_at, local_now())}")
    if render.state.is_final and render.seconds is not None:
        facts.append(f"took {phrasing.time_taken(render.seconds)}")
    progress = bar(render.progress, "Progress") if render.state is TaskState.RUNNING else ""
    why = failure_html(render.error, render.error_code, render.error_detail) if render.error_code else ""
    return f'<div class="c">{_head(render.title, state_html(render.state))}{_facts(facts)}{progress}{why}</div>'


def steps_html(run: RunView) -> str:
    """The run's tasks in order, with times, warnings and engines; tasks of one kind in a row are one step."""
    rows = "".join(_step_row(list(tasks)) for _, tasks in groupby(run.tasks, key=lambda t: t.kind))
    warnings = "".join(f'<p class="warn">{phrasing.html_text(w["message"])}</p>' for w in run.warnings)
    words, choice = (phrasing.html_text(engine(run.settings[name])) for name in ("transcriber", "selector"))
    engines = f"Words: {words}. Choice of clips: {choice}."
    spending = f"<p>{phrasing.html_text(run.spent.in_words())}</p>" if run.spent else ""
    return f'<div class="c"><table>{rows}</table>{warnings}<p class="muted">{engines}</p>{spending}</div>'


def _step_row(tasks: Sequence[TaskView]) -> str:
    state = state_of_run(t.state for t in tasks)
    done = sum(t.state is TaskState.SUCCEEDED for t in tasks)
    parts = f", {done} of {len(tasks)} stretches" if len(tasks) > 1 else ""
    percent = f" {phrasing.percent(tasks[0].progress)}" if len(tasks) == 1 and state is TaskState.RUNNING else ""
    interruptions = max(t.interruptions for t in tasks)
    interrupted = f", interrupted {phrasing.count_of(interruptions, 'time')}" if interruptions else ""
    seconds = sum(t.seconds or 0 for t in tasks)
    took = phrasing.time_taken(seconds) if seconds >= 0.5 else ""
    label = f"{phrasing.html_text(tasks[0].label)}{percent}{parts}{interrupted}"
    return f'<tr><td>{label}</td><td class="figure">{state_html(state)}</td><td class="figure muted">{took}</td></tr>'


def _head(title: str, state: str) -> str:
    return f'<div class="apart"><span class="title">{phrasing.html_text(title)}</span>{state}</div>'


def _facts(facts: Sequence[str]) -> str:
    return f'<div class="facts muted">{"".join(f"<span>{phrasing.html_text(f)}</span>" for f in facts)}</div>'
