"""A recording as a card: its picture, how its clips stand, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st

from clipper_core.app import App
from clipper_core.services.projects.views import ProjectView
from pages.components import phrasing
from pages.components.frame import here_and_now, in_words
from pages.components.links import review_link, upload_link
from pages.components.projects.project_dialogs import choose
from pages.components.recording.strip import strip_html
from pages.components.runs.progress import is_busy, standing_html, work_html


def draw_card(app: App, project: ProjectView, shows: Mapping[str, str]) -> None:
    """``shows`` are the names of the shows, where there are several."""
    with st.container(border=True, key=f"card-{project.id}"):
        st.html(about_html(app, project, shows.get(project.show_id)))
        with st.container(horizontal=True, vertical_alignment="center"):
            st.html(f'<div class="c">{standing_html(project)}</div>')
            with st.container(horizontal=True, vertical_alignment="center", width="content", gap="xsmall"):
                draw_actions(app, project)
                choose(project, can_move=bool(shows))


def draw_actions(app: App, project: ProjectView) -> None:
    run = project.run
    if run is None and st.button("Start", key=f"start-{project.id}"):
        _do(app.runs.start, project.id)
    if run is not None and run.can_retry and st.button("Retry", key=f"retry-{project.id}"):
        _do(app.runs.retry, run.id)
    if run is not None and run.failure and not run.can_retry:
        upload_link()
    if project.desk_open or is_busy(run):
        review_link(project.id)


@in_words
def _do(action: Callable[[str], object], subject: str) -> None:
    action(subject)
    st.rerun()


def about_html(app: App, project: ProjectView, show: str | None) -> str:
    """What it is, what it looks like, and what work goes on or went wrong."""
    facts = [phrasing.running_time(project.duration_ms)] if project.duration_ms else []
    facts.append(phrasing.when(project.created_at, here_and_now()))
    if show:
        facts.append(phrasing.shown(show))
    return (
        f'<div class="c"><div class="apart"><span class="title">{phrasing.shown(project.title)}</span>'
        f'<span class="facts muted">{"".join(f"<span>{f}</span>" for f in facts)}</span></div>'
        f"{strip_html(app, project)}{work_html(project)}</div>"
    )
