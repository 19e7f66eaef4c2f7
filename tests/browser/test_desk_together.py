"""The desk against the real product: ten decisions by keyboard alone, and two people on the same clips at once."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from clipper_core.domain.clip import ClipStatus
from clipper_core.domain.time_range import TimeRange
from clipper_core.services.clips.idempotency import Sender
from tests.servers import Stack, until

pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")

from tests.browser.desk_api import expect, saved

pytestmark = [pytest.mark.browser, pytest.mark.servers]
PROJECT = "prj_test"
WAIT = 30_000
LISTEN = """
window.said = [];
const look = () => {
  const root = [...document.querySelectorAll('*')].map((e) => e.shadowRoot).find((r) => r?.querySelector('.desk'));
  const text = root?.querySelector('.toast-text');
  if (!text) return setTimeout(look, 50);
  const all = { childList: true, characterData: true, subtree: true };
  new MutationObserver(() => said.push(text.textContent)).observe(text, all);
};
if (location.protocol === 'http:') look();
"""


@pytest.fixture(scope="module")
def clips(stack: Stack) -> list[str]:
    """Ten clips of the sample and more, none decided on."""
    with httpx.Client(base_url=stack.url) as http:
        http.post("/jobs/enqueue", json={"project_id": PROJECT}).raise_for_status()
    until(lambda: stack.app.projects.get(PROJECT).state == "succeeded", seconds=90, saying="the sample is processed")
    while len(stack.app.clips.of_project(PROJECT)) < 12:
        start = 1_000 + 2_000 * len(stack.app.clips.of_project(PROJECT))
        stack.app.clips.create(PROJECT, (TimeRange(start, start + 6_000),), sender=Sender("Dora"))
    return [c.id for c in stack.app.clips.of_project(PROJECT)]


def desk(browser: Any, stack: Stack, name: str) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    context.add_init_script(f"if (location.protocol === 'http:') localStorage.setItem('clipper.reviewer', '{name}')")
    context.add_init_script(LISTEN)
    page = context.new_page()
    broken: list[str] = []
    page.on("pageerror", lambda e: broken.append(str(e)))
    page.goto(f"{stack.url}/review?project={PROJECT}")
    page.get_by_test_id("desk-clip").first.wait_for(timeout=WAIT)
    yield page
    context.close()
    assert broken == []


@pytest.fixture
def ana(browser: Any, stack: Stack, clips: list[str]) -> Iterator[Any]:
    yield from desk(browser, stack, "Ana")


@pytest.fixture
def ben(browser: Any, stack: Stack, clips: list[str]) -> Iterator[Any]:
    yield from desk(browser, stack, "Ben")


def open_now(page: Any) -> str:
    return str(
        page.locator("[role=option][aria-current=true], [role=option][aria-selected=true]").first.get_attribute(
            "data-clip-id"
        )
    )


def settled(*pages: Any) -> None:
    for page in pages:
        saved(page, WAIT)


def test_ten_keyboard_decisions_survive_reloads_and_undo(stack: Stack, ana: Any, clips: list[str]) -> None:
    made: list[tuple[str, ClipStatus]] = []
    for number in range(10):
        clip = open_now(ana)
        if number % 3 == 0:
            ana.keyboard.press("a")
            made.append((clip, ClipStatus.APPROVED))
        elif number % 3 == 1:
            ana.keyboard.press("x")
            ana.keyboard.press("2")
            made.append((clip, ClipStatus.REJECTED))
        else:
            ana.keyboard.press("e")
            ana.keyboard.type(f"Shorter, please ({number})")
            ana.keyboard.press("Enter")
            made.append((clip, ClipStatus.CHANGES_REQUESTED))
        if number % 4 == 3:
            ana.reload()  # at once: nothing was waited for
            ana.get_by_test_id("desk-clip").first.wait_for(timeout=WAIT)
        expect(ana.locator(f"[data-clip-id={clip}]")).to_have_attribute("data-status", made[-1][1].value, timeout=WAIT)
    settled(ana)

    assert len({clip for clip, _ in made}) == 10
    until(lambda: [stack.app.clips.get(i).status for i, _ in made] == [s for _, s in made], seconds=10)
    assert all([d.by for d in stack.app.clips.get(i).decisions] == ["Ana"] for i, _ in made)

    for clip, _ in reversed(made):
        ana.keyboard.press("z")
        expect(ana.locator(f"[data-clip-id={clip}]")).to_have_attribute("data-status", "proposed", timeout=WAIT)
    settled(ana)
    until(lambda: all(stack.app.clips.get(i).status is ClipStatus.PROPOSED for i, _ in made), seconds=10)


def act(page: Any, random_one: random.Random) -> None:
    """One thing a person does: goes to another clip, trims, decides, takes back."""
    kind = random_one.choice(["go", "trim", "trim", "decide", "decide", "undo"])
    if kind == "go":
        page.keyboard.press(random_one.choice(["ArrowUp", "ArrowDown"]))
    elif kind == "trim":
        page.keyboard.press(random_one.choice(["Shift+I", "Shift+O"]))
        page.keyboard.press(random_one.choice(["[", "]"]))
    elif kind == "undo":
        page.keyboard.press("z")
    elif random_one.random() < 0.5:
        page.keyboard.press("a")
    else:
        page.keyboard.press("x")
        page.keyboard.press(random_one.choice(["1", "2", "3"]))


@pytest.mark.slow
def test_two_people_on_the_same_clips_overwrite_nothing_silently(
    stack: Stack, ana: Any, ben: Any, clips: list[str]
) -> None:
    writes: list[tuple[str, str, int, str, int]] = []
    odd: list[Any] = []

    def note(who: str) -> Any:
        def answered(response: Any) -> None:
            request = response.request
            seen = request.headers.get("if-match")
            if request.method == "POST" and "/api/clips/" in request.url and seen:
                clip = request.url.split("/api/clips/")[1].split("/")[0]
                after = response.headers.get("etag", "").strip('"')
                writes.append((who, clip, int(seen.strip('"')), response.status, int(after or 0)))
                if response.status not in {201, 412}:
                    odd.append(response)

        return answered

    ana.on("response", note("Ana"))
    ben.on("response", note("Ben"))
    chance = random.Random(5)
    before = {i: stack.app.clips.get(i).revision for i in clips}
    for page in (ana, ben):
        page.keyboard.press("Escape")

    for _ in range(100):
        for page in chance.sample([ana, ben], 2):
            act(page, chance)
        if chance.random() < 0.3:
            settled(*chance.sample([ana, ben], 1))
    settled(ana, ben)

    # Every revision of every clip was made by exactly one accepted change to the one before it.
    chains: dict[str, list[tuple[int, int]]] = defaultdict(list)
    # what a look in between showed as taken back already can be asked for once more, and is found so
    assert {response.json()["code"] for response in odd} <= {"nothing_to_undo"}
    for _, clip, seen, status, after in writes:
        if status == 201:
            chains[clip].append((seen, after))
    for clip, made in chains.items():
        view = stack.app.clips.get(clip)
        assert sorted(made) == [(n, n + 1) for n in range(before[clip], view.revision)], clip
        numbers = [d.version for d in view.decisions]
        assert numbers == sorted(numbers)
        assert [d.at for d in view.decisions] == sorted(d.at for d in view.decisions)
    assert sum(len(made) for made in chains.values()) > 60

    # Whoever came second was told who did what, or found done what they wanted.
    refused = [w for w in writes if w[3] == 412]
    assert refused, "nobody ever came second: the two did not meet"
    for who, other, page in (("Ana", "Ben", ana), ("Ben", "Ana", ben)):
        told = page.evaluate("said.filter((text) => text.includes('meanwhile'))")
        assert all(text.startswith(other) for text in told)
        assert told or not any(w[0] == who for w in refused)

    # Both see the same in the end.
    ana.reload()
    ben.reload()
    for page in (ana, ben):
        page.get_by_test_id("desk-clip").first.wait_for(timeout=WAIT)
        for clip in clips:
            row = page.locator(f"[data-clip-id={clip}]")
            expect(row).to_have_attribute("data-status", stack.app.clips.get(clip).status.value, timeout=WAIT)
