"""A render links to its file only while the version is approved."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from clipper_core.domain.task import TaskState
from clipper_core.services.renders.renders import RenderView
from clipper_core.web.views.renders import render_json

DONE = RenderView(
    id="rnd_1",
    project_id="prj_1",
    clip_id="clp_1",
    version=2,
    title="A clip",
    preset="original",
    length_ms=30_500,
    state=TaskState.SUCCEEDED,
    progress=1.0,
    error_code=None,
    error=None,
    error_detail=None,
    asset_id="ast_1",
    captions_id="ast_2",
    size=8,
    mime="video/mp4",
    filename="a clip.mp4",
    measured=None,
    created_at=datetime(2026, 1, 2, tzinfo=UTC),
    finished_at=None,
    seconds=None,
    still_approved=True,
)
LINKS = ("url", "download_url", "captions_url")


def test_an_approved_file_is_linked() -> None:
    document = render_json(DONE)

    assert [document[name] for name in LINKS] == [
        "/media-files/ast_1",
        "/media-files/ast_1?download=1",
        "/media-files/ast_2?download=1",
    ]
    assert (document["length_s"], document["approved"], document["error"]) == (30.5, True, None)


@pytest.mark.parametrize("change", [{"still_approved": False}, {"asset_id": None}])
def test_a_file_that_is_not_served_is_not_linked(change: dict[str, object]) -> None:
    document = render_json(replace(DONE, **change))

    assert [document[name] for name in LINKS] == [None, None, None]


def test_a_failed_render_says_why_without_its_details() -> None:
    failed = replace(DONE, asset_id=None, error_code="disk_full", error="No space.", error_detail="errno 28")

    assert render_json(failed)["error"] == {"code": "disk_full", "message": "No space."}
    assert "errno" not in str(render_json(failed))
