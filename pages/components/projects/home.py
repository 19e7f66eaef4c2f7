"""The home page: every recording as a card."""

from __future__ import annotations

import functools

import streamlit as st

from clipper_core.app import App
from clipper_core.domain.ids import SAMPLE_PROJECT
from clipper_core.services.projects import ProjectPage, ProjectView
from pages.components.frame import errors_in_words, open_page
from pages.components.projects.card import draw_card
from pages.components.projects.project_dialogs import open_dialog, recently_deleted, undo_bar
from pages.components.projects.sample import open_sample
from pages.components.runs.progress import draw_while_busy, is_busy

PER_PAGE = 20
EVERY_SHOW = "All shows"


def draw_home() -> None:
    """The page behind ``/``."""
    app = open_page("Recordings")
    draw_recordings(app)


@errors_in_words
def draw_recordings(app: App) -> None:
    undo_bar(app)
    if not in_view(app.projects.page(max_projects=2).projects):
        draw_empty(app)
    else:
        draw_head(app)
        busy = any(is_busy(p.run) for p in page_in_view(app).projects)
        draw_while_busy(errors_in_words(lambda: draw_cards(app)), busy)
    recently_deleted(app)
    open_dialog(app)


def in_view(projects: list[ProjectView]) -> list[ProjectView]:
    """The projects without the sample, unless the user has tried it."""
    return [p for p in projects if p.id != SAMPLE_PROJECT or p.run is not None]


def page_in_view(app: App) -> ProjectPage:
    """The chosen page of the recordings that match search and show; the first page if the chosen one is empty."""
    chosen = st.session_state
    find = functools.partial(
        app.projects.page, show_id=chosen.get("show"), search=chosen.get("q") or "", max_projects=PER_PAGE
    )
    page = find(first=((chosen.get("page") or 1) - 1) * PER_PAGE)
    return page if page.projects else find()


def draw_head(app: App) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.html('<div class="c"><h1>Recordings</h1></div>', width="content")
        if st.button("Upload a recording", type="primary", icon=":material/upload:"):
            st.switch_page("pages/upload.py")
    shows = {s.id: s.name for s in app.shows.all()}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input("Search", key="q", type="search", live=True, bind="query-params", label_visibility="collapsed")
        if len(shows) > 1:
            names: dict[str | None, str] = {None: EVERY_SHOW}
            names.update(shows)
            st.selectbox(
                "Show", names, format_func=names.__getitem__, key="show", width=200, label_visibility="collapsed"
            )


def draw_cards(app: App) -> bool:
    """Draw one page of the list. Returns whether any of its recordings is being processed."""
    page = page_in_view(app)
    shows = {s.id: s.name for s in app.shows.all()}
    if page.total == 0:
        st.html('<div class="c muted">No recording matches. Search for another word, or clear the search.</div>')
    for project in in_view(page.projects):
        draw_card(app, project, shows if len(shows) > 1 else {})
    if page.total > PER_PAGE:
        st.pagination(-(-page.total // PER_PAGE), key="page", width="stretch")
    return any(is_busy(p.run) for p in page.projects)


def draw_empty(app: App) -> None:
    st.html(
        '<div class="c empty"><p class="title">Your recordings will be here</p>'
        '<p class="muted">Upload a podcast, a webinar, an interview or a talk. Clipper finds the silences, writes down '
        "the words, and proposes clips that are complete thoughts. You listen, trim and approve.</p></div>"
    )
    with st.container(horizontal=True, horizontal_alignment="center"):
        if st.button("Upload a recording", type="primary", icon=":material/upload:"):
            st.switch_page("pages/upload.py")
        if st.button("Try the sample", icon=":material/play_circle:"):
            open_sample(app)
