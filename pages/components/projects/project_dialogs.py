"""Renaming, moving, deleting and bringing back recordings."""

from __future__ import annotations

import streamlit as st

from clipper_core.app import App
from clipper_core.errors import ClipperError
from clipper_core.services.projects import ProjectView
from pages.components import phrasing
from pages.components.frame import errors_in_words, local_now, show_error

RENAME, MOVE, EXPORTS, DELETE = "Rename", "Move to another show", "Exports", "Delete"
MAX_DELETED = 20


def draw_menu(project: ProjectView, *, can_move: bool) -> None:
    """Draw the menu of a card. The choice is kept in the session, so that it survives a redraw of the card."""
    options = [EXPORTS, RENAME, *([MOVE] if can_move else []), DELETE]
    chosen = st.menu_button("More", options, key=f"more-{project.id}", type="tertiary", icon=":material/more_horiz:")
    if chosen == EXPORTS:
        st.switch_page("pages/exports.py", query_params={"project": project.id})
    if chosen:
        st.session_state["changing"] = (chosen, project.id, project.title, project.show_id)
        st.rerun()


def open_dialog(app: App) -> None:
    """Open the dialog that was chosen in a card's menu, or delete the recording."""
    choice = st.session_state.get("changing")
    if choice is None:
        return
    entry, project_id, title, show_id = choice
    if entry == DELETE:
        del st.session_state["changing"]
        app.projects.delete(project_id)
        st.session_state["put_away"] = (project_id, title)
        st.rerun()
    if entry == RENAME:
        st.dialog(RENAME, on_dismiss=_close_dialog)(_rename)(app, project_id, title)
    if entry == MOVE:
        st.dialog(MOVE, on_dismiss=_close_dialog)(_move)(app, project_id, show_id)


def _close_dialog() -> None:
    st.session_state.pop("changing", None)


def _rename(app: App, project_id: str, title: str) -> None:
    with st.form("rename", border=False):
        name = st.text_input("Title", title, max_chars=300)
        if st.form_submit_button("Save", type="primary"):
            _apply_change(app, project_id, title=name)


def _move(app: App, project_id: str, show_id: str) -> None:
    shows = {s.id: s.name for s in app.shows.all()}
    with st.form("move", border=False):
        ids = list(shows)
        chosen = st.selectbox(
            "Show", ids, ids.index(show_id) if show_id in shows else 0, format_func=lambda i: shows[i]
        )
        if st.form_submit_button("Move", type="primary"):
            _apply_change(app, project_id, show_id=chosen)


def _apply_change(app: App, project_id: str, *, title: str | None = None, show_id: str | None = None) -> None:
    try:
        app.projects.change(project_id, title=title, show_id=show_id)
    except ClipperError as error:
        show_error(error)
        return
    _close_dialog()
    st.rerun()


def undo_bar(app: App) -> None:
    """Draw the latest deletion with its undo, until the recording is restored or the message closed."""
    deletion = st.session_state.get("put_away")
    if deletion is None:
        return
    project_id, title = deletion
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="undo-bar"):
        st.html(f'<div class="c" role="status">Deleted “{phrasing.html_text(title)}”.</div>')
        undo = st.button("Undo", key="undo", icon=":material/undo:")
        close = st.button("Close", key="undo-close", type="tertiary")
    if undo or close:
        del st.session_state["put_away"]
        if undo:
            app.projects.restore(project_id)
        st.rerun()


@errors_in_words
def recently_deleted(app: App) -> None:
    """Draw the deleted recordings that can be restored, if there are any."""
    deleted = app.projects.page(deleted=True, max_projects=MAX_DELETED)
    if not deleted.total:
        return
    with st.expander(f"Recently deleted ({deleted.total})", key="deleted", type="compact"):
        for project in deleted.projects:
            with st.container(horizontal=True, vertical_alignment="center"):
                moment = phrasing.moment(project.deleted_at or project.created_at, local_now())
                title = phrasing.html_text(project.title)
                st.html(f'<div class="c">{title} <span class="muted">deleted {moment}</span></div>')
                if st.button("Restore", key=f"restore-{project.id}"):
                    app.projects.restore(project.id)
                    st.rerun()
