"""The exports page."""

from __future__ import annotations

from clipper_core.domain.clip import ClipStatus
from clipper_core.domain.task import TaskState
from tests.unit.pages.page_room import finish_renders, html, recording, with_clips


def test_exports_offer_approved_and_rendered_clips(app, opened):
    project_id = recording(app, "Episode")
    with_clips(app, project_id, ClipStatus.APPROVED, ClipStatus.PROPOSED, ClipStatus.APPROVED)
    finish_renders(app, project_id)

    page = html(opened("exports", project=project_id))

    asset_id = app.renders.of_project(project_id)[0].asset_id
    assert "Download all 2 files" in page
    assert f'href="/media-files/{asset_id}?download=1"' in page
    assert f'href="/api/projects/{project_id}/bundle"' in page
    assert "30.02 s long, starts at −58 dB and ends at −49 dB" in page
    assert "Clip 0" in page and "Clip 1" not in page


def test_a_file_that_failed_can_be_rendered_again(app, opened):
    project_id = recording(app, "Episode")
    with_clips(app, project_id, ClipStatus.APPROVED)
    finish_renders(app, project_id, TaskState.FAILED)
    render = app.renders.of_project(project_id)[0]
    test = opened("exports")

    test.button(key=f"again-{render.id}").click().run()

    assert app.renders.get(render.id).state is TaskState.QUEUED


def test_empty_exports_say_how_files_are_made(opened):
    assert "Finished clips will be here" in html(opened("exports"))
