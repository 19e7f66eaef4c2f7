"""The main job in a real browser against real processes: from a recording on disk to an approved clip on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import pytest

from tests.servers import Stack

pytestmark = [pytest.mark.browser, pytest.mark.servers]

WAIT = 60_000
MEDIA_READY = """() => [...document.querySelectorAll('*')].map((e) => e.shadowRoot?.querySelector('video, audio'))
    .some((media) => media?.readyState >= 3 && !media.seeking)"""
MEDIA_TIME = """() => {
    const inside = (root) => [...root.querySelectorAll('*')].flatMap(
        (e) => [...(e.matches('video,audio') ? [e] : []), ...(e.shadowRoot ? inside(e.shadowRoot) : [])]);
    const player = inside(document).find((e) => e.currentSrc);
    return player ? player.currentTime : -1;
}"""


@pytest.mark.slow
def test_a_recording_becomes_an_approved_clip_in_the_browser(
    stack: Stack, browser: Any, podcast: Path, tmp_path: Path
) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 1000}, accept_downloads=True)
    page = context.new_page()
    elsewhere: list[str] = []
    broken: list[str] = []
    page.on(
        "request", lambda r: elsewhere.append(r.url) if not r.url.startswith((stack.url, "data:", "blob:")) else None
    )
    page.on("pageerror", lambda e: broken.append(str(e)))

    # Upload.
    page.goto(f"{stack.url}/upload")
    page.get_by_test_id("uploader-input").set_input_files(str(podcast))
    page.locator("[data-testid=uploader-row][data-state=done]").wait_for(timeout=WAIT)
    project = next(p for p in stack.app.projects.find() if p.id != "prj_test")
    assert project.filename == "podcast.m4a"

    # The desk opens before there are words.
    page.goto(f"{stack.url}/review?project={project.id}")
    page.get_by_test_id("desk-timeline").wait_for(timeout=WAIT)
    page.wait_for_function(f"({MEDIA_TIME})() >= 0", timeout=WAIT)
    assert stack.app.projects.get(project.id).transcript_id is None, "the desk should not have waited for the words"

    # The player's time advances.
    page.wait_for_function(MEDIA_READY, timeout=WAIT)
    before = page.evaluate(MEDIA_TIME)
    page.get_by_test_id("desk-timeline").click(position={"x": 200, "y": 30})
    page.keyboard.press(" ")
    page.wait_for_function(f"({MEDIA_TIME})() > {before} + 0.5", timeout=WAIT)
    page.keyboard.press(" ")

    # Progress, then proposals.
    clips = page.get_by_test_id("desk-clip")
    clips.first.wait_for(timeout=120_000)
    assert clips.count() >= 2
    assert stack.finished(project.id).state == "succeeded"

    # Drag an edge.
    first = stack.app.clips.of_project(project.id)[0]
    clips.first.click()
    handle = page.get_by_test_id("desk-handle-out")
    box = handle.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 + 90, box["y"] + box["height"] / 2, steps=12)
    page.mouse.up()

    def trimmed() -> bool:
        return stack.app.clips.get(first.id).version == 2

    wait_for(page, trimmed)
    assert stack.app.clips.get(first.id).end_ms != first.end_ms

    # Approve it by key, saying who one is; the next undecided one is there; reject that with a reason.
    page.keyboard.press("a")
    page.get_by_test_id("desk-name").get_by_role("textbox").wait_for(timeout=WAIT)
    page.keyboard.type("Ana")
    page.keyboard.press("Enter")
    wait_for(page, lambda: stack.app.clips.get(first.id).status == "approved")
    second = next(c for c in stack.app.clips.of_project(project.id) if c.status == "proposed")
    page.keyboard.press("x")
    page.get_by_test_id("desk-reject-menu").get_by_text("Starts too late").click()
    wait_for(page, lambda: stack.app.clips.get(second.id).status == "rejected")
    rejection = stack.app.clips.get(second.id).decision
    assert rejection is not None and (rejection.reason, rejection.by) == ("starts_late", "Ana")

    # A reload loses nothing.
    page.reload()
    page.locator(f"[data-testid=desk-clip][data-clip-id='{first.id}'][data-status=approved]").wait_for(timeout=WAIT)

    # The render is made by itself; download it and probe the file.
    page.goto(f"{stack.url}/exports?project={project.id}")
    link = page.get_by_role("link", name="Download", exact=True).first
    link.wait_for(timeout=WAIT)
    with page.expect_download() as download:
        link.click()
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    approved = stack.app.clips.get(first.id)
    with av.open(str(file)) as opened:
        heard = sum(f.samples for f in opened.decode(audio=0)) / opened.streams.audio[0].rate
    assert heard == pytest.approx(approved.length_ms / 1000, abs=0.02)

    assert not elsewhere, "nothing may be loaded from another origin"
    assert not broken
    context.close()


def wait_for(page: Any, answer: Any, seconds: float = 20) -> None:
    """Let the page go on until the answer is true."""
    for _ in range(int(seconds / 0.1)):
        if answer():
            return
        page.wait_for_timeout(100)
    raise AssertionError("it did not happen")
