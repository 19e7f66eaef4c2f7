"""Text from outside is shown as text on every page, does nothing, breaks nothing, and asks nobody else for anything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clipper_core.domain.clip import ClipEdit, NewDecision, Verdict
from clipper_core.services.clips.idempotency import Sender
from tests.servers import Stack

pytestmark = [pytest.mark.browser, pytest.mark.servers, pytest.mark.slow]

ACTS = "<img src=x onerror=hacked()><script>hacked()</script><a href='javascript:hacked()'>[x](javascript:hacked())"
TURNS = "\u202egnihtyreve snrut\u202c \u2067\u0645\u0631\u062d\u0628\u0627\u2069"
LOADS = "![](http://elsewhere.test/a.png) http://elsewhere.test :material/home: $x^2$"
HOSTILE = f"{ACTS} {TURNS} {LOADS}"
LONG = "W" * 10_000
CAPTIONS = """1
00:00:01,000 --> 00:00:14,000
<img src=x onerror=hacked()> </p><script>hacked()</script> [x](javascript:hacked()) fairest creatures {word}

2
00:00:15,000 --> 00:00:39,000
\u202egnihtyreve snrut thine own bright eyes http://elsewhere.test/a.png
""".format(word="x" * 1_000)


@pytest.fixture(scope="module")
def hostile(stack: Stack, sonnet: Path) -> str:
    """A recording with text from hell in all places where there is text; its id."""
    app = stack.app
    project_id = stack.upload(sonnet, filename=f"{ACTS}{TURNS}.mp3".replace("/", "\u2215"), min_s=6, max_s=18)
    app.intake.set_captions(project_id, CAPTIONS.encode())
    assert stack.finished(project_id).state == "succeeded"
    app.projects.change(project_id, title=HOSTILE)
    first, *others = app.clips.of_project(project_id)
    kept = app.clips.revise(first.id, first.revision, ClipEdit(title=HOSTILE), Sender(HOSTILE))
    kept = app.clips.decide(kept.id, kept.revision, NewDecision(Verdict.APPROVED, note=HOSTILE), Sender(HOSTILE))
    app.clips.create(project_id, first.ranges, LONG, Sender(LONG))
    for clip in others[:1]:
        rejection = NewDecision(Verdict.REJECTED, "other", LONG[:4_000])
        app.clips.decide(clip.id, clip.revision, rejection, Sender(HOSTILE))
    return project_id


@pytest.fixture
def page(browser: Any, stack: Stack) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    page = context.new_page()
    said: list[str] = []
    page.expose_function("hacked", lambda: said.append("it ran"))
    ours = (stack.url, stack.url.replace("http", "ws"), "data:", "blob:")
    page.on("request", lambda r: None if r.url.startswith(ours) else said.append(r.url))
    page.on("dialog", lambda dialog: (said.append("a dialog"), dialog.dismiss()))
    page.on("pageerror", lambda error: said.append(str(error)))
    yield page
    context.close()
    assert said == []


# All text of a page, in its components too.
SHOWN = """() => {
    const of = (root) => [...root.querySelectorAll('*')].map((e) =>
        [...e.childNodes].filter((n) => n.nodeType === 3).map((n) => n.data).join('') + (e.value ?? '')
        + (e.shadowRoot ? of(e.shadowRoot) : '')).join('\\n');
    return of(document.body);
}"""


def wait_until_shown(page: Any, text: str) -> None:
    """Pages come part by part."""
    page.wait_for_function(f"(text) => ({SHOWN})().replaceAll('\\u2060', '').includes(text)", arg=text, timeout=60_000)


@pytest.mark.parametrize(
    ("path", "there"),
    [
        ("/", "[class*=st-key-card-]"),
        ("/jobs?project={id}", "[class*=st-key-run-]"),
        ("/review?project={id}", ".js-plotly-plot .bars"),
        ("/exports?project={id}", "[class*=st-key-file-]"),
    ],
)
def test_every_page_shows_hostile_text_as_text(page: Any, stack: Stack, hostile: str, path: str, there: str):
    page.goto(stack.url + path.format(id=hostile))
    page.locator(there).first.wait_for(state="attached", timeout=60_000)
    if "review" in path:
        page.get_by_test_id("desk-clip").first.wait_for(timeout=60_000)
    wait_until_shown(page, "<img src=x onerror=hacked()>")
    page.wait_for_load_state("networkidle")

    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth <= innerWidth")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_pointing_at_a_clip_on_the_map_shows_its_title_as_text(page: Any, stack: Stack, hostile: str) -> None:
    page.goto(f"{stack.url}/review?project={hostile}")
    bar = page.locator(".js-plotly-plot .xy2 .bars .point").last
    bar.wait_for(state="attached", timeout=60_000)
    bar.scroll_into_view_if_needed()
    box = bar.bounding_box()
    assert box is not None

    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=4)

    page.locator(".js-plotly-plot .hovertext").first.wait_for(timeout=20_000)
    assert page.locator(".js-plotly-plot .hovertext :is(img, a, script)").count() == 0


def test_ten_thousand_characters_are_kept_or_refused(stack: Stack, hostile: str) -> None:
    import httpx

    clip = stack.app.clips.of_project(hostile)[0]
    match = {"If-Match": f'"{clip.revision}"'}
    project, at = f"{stack.url}/api/projects/{hostile}", f"{stack.url}/api/clips/{clip.id}"
    answers = [
        httpx.patch(project, json={"title": LONG}),
        httpx.post(f"{project}/clips", json={"start_s": 1, "end_s": 9, "title": LONG, "by": LONG}),
        httpx.post(f"{project}/clips", json={"start_s": 1, "end_s": 9, "title": LONG}),
        httpx.post(f"{at}/decisions", json={"decision": "approved", "note": LONG}, headers=match),
        httpx.post(f"{project}/proposals", json={"start_s": 1, "end_s": 39, "by": LONG}),
        httpx.post(f"{stack.url}/api/shows", json={"name": LONG}),
    ]

    for answer in answers:
        assert answer.status_code < 300 or (400 <= answer.status_code < 500 and answer.json()["detail"])
