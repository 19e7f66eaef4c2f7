"""Rendered files as the exports page shows them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from clipper_core.domain.preset import DEFAULT_PRESET
from clipper_core.domain.task import TaskState
from clipper_core.services.renders.renders import RenderView
from pages.components.recording.files import bundle_html, file_html, measured_html

RENDER = RenderView(
    id="rnd_1",
    project_id="prj_1",
    clip_id="clp_1",
    version=1,
    title="<b>Pricing</b>",
    preset=DEFAULT_PRESET,
    length_ms=30_000,
    state=TaskState.SUCCEEDED,
    progress=1.0,
    error_code=None,
    error=None,
    error_detail=None,
    asset_id="ast_1",
    captions_id=None,
    size=2_345_678,
    mime="audio/mp4",
    filename="pricing.m4a",
    measured=None,
    created_at=datetime(2026, 3, 3, tzinfo=UTC),
    finished_at=None,
    seconds=None,
    still_approved=True,
)
PROJECT: Any = SimpleNamespace(id="prj_1", title="Episode")


def test_a_bundle_is_offered_from_two_files_on() -> None:
    assert "Download all" not in bundle_html(PROJECT, [RENDER], main=False)
    assert "Download all 2 files" in bundle_html(PROJECT, [replace(RENDER, captions_id="ast_2")], main=False)


def test_unfinished_renders_are_not_counted_in_the_bundle() -> None:
    running = replace(RENDER, state=TaskState.RUNNING)

    assert "Download all" not in bundle_html(PROJECT, [RENDER, running], main=True)


def test_a_finished_file_has_its_facts_and_link() -> None:
    html = file_html(RENDER)

    assert "&lt;b&gt;Pricing&lt;/b&gt;" in html and "<b>" not in html
    assert "Original sound" in html and "2.3 MB" in html and "30 s" in html
    assert 'href="/media-files/ast_1?download=1"' in html and "Captions" not in html


def test_a_failed_file_shows_why_and_no_link() -> None:
    html = file_html(replace(RENDER, state=TaskState.FAILED, error="FFmpeg could not work.", error_code="x"))

    assert "FFmpeg could not work." in html
    assert "Download" not in html


def test_a_running_file_has_a_bar() -> None:
    assert 'aria-valuenow="40"' in file_html(replace(RENDER, state=TaskState.RUNNING, progress=0.4))


@pytest.mark.parametrize(
    ("measured", "words"),
    [
        ({"duration_s": 30.02}, "30.02 s long"),
        ({"width": 1080, "height": 1920}, "1080 × 1920"),
        ({"first_level_db": -58.1, "last_level_db": 0.0}, "starts at −58 dB and ends at 0 dB"),
    ],
)
def test_measurements_are_put_in_words(measured: dict[str, Any], words: str) -> None:
    assert f"✓ Measured: {words}" in measured_html(measured)


@pytest.mark.parametrize("measured", [None, {}, {"first_level_db": -58.1}])
def test_half_a_measurement_is_not_shown(measured: dict[str, Any] | None) -> None:
    assert measured_html(measured) == ""
