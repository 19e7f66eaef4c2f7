"""Deleting recordings and restoring them."""

from __future__ import annotations

from tests.unit.pages.page_room import html, recording


def test_a_deleted_recording_is_restored_by_undo_or_later(app, opened):
    project_id = recording(app, "Pricing")
    test = opened()

    test.session_state["changing"] = ("Delete", project_id, "Pricing", "shw_default")
    test.run()
    assert "Deleted “Pricing”." in html(test)
    assert not app.projects.find(search="Pricing")

    test.button(key="undo").click().run()
    assert app.projects.get(project_id).title == "Pricing"

    app.projects.delete(project_id)
    test.run()
    test.button(key=f"restore-{project_id}").click().run()
    assert app.projects.get(project_id).title == "Pricing"
