"""Links between pages."""

from __future__ import annotations

import pytest
from sqlalchemy import update
from streamlit.testing.v1 import AppTest

from clipper_core.db.models import Task
from clipper_core.domain.task import TaskState
from tests.unit.pages.page_room import recording


def addresses(test: AppTest, label: str) -> list[tuple[str, str]]:
    """Page and query of the links with this label."""
    links = (block.proto for block in test.get("page_link"))
    return [(link.page, link.query_string) for link in links if link.label == label]


@pytest.mark.parametrize(("page", "label"), [("jobs", "Review"), ("", "Review")])
def test_a_review_link_names_its_recording(app, opened, page: str, label: str):
    project_id = recording(app, "Episode")

    assert addresses(opened(page), label) == [("review", f"project={project_id}")]


def test_an_exports_link_names_its_recording(app, opened):
    project_id = recording(app, "Episode")

    assert ("exports", f"project={project_id}") in addresses(opened("review", project=project_id), "Exports")


def test_a_refused_recording_links_to_upload_instead_of_review(app, opened):
    recording(app, "Broken", mapped=False, probe=TaskState.FAILED)
    with app.database.write() as session:
        session.execute(update(Task).values(error_code="not_media"))

    test = opened("jobs")

    assert addresses(test, "Upload another file") == [("upload", "")]
    assert addresses(test, "Review") == []
