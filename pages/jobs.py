"""Jobs: what is being done, what went wrong, and who does it."""

from collections.abc import Callable

import streamlit as st

from clipper_core.domain.task import TaskState
from clipper_core.services.renders.renders import RenderView
from clipper_core.services.runs.views import RunView
from pages.components.frame import in_words, open_page
from pages.components.links import exports_link, review_link, upload_link
from pages.components.runs.progress import watched
from pages.components.runs.run_rows import render_html, run_html, steps_html
from pages.components.server.server_status import banner, machine_html

MOST = 30
AGAIN = (TaskState.FAILED, TaskState.CANCELLED)

app = open_page("Jobs")


def asked_for() -> tuple[list[RunView], list[RenderView]]:
    """The newest runs and renders, of the recording in the address if there is one."""
    project_id = st.query_params.get("project")
    runs = [r for r in app.runs.newest() if project_id in (None, r.project_id)]
    return runs[:MOST], app.renders.of_project(project_id)[:MOST]


def show_all() -> None:
    st.query_params.pop("project", None)


@in_words
def draw() -> None:
    st.html('<div class="c"><h1>Jobs</h1></div>')
    banner(app)
    if "project" in st.query_params:
        st.button("Show all recordings", type="tertiary", icon=":material/filter_alt_off:", on_click=show_all)
    watched(draw_rows, at_work(*asked_for()))
    draw_machine()


def at_work(runs: list[RunView], renders: list[RenderView]) -> bool:
    return not all(r.is_final for r in runs) or not all(r.state.is_final for r in renders)


@in_words
def draw_rows() -> bool:
    runs, renders = asked_for()
    if not runs and not renders:
        draw_empty()
    for run in runs:
        draw_run(run)
    if renders:
        st.html('<div class="c title">Files</div>')
    for render in renders:
        draw_render(render)
    return at_work(runs, renders)


def draw_run(run: RunView) -> None:
    opened = st.query_params.get("run") == run.id
    with st.container(border=True, key=f"run-{run.id}"):
        st.html(run_html(run))
        with st.container(horizontal=True, vertical_alignment="center"):
            label, icon = ("Hide steps", ":material/expand_less:") if opened else ("Steps", ":material/expand_more:")
            st.button(label, key=f"steps-{run.id}", icon=icon, type="tertiary", on_click=turn, args=(run.id, opened))
            if not run.is_final and st.button("Cancel", key=f"cancel-{run.id}", type="tertiary"):
                act(app.runs.cancel, run.id)
            if run.can_retry and st.button("Retry", key=f"retry-{run.id}", icon=":material/refresh:"):
                act(app.runs.retry, run.id)
            if run.failure and not run.can_retry:
                upload_link()
            else:
                review_link(run.project_id)
        if opened:
            st.html(steps_html(run))


def draw_render(render: RenderView) -> None:
    with st.container(border=True, key=f"render-{render.id}"):
        st.html(render_html(render))
        with st.container(horizontal=True, vertical_alignment="center"):
            if not render.state.is_final and st.button("Cancel", key=f"cancel-{render.id}", type="tertiary"):
                act(app.renders.cancel, render.id)
            if render.state in AGAIN and st.button("Retry", key=f"retry-{render.id}", icon=":material/refresh:"):
                act(app.renders.retry, render.id)
            if render.state is TaskState.SUCCEEDED:
                exports_link(render.project_id, "In exports")


def turn(run_id: str, opened: bool) -> None:
    """Open or close a run; which one is open stands in the address."""
    if opened:
        st.query_params.pop("run", None)
    else:
        st.query_params["run"] = run_id


@in_words
def act(action: Callable[[str], object], subject: str) -> None:
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


def draw_machine() -> None:
    st.html('<div class="c title">This server</div>')
    in_words(lambda: st.html(machine_html(app)))()


draw()
