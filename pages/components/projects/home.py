"""The home page: every recording as a card."""

from __future__ import annotations

import functools

import streamlit as st

from clipper_core.app import App
from clipper_core.domain.ids import SAMPLE_PROJECT
from clipper_core.services.projects.projects import ProjectPage
from clipper_core.services.projects.views import ProjectView
from pages.components.frame import in_words, open_page
from pages.components.projects.card import draw_card
from pages.components.projects.project_dialogs import open_dialog, recently_deleted, undo_bar
from pages.components.projects.sample import open_sample
from pages.components.runs.progress import is_busy, watched

PER_PAGE = 20
EVERY_SHOW = "All shows"


def draw_home() -> None:
    """The page behind ``/``."""
    app = open_page("Recordings")
    draw_recordings(app)


@in_words
def draw_recordings(app: App) -> None:
    undo_bar(app)
    if not in_sight(app.projects.page(most=2).projects):
        draw_empty(app)
    else:
        draw_head(app)
        busy = any(is_busy(p.run) for p in asked_for(app).projects)
        watched(in_words(lambda: draw_cards(app)), busy)
    recently_deleted(app)
    open_dialog(app)


def in_sight(found: list[ProjectView]) -> list[ProjectView]:
    """The sample stays out of sight until somebody tries it."""
    return [p for p in found if p.id != SAMPLE_PROJECT or p.run is not None]


def asked_for(app: App) -> ProjectPage:
    """What search and show leave, as far as the page of the list goes; the first page where there is no such page."""
    asked = st.session_state
    find = functools.partial(app.projects.page, show_id=asked.get("show"), search=asked.get("q") or "", most=PER_PAGE)
    found = find(first=((asked.get("page") or 1) - 1) * PER_PAGE)
    return found if found.projects else find()


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
    """The cards of one page of the list; whether any of them is at work."""
    found = asked_for(app)
    shows = {s.id: s.name for s in app.shows.all()}
    if found.total == 0:
        st.html('<div class="c muted">No recording matches. Search for another word, or clear the search.</div>')
    for project in in_sight(found.projects):
        draw_card(app, project, shows if len(shows) > 1 else {})
    if found.total > PER_PAGE:
        st.pagination(-(-found.total // PER_PAGE), key="page", width="stretch")
    return any(is_busy(p.run) for p in found.projects)


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
