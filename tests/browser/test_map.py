"""The map under the desk on the real product: it follows what is listened to, and proposes where somebody asks."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.test_axe import select
from tests.servers import Stack, until

pytestmark = [pytest.mark.browser, pytest.mark.servers, pytest.mark.slow]

PLAY = """() => {
  const inside = (root) => [...root.querySelectorAll('*')].flatMap(
    (e) => [...(e.matches('video') ? [e] : []), ...(e.shadowRoot ? inside(e.shadowRoot) : [])]);
  window.player = inside(document)[0];
  return window.player.readyState >= 1;
}"""


@pytest.fixture
def page(browser: Any, stack: Stack) -> Any:
    stack.app.runs.start("prj_test")
    assert stack.finished("prj_test").state == "succeeded"
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    context.add_init_script("localStorage.setItem('clipper.reviewer', 'Ana')")
    page = context.new_page()
    page.goto(f"{stack.url}/review?project=prj_test")
    page.locator(".js-plotly-plot .bars").first.wait_for(state="attached", timeout=60_000)
    page.wait_for_function(PLAY, timeout=60_000)
    yield page
    context.close()


def test_played_ranges_survive_reload_and_show_on_the_map(page: Any, stack: Stack) -> None:
    page.evaluate("player.currentTime = 0; player.play()")
    page.wait_for_function("player.currentTime > 1.5", timeout=60_000)

    page.reload()

    until(lambda: stack.app.played.of("prj_test"), saying="the server hears what was played")
    page.get_by_text("listened to").wait_for(timeout=60_000)
    assert stack.app.played.of("prj_test")[0].end_ms >= 1_000


def test_clips_are_proposed_within_a_selection(page: Any, stack: Stack) -> None:
    app = stack.app
    select(page, 0.1, 0.6)
    page.get_by_role("button", name="Propose a clip in it").wait_for(timeout=60_000)
    for clip in app.clips.of_project("prj_test"):
        app.clips.delete(clip.id, clip.revision)

    page.get_by_role("button", name="Propose a clip in it").click(timeout=60_000)

    made = until(lambda: app.clips.of_project("prj_test"), seconds=60, saying="a clip is proposed")
    assert all(c.origin == "proposed" and c.start_ms > 2_000 and c.end_ms < 26_000 for c in made)
    run = stack.finished("prj_test")
    assert run.settings["within"] and run.settings["asked_by"] == "Ana"
