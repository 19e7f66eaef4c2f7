"""Every page, as it really is, under axe: nothing serious, light and dark, wide and narrow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clipper_core.domain.clip import NewDecision, Verdict
from clipper_core.domain.time_range import TimeRange
from clipper_core.services.clips.idempotency import Sender
from tests.browser.axe import violations
from tests.servers import Stack
from tests.services import not_on_services

# What pages look like is the same wherever their rows are.
pytestmark = [not_on_services, pytest.mark.browser, pytest.mark.servers, pytest.mark.slow]

FULL = "/review?project=prj_test"
PAGES = {
    "/": "[class*=st-key-card-]",
    "/upload": "[data-testid=uploader-input]",
    "/jobs?project=prj_test": "[class*=st-key-run-]",
    FULL: ".js-plotly-plot .bars",
    "/exports?project=prj_test": "[class*=st-key-file-]",
    "/settings": ".c table",
    "/docs": ".opblock",
}
# What each of these keys opens on the desk, and how it is told to be open.
OPENED = {
    "Shift+?": "[data-testid=desk-keys]",
    "x": "[data-testid=desk-reject-menu]",
    "e": "[data-testid=desk-changes-menu]",
    "q": "[data-testid=desk-filter-panel]",
    "v": "[data-testid=desk-picked]",
    "t": "[data-testid=desk-notes]",
}


@pytest.fixture(scope="module")
def reviewed(stack: Stack) -> Stack:
    """The sample with its clips: one approved and being rendered, one rejected, one open; some of it listened to."""
    app = stack.app
    app.runs.start("prj_test")
    assert stack.finished("prj_test").state == "succeeded"
    first, second, *_ = app.clips.of_project("prj_test")
    app.clips.decide(first.id, first.revision, NewDecision(Verdict.APPROVED), Sender("Ana"))
    app.clips.decide(second.id, second.revision, NewDecision(Verdict.REJECTED, "off_topic"), Sender("Ben"))
    app.played.add("prj_test", [TimeRange(500, 2_000)])
    return stack


@pytest.fixture(params=[("light", 1440), ("dark", 420)], ids=["light and wide", "dark and narrow"])
def page(request: pytest.FixtureRequest, browser: Any, reviewed: Stack) -> Iterator[Any]:
    scheme, width = request.param
    context = browser.new_context(
        viewport={"width": width, "height": 1000}, color_scheme=scheme, reduced_motion="reduce"
    )
    context.add_init_script("localStorage.setItem('clipper.reviewer', 'Ana')")
    yield context.new_page()
    context.close()


def open_page(page: Any, stack: Stack, path: str) -> None:
    page.goto(stack.url + path)
    page.locator(PAGES.get(path, ".js-plotly-plot")).first.wait_for(state="attached", timeout=60_000)
    if path == FULL:
        page.get_by_test_id("desk-clip").first.wait_for(timeout=60_000)


def test_no_page_has_a_serious_fault(page: Any, reviewed: Stack) -> None:
    found = {}
    for path in PAGES:
        open_page(page, reviewed, path)
        found[path] = violations(page)

    assert {path: faults for path, faults in found.items() if faults} == {}


def test_no_menu_or_dialog_of_the_desk_has_a_serious_fault(page: Any, reviewed: Stack) -> None:
    open_page(page, reviewed, FULL)
    found = {}
    for key, opened in OPENED.items():
        page.keyboard.press(key)
        page.locator(opened).first.wait_for(timeout=10_000)
        found[key] = violations(page)
        page.keyboard.press("Escape")

    page.get_by_test_id("desk-who").click()
    page.get_by_test_id("desk-name").wait_for()
    found["name"] = violations(page)

    assert {key: faults for key, faults in found.items() if faults} == {}


def test_a_selection_on_the_map_has_no_serious_fault(page: Any, reviewed: Stack) -> None:
    open_page(page, reviewed, FULL)
    select(page, 0.2, 0.6)
    page.get_by_role("button", name="Propose a clip in it").wait_for()
    page.get_by_text("Silences", exact=True).click()
    page.get_by_text("Shortest silence").wait_for()

    assert violations(page) == []


def test_a_recording_without_clips_has_no_serious_fault(page: Any, reviewed: Stack, media: Path) -> None:
    app = reviewed.app
    project = next((p for p in app.projects.find() if p.filename == "jfk.flac"), None)
    project_id = project.id if project else reviewed.upload(media / "jfk.flac")
    open_page(page, reviewed, f"/review?project={project_id}")
    while_busy = violations(page)
    reviewed.finished(project_id)
    page.reload()
    page.locator(".js-plotly-plot").wait_for(timeout=60_000)

    assert while_busy == []
    assert violations(page) == []


def select(page: Any, start: float, end: float) -> None:
    """Drag over a part of the map, from and to as shares of its width."""
    box = page.locator(".js-plotly-plot .nsewdrag").first
    box.scroll_into_view_if_needed()
    place = box.bounding_box()
    assert place is not None
    y = place["y"] + place["height"] / 2
    page.mouse.move(place["x"] + place["width"] * start, y)
    page.mouse.down()
    page.mouse.move(place["x"] + place["width"] * end, y, steps=8)
    page.mouse.up()
