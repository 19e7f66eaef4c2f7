"""Two people on the words and notes of one recording, against the real product."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from clipper_core.domain.clip import ClipStatus
from tests.servers import Stack, until

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
expect = sync_api.expect

pytestmark = [pytest.mark.browser, pytest.mark.servers]
PROJECT = "prj_test"
WAIT = 30_000


@pytest.fixture
def people(browser: Any, stack: Stack) -> Iterator[tuple[Any, Any]]:
    with httpx.Client(base_url=stack.url) as http:
        http.post("/jobs/enqueue", json={"project_id": PROJECT}).raise_for_status()
    until(lambda: stack.app.projects.get(PROJECT).state == "succeeded", seconds=90, saying="the sample is processed")
    contexts = [browser.new_context(viewport={"width": 1440, "height": 1000}) for _ in range(2)]
    pages = []
    for context, name in zip(contexts, ("Ana", "Ben"), strict=True):
        context.add_init_script(
            f"if (location.protocol === 'http:') localStorage.setItem('clipper.reviewer', '{name}')"
        )
        page = context.new_page()
        page.goto(f"{stack.url}/review?project={PROJECT}")
        page.locator("[data-word]").first.wait_for(timeout=WAIT)
        pages.append(page)
    yield pages[0], pages[1]
    for context in contexts:
        context.close()


def correct(page: Any, word: int, text: str) -> None:
    page.locator(f"[data-word='{word}']").dblclick()
    expect(page.get_by_test_id("desk-correct")).to_be_visible(timeout=WAIT)
    page.keyboard.type(text)
    page.keyboard.press("Enter")


def test_two_reviewers_corrections_are_both_kept(stack: Stack, people: tuple[Any, Any]) -> None:
    ana, ben = people
    clip = stack.app.clips.of_project(PROJECT)[0]
    # a word in the middle of the clip: both desks open it first
    transcript = stack.app.corrections.show(PROJECT).transcript
    first = next(i for i, w in enumerate(transcript.words) if w.start_ms > clip.start_ms + 500)

    def words() -> list[str]:
        return [w.text for w in stack.app.corrections.show(PROJECT).transcript.words[first : first + 2]]

    correct(ana, first, "Anas")
    until(lambda: words()[0] == "Anas", saying="the first correction is stored")
    correct(ben, first + 1, "Bens")
    ben.keyboard.press("a")

    until(lambda: words() == ["Anas", "Bens"], seconds=20, saying="both words are corrected")
    until(lambda: stack.app.clips.get(clip.id).status is ClipStatus.APPROVED, seconds=20)
    approved = stack.app.clips.get(clip.id)
    assert (approved.decision.by, approved.title, approved.words_changed) == ("Ben", clip.title, False)
    assert approved.version > clip.version


def test_a_note_is_seen_by_the_other_one(stack: Stack, people: tuple[Any, Any]) -> None:
    ana, ben = people
    name = ana.locator("[role=option][aria-current=true]").get_attribute("data-clip-id")
    ana.keyboard.press("t")
    ana.keyboard.type("Is this the end?")
    ana.keyboard.press("Enter")

    until(lambda: stack.app.clips.get(name).notes, seconds=20, saying="the note is stored")
    ben.locator(f"[data-clip-id={name}]").click()
    expect(ben.get_by_test_id("desk-note")).to_contain_text("Is this the end?", timeout=WAIT)
    expect(ben.get_by_test_id("desk-note")).to_contain_text("Ana")
