"""The sample recording, for people who have none at hand."""

from __future__ import annotations

import streamlit as st

from clipper_core.app import App


def open_sample(app: App) -> None:
    """Create or restore the sample, start its first run if it has none, and open its review desk."""
    project_id = app.intake.ensure_sample()
    if app.projects.get(project_id).run is None:
        app.runs.start(project_id)
    st.switch_page("pages/review.py", query_params={"project": project_id})
