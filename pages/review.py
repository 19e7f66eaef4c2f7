"""Review: the desk, and below it the whole recording."""

import streamlit as st

from clipper_core.domain.time_range import TimeRange
from clipper_core.figures import clock, silence_map_figure
from clipper_core.services.projects import ProjectView
from pages.components import silences, words
from pages.components.desk import review_desk
from pages.components.frame import in_words, open_page
from pages.components.links import exports_link, upload_link
from pages.components.progress import is_busy, standing_html, watched, work_html
from pages.components.stretch import stretch_of
from pages.components.strip import drawn_clips

app = open_page("Review", wide=True)
project_id = st.query_params.get("project", "")


@in_words
def draw() -> None:
    if not project_id:
        st.switch_page("streamlit_app.py")
    project = app.projects.get(project_id)
    st.set_page_config(page_title=f"{words.one_line(project.title)} · Clipper")
    if not project.desk_open and not is_busy(project.run):
        draw_stopped(project)
        return
    asked = st.session_state.get(f"made-{project_id}") or st.query_params.get("clip")
    desk = review_desk(project_id, clip_id=asked, key=f"desk-{project_id}")
    st.session_state["reviewer"] = desk.reviewer
    watched(in_words(draw_map), is_busy(project.run))


def draw_stopped(project: ProjectView) -> None:
    """Work ended before there was anything to review."""
    st.html(f'<div class="c"><h1>{words.shown(project.title)}</h1>{work_html(project)}{standing_html(project)}</div>')
    if project.run is not None and not project.run.can_retry:
        upload_link()
        return
    if project.run is None:
        start, label = app.runs.start, "Start"
    else:
        start, label = app.runs.retry, "Retry"
    if st.button(label, type="primary", icon=":material/refresh:"):
        start(project.run.id if project.run else project.id)
        st.rerun()


def draw_map() -> bool:
    """The whole recording with its clips; a stretch selected on it can be made a clip. Whether work goes on."""
    project = app.projects.get(project_id)
    if project.map_id is None:
        return is_busy(project.run)
    trying = silences.tried(app, project_id, project.map_id)
    envelope = app.evidence.envelope(project.map_id)
    found, levels = trying.silence_map, app.silences.levels(project.map_id, trying.settings)
    figure = silence_map_figure(envelope, found, drawn_clips(app, project_id), levels=levels)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.html('<div class="c title">The whole recording</div>')
        draw_captions()
        exports_link(project_id)
    if project.run is not None and project.run.warnings:
        st.html(f'<div class="c">{work_html(project)}</div>')
    event = st.plotly_chart(
        figure,
        key=f"map-{project_id}-{st.session_state.get('maps', 0)}",
        on_select="rerun",
        selection_mode="box",
        config={"displayModeBar": False},
        alt="Level over time with silences, and the clips below it",
    )
    span = stretch_of(event, found.duration_ms)
    hint = "" if span else '<div class="muted">Drag over a stretch to make a clip of it.</div>'
    st.html(f'<div class="c">{silences.numbers_html(found, envelope)}{hint}</div>')
    if span is not None and st.button(
        f"Make a clip of {clock(span.start_ms)} to {clock(span.end_ms)} ({words.length(span.length_ms)})"
    ):
        make_clip(span)
    silences.draw_silences(app, trying)
    return is_busy(project.run)


def draw_captions() -> None:
    """The words as a caption file, for a recording that came without, or with the wrong ones."""
    with st.popover("Captions", icon=":material/closed_caption:", type="tertiary"):
        file = st.file_uploader("A caption file with the words (SRT or VTT)", type=["srt", "vtt"])
        if file is not None and st.button("Use these words", type="primary"):
            app.projects.set_captions(project_id, file.getvalue())
            st.rerun()


def make_clip(span: TimeRange) -> None:
    made = app.clips.create(
        project_id, (app.evidence.snapped(project_id, span),), by=st.session_state.get("reviewer", "")
    )
    st.session_state[f"made-{project_id}"] = made.id
    st.session_state["maps"] = st.session_state.get("maps", 0) + 1  # a new map, with nothing selected
    st.rerun()


draw()
