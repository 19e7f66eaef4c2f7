"""The jobs page."""

from __future__ import annotations

from clipper_core.domain.task import TaskState
from tests.unit.pages.page_room import html, labels, recording


def test_jobs_show_the_step_and_a_failures_reason(app, opened):
    recording(app, "Busy", probe=TaskState.SUCCEEDED, map_silence=TaskState.RUNNING)
    recording(app, "Broken", probe=TaskState.FAILED)

    page = html(opened("jobs"))

    assert "Mapping the silences" in page and "◐ at work" in page
    assert "! failed" in page and "moov atom missing" in page
    assert "3 waiting" in page and "◐ busy, takes quick steps, speech" in page


def test_the_run_in_the_address_shows_its_steps(app, opened):
    project_id = recording(app, "Done", probe=TaskState.SUCCEEDED, map_silence=TaskState.SUCCEEDED)
    run = app.runs.of_project(project_id)
    assert "Looking at the file" not in html(opened("jobs"))

    test = opened("jobs", run=run.id)

    assert "Looking at the file" in html(test)
    assert "Hide steps" in labels(test)


def test_a_run_can_be_cancelled_and_retried(app, opened):
    project_id = recording(app, "Busy", probe=TaskState.QUEUED)
    run = app.runs.of_project(project_id)
    test = opened("jobs")

    test.button(key=f"cancel-{run.id}").click().run()
    assert app.runs.get(run.id).state is TaskState.CANCELLED

    test.button(key=f"retry-{run.id}").click().run()
    assert app.runs.get(run.id).state is TaskState.QUEUED
