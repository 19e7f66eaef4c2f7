"""Review: the desk, and below it the whole recording."""

import streamlit as st

from clipper_core.services.projects import ProjectView
from pages.components import phrasing
from pages.components.desk import review_desk
from pages.components.frame import errors_in_words, open_page
from pages.components.links import upload_link
from pages.components.recording.recording_map import draw_recording_map, rested_key
from pages.components.runs.progress import draw_while_busy, is_busy, status_html, work_html

REDRAW_EVERY_S = 4  # how late the map may be after what happens on the desk

app = open_page("Review", wide=True)
project_id = st.query_params.get("project", "")


@errors_in_words
def draw() -> None:
    if not project_id:
        st.switch_page("streamlit_app.py")
    project = app.projects.get(project_id)
    st.set_page_config(page_title=f"{phrasing.one_line(project.title)} · Clipper")
    if not project.desk_open and not is_busy(project.run):
        draw_stopped(project)
        return
    draw_desk()
    draw_while_busy(errors_in_words(draw_map), is_busy(project.run), quiet_s=REDRAW_EVERY_S)


@st.fragment
def draw_desk() -> None:
    """Draw the desk in a fragment of its own, so that its reports run no other part of the page."""
    clip_id = st.session_state.get(f"made-{project_id}") or st.query_params.get("clip")
    desk = review_desk(project_id, clip_id=clip_id, key=f"desk-{project_id}")
    st.session_state["reviewer"] = phrasing.one_line(desk.reviewer)
    first = bool(desk.rested) and not st.session_state.get(rested_key(project_id))
    st.session_state[rested_key(project_id)] = desk.rested
    if first:
        st.rerun()  # the first rest: the map may be drawn now


def draw_map() -> bool:
    return draw_recording_map(app, project_id)


def draw_stopped(project: ProjectView) -> None:
    """Draw the reason why there is nothing to review, and the way on."""
    st.html(
        f'<div class="c"><h1>{phrasing.html_text(project.title)}</h1>{work_html(project)}{status_html(project)}</div>'
    )
    if project.run is not None and not project.run.can_retry:
        upload_link()
        return
    if st.button("Retry" if project.run else "Start", type="primary", icon=":material/refresh:"):
        start_or_retry(project)
        st.rerun()


def start_or_retry(project: ProjectView) -> None:
    if project.run is None:
        app.runs.start(project.id)
    else:
        app.runs.retry(project.run.id)


draw()
