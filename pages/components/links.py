"""Links between pages, with the recording in the address."""

from __future__ import annotations

import streamlit as st


def review_link(project_id: str, label: str = "Review") -> None:
    st.page_link("pages/review.py", label=label, icon=":material/rate_review:", query_params={"project": project_id})


def upload_link(label: str = "Upload another file") -> None:
    st.page_link("pages/upload.py", label=label, icon=":material/upload:")


def exports_link(project_id: str, label: str = "Exports") -> None:
    st.page_link("pages/exports.py", label=label, icon=":material/download:", query_params={"project": project_id})
