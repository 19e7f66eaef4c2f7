"""The strip of a recording on its card."""

from __future__ import annotations

from clipper_core.domain.clip import ClipStatus
from clipper_core.domain.time_range import TimeRange
from clipper_core.services.clips.outlines import Outline
from pages.components.recording.strip import EMPTY_STRIP, drawn_clips, strip_html
from tests.unit.pages.page_room import recording


def test_a_recording_without_a_map_has_an_empty_strip(app) -> None:
    project_id = recording(app, "New", mapped=False)

    assert strip_html(app, app.projects.get(project_id)) == EMPTY_STRIP


def test_a_strip_that_can_not_be_read_is_empty(app) -> None:
    project = app.projects.get(recording(app, "Episode"))
    stored = list(app.settings.data.rglob(f"{project.id}/map"))
    assert stored
    for path in stored:
        path.unlink()

    assert strip_html(app, project) == EMPTY_STRIP


def test_a_mapped_recording_has_its_strip_as_an_image(app) -> None:
    html = strip_html(app, app.projects.get(recording(app, "Episode")))

    assert html.startswith('<img class="strip" alt="Level, silences and clips" src="data:image/svg+xml;base64,')


def test_every_range_of_a_clip_is_drawn() -> None:
    ranges = (TimeRange(0, 1_000), TimeRange(3_000, 4_000))
    clip = Outline("clp_1", 1, "ver_1", "Pricing", ranges, "source", ClipStatus.APPROVED)

    drawn = drawn_clips([clip])

    assert [(d.start_ms, d.end_ms) for d in drawn] == [(0, 1_000), (3_000, 4_000)]
