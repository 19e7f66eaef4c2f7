"""Jobs: the newest runs and renders, and the server that works on them."""

from collections.abc import Callable

import streamlit as st

from clipper_core.domain.task import TaskState
from clipper_core.services.renders import RenderView
from clipper_core.services.runs import RunView
from pages.components.frame import errors_in_words, open_page
from pages.components.links import exports_link, review_link, upload_link
from pages.components.runs.progress import draw_while_busy
from pages.components.runs.run_rows import render_html, run_html, steps_html
from pages.components.server.server_status import draw_banner, server_html

MAX_ROWS = 30
RETRYABLE = (TaskState.FAILED, TaskState.CANCELLED)

app = open_page("Jobs")


def rows_in_view() -> tuple[list[RunView], list[RenderView]]:
    """The newest runs and renders; only those of the recording in the address, if it names one."""
    project_id = st.query_params.get("project")
    runs = [r for r in app.runs.newest() if project_id in (None, r.project_id)]
    return runs[:MAX_ROWS], app.renders.of_project(project_id)[:MAX_ROWS]


def show_all() -> None:
    st.query_params.pop("project", None)


@errors_in_words
def draw() -> None:
    st.html('<div class="c"><h1>Jobs</h1></div>')
    draw_banner(app)
    if "project" in st.query_params:
        st.button("Show all recordings", type="tertiary", icon=":material/filter_alt_off:", on_click=show_all)
    draw_while_busy(draw_rows, is_any_busy(*rows_in_view()))
    draw_server()


def is_any_busy(runs: list[RunView], renders: list[RenderView]) -> bool:
    return not all(r.is_final for r in runs) or not all(r.state.is_final for r in renders)


@errors_in_words
def draw_rows() -> bool:
    runs, renders = rows_in_view()
    if not runs and not renders:
        draw_empty()
    for run in runs:
        draw_run(run)
    if renders:
        st.html('<div class="c title">Files</div>')
    for render in renders:
        draw_render(render)
    return is_any_busy(runs, renders)


def draw_run(run: RunView) -> None:
    opened = st.query_params.get("run") == run.id
    with st.container(border=True, key=f"run-{run.id}"):
        st.html(run_html(run))
        with st.container(horizontal=True, vertical_alignment="center"):
            draw_steps_button(run.id, opened)
            if not run.is_final and st.button("Cancel", key=f"cancel-{run.id}", type="tertiary"):
                perform(app.runs.cancel, run.id)
            if run.can_retry and st.button("Retry", key=f"retry-{run.id}", icon=":material/refresh:"):
                perform(app.runs.retry, run.id)
            if run.failure and not run.can_retry:
                upload_link()
            else:
                review_link(run.project_id)
        if opened:
            st.html(steps_html(run))


def draw_steps_button(run_id: str, opened: bool) -> None:
    label, icon = ("Hide steps", ":material/expand_less:") if opened else ("Steps", ":material/expand_more:")
    st.button(label, key=f"steps-{run_id}", icon=icon, type="tertiary", on_click=toggle_steps, args=(run_id, opened))


def draw_render(render: RenderView) -> None:
    with st.container(border=True, key=f"render-{render.id}"):
        st.html(render_html(render))
        with st.container(horizontal=True, vertical_alignment="center"):
            if not render.state.is_final and st.button("Cancel", key=f"cancel-{render.id}", type="tertiary"):
                perform(app.renders.cancel, render.id)
            if render.state in RETRYABLE and st.button("Retry", key=f"retry-{render.id}", icon=":material/refresh:"):
                perform(app.renders.retry, render.id)
            if render.state is TaskState.SUCCEEDED:
                exports_link(render.project_id, "In exports")


def toggle_steps(run_id: str, opened: bool) -> None:
    """Open or close the steps of a run; the address names the open one, so that a reload keeps it."""
    if opened:
        st.query_params.pop("run", None)
    else:
        st.query_params["run"] = run_id


@errors_in_words
def perform(action: Callable[[str], object], subject: str) -> None:
    action(subject)
    st.rerun()


def draw_empty() -> None:
    st.html(
        '<div class="c empty"><p class="title">Nothing has been processed yet</p>'
        '<p class="muted">Each recording you upload appears here, with every step and how long it took.</p></div>'
    )
    with st.container(horizontal=True, horizontal_alignment="center"):
        if st.button("Upload a recording", type="primary", icon=":material/upload:"):
            st.switch_page("pages/upload.py")


def draw_server() -> None:
    st.html('<div class="c title">This server</div>')
    errors_in_words(lambda: st.html(server_html(app)))()


draw()
