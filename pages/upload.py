"""Upload: the page where recordings come in."""

import streamlit as st

from pages.components.frame import errors_in_words, open_page
from pages.components.projects.sample import open_sample
from pages.components.uploader import uploader

app = open_page("Upload")


@errors_in_words
def draw() -> None:
    shows = [{"id": s.id, "name": s.name} for s in app.shows.all()]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.html('<div class="c"><h1>Upload</h1></div>')
        draw_new_show()
    defaults = {"show": st.session_state["new_show"]} if "new_show" in st.session_state else {}
    result = uploader(shows, defaults, int(app.settings.max_upload_gb * 1e9), key="uploader")
    if result.uploaded is not None:
        st.session_state["arrived"] = True
    if "arrived" in st.session_state:
        st.page_link("pages/jobs.py", label="Being processed: see Jobs", icon=":material/timeline:")
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="center"):
        st.html('<div class="c muted">No recording at hand?</div>', width="content")
        if st.button("Try the sample", icon=":material/play_circle:"):
            open_sample(app)


def draw_new_show() -> None:
    with (
        st.popover("New show", icon=":material/create_new_folder:", type="tertiary"),
        st.form("new-show", border=False, clear_on_submit=True),
    ):
        name = st.text_input("Name of the show", max_chars=300, placeholder="The Monday Podcast")
        if st.form_submit_button("Add", type="primary"):
            add_show(name)


@errors_in_words
def add_show(name: str) -> None:
    st.session_state["new_show"] = app.shows.create(name).id
    st.rerun()


draw()
