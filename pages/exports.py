"""Exports: the files of approved clips, to download."""

import streamlit as st

from clipper_core.domain.task import TaskState
from clipper_core.services.projects import ProjectView
from clipper_core.services.renders import RenderView
from pages.components.frame import errors_in_words, open_page
from pages.components.links import review_link
from pages.components.recording.files import bundle_html, file_html
from pages.components.runs.progress import draw_while_busy

RETRYABLE = (TaskState.FAILED, TaskState.CANCELLED)

app = open_page("Exports")


def renders_in_view() -> dict[str, list[RenderView]]:
    """The renders of versions approved now, by project; only of the project in the address, if it names one."""
    out: dict[str, list[RenderView]] = {}
    for render in app.renders.of_project(st.query_params.get("project")):
        if render.still_approved:
            out.setdefault(render.project_id, []).append(render)
    return out


def is_any_busy(renders_of: dict[str, list[RenderView]]) -> bool:
    return any(not r.state.is_final for renders in renders_of.values() for r in renders)


def show_all() -> None:
    st.query_params.pop("project", None)


@errors_in_words
def draw() -> None:
    st.html('<div class="c"><h1>Exports</h1></div>')
    if "project" in st.query_params:
        st.button("Show all recordings", type="tertiary", icon=":material/filter_alt_off:", on_click=show_all)
    draw_while_busy(draw_projects, is_any_busy(renders_in_view()))


@errors_in_words
def draw_projects() -> bool:
    renders_of = renders_in_view()
    if not renders_of:
        draw_empty()
    for project_id, renders in renders_of.items():
        draw_project(app.projects.get(project_id), renders, main=len(renders_of) == 1)
    return is_any_busy(renders_of)


def draw_project(project: ProjectView, renders: list[RenderView], *, main: bool) -> None:
    """Draw a project's files, the oldest first.

    Args:
        project: the recording
        renders: its renders
        main: whether its link to all files is the main button of the page
    """
    st.html(bundle_html(project, renders, main=main))
    for render in sorted(renders, key=lambda r: r.created_at):
        with st.container(border=True, key=f"file-{render.id}"):
            st.html(file_html(render))
            if render.state in RETRYABLE:
                draw_render_again(render.id)


def draw_render_again(render_id: str) -> None:
    if st.button("Render again", key=f"again-{render_id}", icon=":material/refresh:"):
        render_again(render_id)


@errors_in_words
def render_again(render_id: str) -> None:
    app.renders.retry(render_id)
    st.rerun()


def draw_empty() -> None:
    st.html(
        '<div class="c empty"><p class="title">Finished clips will be here</p>'
        '<p class="muted">Approve a clip on the review desk: its file is made at once, measured, and put here to '
        "download.</p></div>"
    )
    with st.container(horizontal=True, horizontal_alignment="center"):
        if "project" in st.query_params:
            review_link(st.query_params["project"], "Review the clips")
        elif st.button("Go to the recordings", type="primary"):
            st.switch_page("streamlit_app.py")


draw()
