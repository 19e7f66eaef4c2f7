"""The rows of the jobs page: runs with their steps, and files being made."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from clipper_core.domain.task import TaskState, state_of_run
from clipper_core.services.renders.renders import RenderView
from clipper_core.services.runs.views import RunView, TaskView
from pages.components import phrasing
from pages.components.frame import failure_html, here_and_now
from pages.components.runs.progress import bar, state_html, step_in_words
from pages.components.server.engines import engine


def run_html(run: RunView) -> str:
    """A run in three lines: what and how, since when, how far."""
    now = here_and_now()
    facts = [f"since {phrasing.when(run.created_at, now)}"]
    if run.finished_at is not None:
        facts.append(f"took {phrasing.lasting((run.finished_at - run.created_at).total_seconds())}")
    if not run.is_final:
        facts.insert(0, step_in_words(run))
    progress = "" if run.is_final else bar(run.progress, "Progress")
    failure = run.failure
    why = failure_html(failure.error, failure.error_code, failure.error_detail) if failure and run.is_final else ""
    return f'<div class="c">{_head(run.title, state_html(run.state))}{_facts(facts)}{progress}{why}</div>'


def render_html(render: RenderView) -> str:
    """A file being made, in the same form."""
    facts = [
        phrasing.preset(render.preset, render.mime),
        phrasing.length(render.length_ms),
    ]
    facts.append(f"since {phrasing.when(render.created_at, here_and_now())}")
    if render.state.is_final and render.seconds is not None:
        facts.append(f"took {phrasing.lasting(render.seconds)}")
    progress = bar(render.progress, "Progress") if render.state is TaskState.RUNNING else ""
    why = failure_html(render.error, render.error_code, render.error_detail) if render.error_code else ""
    return f'<div class="c">{_head(render.title, state_html(render.state))}{_facts(facts)}{progress}{why}</div>'


def steps_html(run: RunView) -> str:
    """The run's tasks in order, with their times and warnings; the stretches of one kind are one step."""
    rows = "".join(_step_row(list(tasks)) for _, tasks in groupby(run.tasks, key=lambda t: t.kind))
    warnings = "".join(f'<p class="warn">{phrasing.shown(w["message"])}</p>' for w in run.warnings)
    how = run.settings
    words, choice = (phrasing.shown(engine(how[name])) for name in ("transcriber", "selector"))
    used = f"Words: {words}. Choice of clips: {choice}."
    paid = f"<p>{phrasing.shown(run.spent.in_words())}</p>" if run.spent else ""
    return f'<div class="c"><table>{rows}</table>{warnings}<p class="muted">{used}</p>{paid}</div>'


def _step_row(tasks: Sequence[TaskView]) -> str:
    state = state_of_run(t.state for t in tasks)
    done = sum(t.state is TaskState.SUCCEEDED for t in tasks)
    parts = f", {done} of {len(tasks)} stretches" if len(tasks) > 1 else ""
    far = f" {phrasing.percent(tasks[0].progress)}" if len(tasks) == 1 and state is TaskState.RUNNING else ""
    again = max(t.interruptions for t in tasks)
    tried = f", interrupted {phrasing.several(again, 'time')}" if again else ""
    seconds = sum(t.seconds or 0 for t in tasks)
    took = phrasing.lasting(seconds) if seconds >= 0.5 else ""
    label = f"{phrasing.shown(tasks[0].label)}{far}{parts}{tried}"
    return f'<tr><td>{label}</td><td class="figure">{state_html(state)}</td><td class="figure muted">{took}</td></tr>'


def _head(title: str, state: str) -> str:
    return f'<div class="apart"><span class="title">{phrasing.shown(title)}</span>{state}</div>'


def _facts(facts: Sequence[str]) -> str:
    return f'<div class="facts muted">{"".join(f"<span>{phrasing.shown(f)}</span>" for f in facts)}</div>'
