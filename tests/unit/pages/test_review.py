"""The review page of a recording that has no desk."""

from __future__ import annotations

from clipper_core.domain.task import TaskState
from tests.unit.pages.page_room import html, labels, recording


def test_review_without_a_map_shows_why_and_retries(app, opened):
    project_id = recording(app, "Broken", mapped=False, probe=TaskState.FAILED)

    test = opened("review", project=project_id)

    assert "FFmpeg could not work." in html(test)
    assert labels(test) == ["Retry"]


def test_review_of_an_unknown_recording_is_a_sentence(opened):
    assert "This recording does not exist" in html(opened("review", project="prj_none"))
