"""A recording as a card: its strip, the status of its clips, and its buttons."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st

from clipper_core.app import App
from clipper_core.services.projects import ProjectView
from pages.components import phrasing
from pages.components.frame import errors_in_words, local_now
from pages.components.links import review_link, upload_link
from pages.components.projects.project_dialogs import draw_menu
from pages.components.recording.strip import strip_html
from pages.components.runs.progress import is_busy, status_html, work_html


def draw_card(app: App, project: ProjectView, shows: Mapping[str, str]) -> None:
    """Draw the card of one recording.

    Args:
        app: reads the strip; its services do what the buttons ask for
        project: the recording
        shows: names of the shows by id, where there are several; otherwise empty
    """
    with st.container(border=True, key=f"card-{project.id}"):
        st.html(card_html(app, project, shows.get(project.show_id)))
        with st.container(horizontal=True, vertical_alignment="center"):
            st.html(f'<div class="c">{status_html(project)}</div>')
            with st.container(horizontal=True, vertical_alignment="center", width="content", gap="xsmall"):
                draw_actions(app, project)
                draw_menu(project, can_move=bool(shows))


def draw_actions(app: App, project: ProjectView) -> None:
    run = project.run
    if run is None and st.button("Start", key=f"start-{project.id}"):
        _perform(app.runs.start, project.id)
    if run is not None and run.can_retry and st.button("Retry", key=f"retry-{project.id}"):
        _perform(app.runs.retry, run.id)
    if run is not None and run.failure and not run.can_retry:
        upload_link()
    if project.desk_open or is_busy(run):
        review_link(project.id)


@errors_in_words
def _perform(action: Callable[[str], object], subject: str) -> None:
    action(subject)
    st.rerun()


def card_html(app: App, project: ProjectView, show: str | None) -> str:
    """The upper part of a card as HTML: title, facts, strip, and current work or its failure.

    Args:
        app: reads the strip
        project: the recording
        show: the name of its show, or None where there is only one
    """
    facts = [phrasing.running_time(project.duration_ms)] if project.duration_ms else []
    facts.append(phrasing.moment(project.created_at, local_now()))
    if show:
        facts.append(phrasing.html_text(show))
    return (
        f'<div class="c"><div class="apart"><span class="title">{phrasing.html_text(project.title)}</span>'
        f'<span class="facts muted">{"".join(f"<span>{f}</span>" for f in facts)}</span></div>'
        f"{strip_html(app, project)}{work_html(project)}</div>"
    )
