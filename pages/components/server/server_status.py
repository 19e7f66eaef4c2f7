"""What does the work, in words: queues, workers, disk space; and the banner for when a person is needed."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from clipper_core.app import App
from clipper_core.domain.task import Queue
from clipper_core.errors import ClipperError
from pages.components import phrasing
from pages.components.frame import failure_html

SIGN_CLASSES = {"✓": "ok", "✕": "error"}
QUEUES = {Queue.FAST: "Quick steps", Queue.SPEECH: "Speech", Queue.RENDER: "Files"}
NO_WORKER = (
    "No worker is running, so nothing moves on. What was asked for is safe and starts by itself once there is one: "
    "start Clipper again with `make run`, or a worker with `python worker.py`."
)


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of a table: what, its value as text, and the setting that says it, if one does."""

    name: str
    value: str
    variable: str = ""


def banner(app: App) -> None:
    """Said only when something needs a person: the queue is down, or nobody works."""
    try:
        if not app.queue.workers():
            st.html(f'<div class="c"><div class="box">{failure_html(NO_WORKER, None, None)}</div></div>')
    except ClipperError as error:
        said = failure_html(error.message, error.code, error.detail)
        st.html(f'<div class="c"><div class="box">{said}</div></div>')


def machine_html(app: App) -> str:
    """Queues, workers and disk space as a table."""
    try:
        facts = [Fact(QUEUES[Queue(name)], f"{count} waiting") for name, count in app.queue.depths().items()]
        facts += [Fact("Worker", _about(w.queues, w.busy)) for w in app.queue.workers()]
    except ClipperError:
        facts = [Fact("Queues and workers", "✕ not known while the queue does not answer")]
    return facts_table([*facts, Fact("Free disk space", phrasing.size(free_bytes(app)))])


def free_bytes(app: App) -> int:
    """What is free on the disk of the data folder."""
    return shutil.disk_usage(app.settings.data).free


def facts_table(facts: Sequence[Fact]) -> str:
    """Facts as a table; a value that begins with a sign of state has its colour."""
    return f'<div class="c"><table>{"".join(_row(fact) for fact in facts)}</table></div>'


def _row(fact: Fact) -> str:
    variable = f"<code>{phrasing.shown(fact.variable)}</code>" if fact.variable else ""
    kind = SIGN_CLASSES.get(fact.value[:1], "")
    return (
        f'<tr><th>{phrasing.shown(fact.name)}{variable}</th><td class="{kind}">{phrasing.shown(fact.value)}</td></tr>'
    )


def _about(queues: tuple[str, ...], busy: bool) -> str:
    names = ", ".join(QUEUES[Queue(q)].lower() if q in set(Queue) else q for q in queues)
    return f"{'◐ busy' if busy else '○ free'}, takes {names}"
