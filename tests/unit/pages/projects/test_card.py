"""The card of a recording."""

from __future__ import annotations

from clipper_core.domain.clip import ClipStatus
from clipper_core.domain.task import TaskState
from tests.unit.pages.page_room import html, recording, with_clips


def test_a_card_shows_title_length_and_clip_counts(app, opened):
    project_id = recording(app, "Episode 142")
    with_clips(app, project_id, ClipStatus.PROPOSED, ClipStatus.PROPOSED, ClipStatus.APPROVED)

    page = html(opened())

    assert "Episode 142" in page and "10:00" in page
    assert "· 2 proposed" in page and "✓ 1 approved" in page
    assert "data:image/svg+xml;base64," in page


def test_a_failed_recording_shows_why_and_offers_retry(app, opened):
    project_id = recording(app, "Broken", mapped=False, probe=TaskState.FAILED)
    test = opened()
    assert "FFmpeg could not work." in html(test)

    test.button(key=f"retry-{project_id}").click().run()

    assert app.projects.get(project_id).run.state is TaskState.QUEUED
