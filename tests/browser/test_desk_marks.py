"""Stretches marked on the transcript and the timeline, by hand and by keys, and what is done with them."""

from __future__ import annotations

import pytest

from tests.browser.desk_api import Page, drag_with_shift, edge, expect, open_clip, told
from tests.browser.trim_api import TrimApi

pytestmark = pytest.mark.browser


@pytest.fixture
def api() -> TrimApi:
    return TrimApi()


def word(page: Page, number: int):
    return page.locator(f"[data-word='{number}']")


def drag_words(page: Page, first: int, last: int) -> None:
    a, b = word(page, first).bounding_box(), word(page, last).bounding_box()
    page.mouse.move(a["x"] + 4, a["y"] + 8)
    page.mouse.down()
    page.mouse.move(b["x"] + b["width"] / 2, b["y"] + 8, steps=4)
    page.mouse.up()


def touch(page: Page, number: int, *events: str) -> None:
    page.evaluate(
        """([number, events]) => {
            const root = document.getElementById('host').shadowRoot;
            const { x, y } = root.querySelector(`[data-word='${number}']`).getBoundingClientRect();
            const finger = { clientX: x + 4, clientY: y + 8, bubbles: true, composed: true, pointerType: 'touch' };
            const text = root.querySelector('.words-text');
            for (const name of events) text.dispatchEvent(new PointerEvent(name, finger));
        }""",
        [number, list(events)],
    )


def marked(page: Page, first: int, last: int) -> None:
    expect(page.locator("[data-word][aria-selected=true]")).to_have_count(last - first + 1)
    expect(word(page, first)).to_have_attribute("aria-selected", "true")
    expect(word(page, last)).to_have_attribute("aria-selected", "true")


def test_words_dragged_over_become_the_clip_from_silence_to_silence(page: Page, api: TrimApi):
    # w0 … w7 fill the speech before the first silence, from 4 to 5 s
    drag_words(page, 4, 7)
    marked(page, 4, 7)
    expect(page.get_by_test_id("desk-marked")).to_contain_text("Marked 0:02.0 – 0:04.3, 2.3 s, 4 words")
    page.keyboard.press("Enter")

    edge(page, "out", "4.25")
    told(page, "version")
    assert api.sent[0][2]["ranges"] == [{"start_s": 1.95, "end_s": 4.25}]
    expect(page.get_by_test_id("desk-marked")).to_be_hidden()


def test_a_click_seeks_and_shift_click_selects(page: Page, api: TrimApi):
    word(page, 10).click()
    page.wait_for_function("Math.abs(video.currentTime - 6) < 0.01")
    expect(page.get_by_test_id("desk-marked")).to_be_hidden()

    word(page, 12).click(modifiers=["Shift"])

    marked(page, 10, 12)
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("desk-marked")).to_be_hidden()
    expect(page.locator("[data-word][aria-selected=true]")).to_have_count(0)
    assert api.sent == []


def test_the_keyboard_alone_cuts_words_out(page: Page, api: TrimApi):
    transcript = page.get_by_role("listbox", name="Words")
    transcript.focus()
    expect(word(page, 8)).to_contain_class("cursor")  # the clip's first word
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_function("Math.abs(video.currentTime - 6) < 0.01")

    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    marked(page, 10, 12)
    page.keyboard.press("Shift+ArrowLeft")
    marked(page, 10, 11)
    page.keyboard.press("Delete")

    told(page, "version")
    assert api.sent[0][2]["ranges"] == [{"start_s": 4.85, "end_s": 5.95}, {"start_s": 6.95, "end_s": 9.75}]
    expect(word(page, 10)).to_contain_class("cut")


def test_the_cursor_moves_by_line_and_sentence(page: Page):
    page.set_viewport_size({"width": 420, "height": 900})
    transcript = page.get_by_role("listbox", name="Words")
    transcript.focus()

    page.keyboard.press("End")
    expect(transcript).to_have_attribute("aria-activedescendant", "word-16")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowDown")
    below = word(page, 16).bounding_box()
    here = page.locator(".words-text .cursor").bounding_box()
    assert here["y"] == below["y"]
    page.keyboard.press("Home")
    expect(transcript).to_have_attribute("aria-activedescendant", "word-8")
    open_clip(page, "a")


def test_a_selection_becomes_a_clip(page: Page, api: TrimApi):
    drag_words(page, 18, 20)
    page.get_by_test_id("desk-marked").get_by_role("button", name="New clip").click()

    told(page, "created")
    assert [what for what, _, _ in api.sent] == ["created"]
    assert api.sent[0][2]["ranges"] == [{"start_s": 10.95, "end_s": 12.45}]
    expect(page.get_by_test_id("desk-marked")).to_be_hidden()


def test_a_selection_outside_the_clip_cannot_be_cut(page: Page, api: TrimApi):
    drag_words(page, 18, 20)

    marks = page.get_by_test_id("desk-marked")
    expect(marks.get_by_role("button", name="Cut out")).to_be_hidden()
    page.keyboard.press("Delete")
    expect(page.get_by_test_id("desk-message")).to_have_text("The marked stretch does not lie in the open clip.")
    assert api.sent == []


def test_a_marked_stretch_is_heard_alone(page: Page):
    drag_words(page, 10, 10)
    marked_one = page.get_by_test_id("desk-marked")
    expect(marked_one).to_be_hidden()  # a press on one word goes there
    drag_words(page, 10, 11)

    marked_one.get_by_role("button", name="Play").click()

    page.wait_for_function("!video.paused")
    page.wait_for_function("video.paused")
    assert page.evaluate("video.currentTime") == pytest.approx(6.95, abs=0.03)


def test_a_long_press_selects_and_a_tap_extends(page: Page):
    touch(page, 10, "pointerdown")
    marked(page, 10, 10)
    touch(page, 10, "pointerup", "click")
    touch(page, 13, "pointerdown", "pointerup", "click")

    marked(page, 10, 13)


def test_a_timeline_selection_is_cut_and_put_back(page: Page, api: TrimApi):
    drag_with_shift(page, 7, 8)
    page.keyboard.press("Delete")

    told(page, "version")
    inner = page.get_by_test_id("desk-handle-out-1")
    expect(inner).to_have_attribute("aria-label", "End of part 1")
    assert float(inner.get_attribute("aria-valuenow")) == pytest.approx(7, abs=0.03)
    inner.focus()
    page.keyboard.press("Delete")

    page.wait_for_function("told.filter(([name]) => name === 'changed').length === 2")
    assert api.get("a")["ranges"] == [{"start_s": 4.85, "end_s": 9.75}]
    expect(inner).to_have_count(0)
