"""Renaming, moving, deleting and bringing back recordings."""

from __future__ import annotations

import streamlit as st

from clipper_core.app import App
from clipper_core.errors import ClipperError
from clipper_core.services.projects.views import ProjectView
from pages.components import phrasing
from pages.components.frame import here_and_now, in_words, tell

RENAME, MOVE, EXPORTS, DELETE = "Rename", "Move to another show", "Exports", "Delete"
MOST_DELETED = 20


def choose(project: ProjectView, *, can_move: bool) -> None:
    """The menu of a card. What was chosen is kept in the session, so that it survives the card being drawn again."""
    options = [EXPORTS, RENAME, *([MOVE] if can_move else []), DELETE]
    chosen = st.menu_button("More", options, key=f"more-{project.id}", type="tertiary", icon=":material/more_horiz:")
    if chosen == EXPORTS:
        st.switch_page("pages/exports.py", query_params={"project": project.id})
    if chosen:
        st.session_state["changing"] = (chosen, project.id, project.title, project.show_id)
        st.rerun()


def open_dialog(app: App) -> None:
    """The dialog, or the deed, that a card's menu asked for."""
    asked = st.session_state.get("changing")
    if asked is None:
        return
    what, project_id, title, show_id = asked
    if what == DELETE:
        del st.session_state["changing"]
        app.projects.delete(project_id)
        st.session_state["put_away"] = (project_id, title)
        st.rerun()
    if what == RENAME:
        st.dialog(RENAME, on_dismiss=_forget)(_rename)(app, project_id, title)
    if what == MOVE:
        st.dialog(MOVE, on_dismiss=_forget)(_move)(app, project_id, show_id)


def _forget() -> None:
    st.session_state.pop("changing", None)


def _rename(app: App, project_id: str, title: str) -> None:
    with st.form("rename", border=False):
        name = st.text_input("Title", title, max_chars=300)
        if st.form_submit_button("Save", type="primary"):
            _changed(app, project_id, title=name)


def _move(app: App, project_id: str, show_id: str) -> None:
    shows = {s.id: s.name for s in app.shows.all()}
    with st.form("move", border=False):
        ids = list(shows)
        chosen = st.selectbox(
            "Show", ids, ids.index(show_id) if show_id in shows else 0, format_func=lambda i: shows[i]
        )
        if st.form_submit_button("Move", type="primary"):
            _changed(app, project_id, show_id=chosen)


def _changed(app: App, project_id: str, *, title: str | None = None, show_id: str | None = None) -> None:
    try:
        app.projects.change(project_id, title=title, show_id=show_id)
    except ClipperError as error:
        tell(error)
        return
    _forget()
    st.rerun()


def undo_bar(app: App) -> None:
    """What was just deleted, until it is brought back or the message is closed."""
    put_away = st.session_state.get("put_away")
    if put_away is None:
        return
    project_id, title = put_away
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="undo-bar"):
        st.html(f'<div class="c" role="status">Deleted “{phrasing.shown(title)}”.</div>')
        undo = st.button("Undo", key="undo", icon=":material/undo:")
        close = st.button("Close", key="undo-close", type="tertiary")
    if undo or close:
        del st.session_state["put_away"]
        if undo:
            app.projects.restore(project_id)
        st.rerun()


@in_words
def recently_deleted(app: App) -> None:
    """What can be brought back. Nothing is shown while nothing was deleted."""
    deleted = app.projects.page(deleted=True, max_projects=MOST_DELETED)
    if not deleted.total:
        return
    with st.expander(f"Recently deleted ({deleted.total})", key="deleted", type="compact"):
        for project in deleted.projects:
            with st.container(horizontal=True, vertical_alignment="center"):
                moment = phrasing.when(project.deleted_at or project.created_at, here_and_now())
                st.html(
                    f'<div class="c">{phrasing.shown(project.title)} <span class="muted">deleted {moment}</span></div>'
                )
                if st.button("Restore", key=f"restore-{project.id}"):
                    app.projects.restore(project.id)
                    st.rerun()
