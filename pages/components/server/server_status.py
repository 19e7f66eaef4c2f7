"""Queues, workers and disk space in words, and the banner shown when the server needs an operator."""

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
    """One line of a table: a name, its value as text, and the setting that decides it, if one does."""

    name: str
    value: str
    variable: str = ""


def draw_banner(app: App) -> None:
    """Draw a warning if the queue is down or no worker runs."""
    try:
        if not app.queue.workers():
            st.html(f'<div class="c"><div class="box">{failure_html(NO_WORKER, None, None)}</div></div>')
    except ClipperError as error:
        failure = failure_html(error.message, error.code, error.detail)
        st.html(f'<div class="c"><div class="box">{failure}</div></div>')


def server_html(app: App) -> str:
    """Queues, workers and disk space as a table."""
    try:
        facts = [Fact(QUEUES[Queue(name)], f"{count} waiting") for name, count in app.queue.depths().items()]
        facts += [Fact("Worker", _worker_value(w.queues, w.busy)) for w in app.queue.workers()]
    except ClipperError:
        facts = [Fact("Queues and workers", "✕ not known while the queue does not answer")]
    return facts_table([*facts, Fact("Free disk space", phrasing.byte_size(free_bytes(app)))])


def free_bytes(app: App) -> int:
    """Free space on the disk of the data folder, in bytes."""
    return shutil.disk_usage(app.settings.data).free


def facts_table(facts: Sequence[Fact]) -> str:
    """Facts as a table; a value that begins with a state's sign has the colour of that state."""
    return f'<div class="c"><table>{"".join(_row(fact) for fact in facts)}</table></div>'


def _row(fact: Fact) -> str:
    variable = f"<code>{phrasing.html_text(fact.variable)}</code>" if fact.variable else ""
    kind = SIGN_CLASSES.get(fact.value[:1], "")
    name, value = phrasing.html_text(fact.name), phrasing.html_text(fact.value)
    return f'<tr><th>{name}{variable}</th><td class="{kind}">{value}</td></tr>'


def _worker_value(queues: tuple[str, ...], busy: bool) -> str:
    names = ", ".join(QUEUES[Queue(q)].lower() if q in set(Queue) else q for q in queues)
    return f"{'◐ busy' if busy else '○ free'}, takes {names}"
