"""The map below the desk."""

from __future__ import annotations

from clipper_core.domain.clip import ClipStatus
from tests.unit.pages.page_room import html, recording, with_clips


def test_review_shows_the_map(app, opened):
    project_id = recording(app, "Episode")
    with_clips(app, project_id, ClipStatus.PROPOSED)

    test = opened("review", project=project_id)

    assert "The whole recording" in html(test)
    assert test.get("plotly_chart")
