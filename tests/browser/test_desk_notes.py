"""Notes on the desk: written at the playhead, answered, resolved and opened again, with the keyboard alone."""

from __future__ import annotations

import pytest

from tests.browser.desk_api import Api, Page, expect, open_clip, open_from_outside

pytestmark = pytest.mark.browser


def at(page: Page, seconds: float) -> None:
    page.evaluate(f"video.currentTime = {seconds}")
    page.wait_for_function("!video.seeking")


def test_t_adds_a_note_at_the_playhead(page: Page, api: Api):
    at(page, 6.35)
    page.keyboard.press("t")
    note = page.get_by_label("Note at 0:01.5 of the clip")
    expect(note).to_be_focused()

    page.keyboard.type("Too loud")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("here")
    with page.expect_response("**/notes"):
        page.keyboard.press("Enter")

    expect(page.get_by_test_id("desk-note")).to_contain_text("Too loud\nhere")
    expect(page.get_by_test_id("desk-note")).to_contain_text("Ben")
    expect(page.locator("[data-clip-id=a]")).to_contain_text("1 note")
    assert [(what, name, body) for what, name, body in api.sent] == [
        ("note", "a", {"at_s": 6.35, "text": "Too loud\nhere", "by": "Ben"})
    ]
    page.keyboard.press("ArrowDown")  # the keys are the desk's again
    open_clip(page, "b")
    expect(page.get_by_test_id("desk-note")).to_have_count(0)


def test_a_note_outside_the_clip_shows_recording_time(page: Page):
    at(page, 12)
    page.keyboard.press("t")

    expect(page.get_by_label("Note at 0:12.0 of the recording")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_label("Note at 0:12.0 of the recording")).to_be_hidden()


def test_keys_alone_answer_resolve_and_reopen_a_note(page: Page, api: Api):
    api.note("a", "Is this the right name?", 6.0)
    page.reload()
    notes = page.get_by_test_id("desk-notes")
    expect(notes.get_by_text("Is this the right name?")).to_be_visible()

    notes.get_by_role("button", name="Reply").focus()
    page.keyboard.press("Enter")
    page.keyboard.type("Yes")
    with page.expect_response("**/replies"):
        page.keyboard.press("Enter")
    expect(notes.get_by_text("Yes", exact=True)).to_be_visible()

    notes.get_by_role("button", name="Resolve").focus()
    with page.expect_response("**/resolve"):
        page.keyboard.press("Enter")
    expect(notes.get_by_text("Is this the right name?")).to_be_hidden()
    fold = notes.get_by_role("button", name="1 resolved")
    fold.focus()
    page.keyboard.press("Enter")
    expect(notes.get_by_text("Is this the right name?")).to_be_visible()
    expect(notes.get_by_text("Resolved by Ben")).to_be_visible()

    notes.get_by_role("button", name="Reopen").focus()
    with page.expect_response("**/reopen"):
        page.keyboard.press("Enter")
    expect(notes.get_by_role("button", name="Resolve")).to_be_visible()
    assert [(what, body.get("text")) for what, _, body in api.sent] == [
        ("reply", "Yes"),
        ("resolve", None),
        ("reopen", None),
    ]


def test_the_time_of_a_note_leads_there(page: Page, api: Api):
    api.note("a", "Here", 8.25)
    page.reload()

    page.get_by_role("button", name="Go to 0:03.4 of the clip").click()

    page.wait_for_function("Math.abs(video.currentTime - 8.25) < 0.01")


def test_a_note_with_a_lost_answer_is_stored_once(page: Page, api: Api):
    api.swallowing = 1
    page.keyboard.press("t")
    page.keyboard.type("Once")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("desk-message")).to_contain_text("Not saved yet")
    expect(page.get_by_test_id("desk-note")).to_contain_text("Once")

    with page.expect_response("**/notes"):
        page.get_by_test_id("desk-message-action").click()

    expect(page.get_by_test_id("desk-note").get_by_role("button", name="Resolve")).to_be_visible()
    assert [n["text"] for n in api.get("a")["notes"]] == ["Once"]


def test_a_reply_being_written_survives_others_changes(page: Page, api: Api):
    api.note("a", "First", 6.0)
    page.reload()
    page.get_by_role("button", name="Reply").click()
    page.keyboard.type("Half a th")

    api.note("a", "Second", 5.5)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.get_by_test_id("desk-note")).to_have_count(2)

    expect(page.get_by_label("Reply", exact=True)).to_be_focused()
    page.keyboard.type("ought")
    expect(page.get_by_label("Reply", exact=True)).to_have_value("Half a thought")


SIGN = """() => {
    const canvas = document.getElementById('host')?.shadowRoot?.querySelector('canvas.wave');
    if (!canvas?.width) return 0; // a page that is still being loaded shows none
    const { data } = canvas.getContext('2d').getImageData(0, 3, canvas.width, 4);
    let found = 0;
    for (let i = 0; i < data.length; i += 4) if (data[i + 2] > data[i] + 60 && data[i + 3] > 200) found += 1;
    return found;
}"""


def test_open_notes_show_on_the_timeline(page: Page, api: Api):
    assert page.evaluate(SIGN) == 0
    api.note("a", "Here", 7.0)
    page.reload()
    page.wait_for_function(f"({SIGN})() > 10")

    page.get_by_role("button", name="Resolve").click()

    page.wait_for_function(f"({SIGN})() === 0")


def test_long_and_hostile_notes_are_text(page: Page, api: Api):
    api.note("a", "<img src=x onerror=alert(1)>" + "\u202e" + "x" * 4000, 6.0, "<b>Eve</b>")
    page.reload()

    note = page.get_by_test_id("desk-note")
    expect(note).to_contain_text("<img src=x onerror=alert(1)>")
    expect(note).to_contain_text("<b>Eve</b>")
    assert note.locator("img, b").count() == 0
    inside = page.evaluate(
        "document.getElementById('host').shadowRoot.querySelector('.desk').scrollWidth <= document.body.clientWidth"
    )
    assert inside


def test_an_unfinished_note_waits_at_its_clip(page: Page, api: Api):
    page.keyboard.press("t")
    page.keyboard.type("Too long, I think")
    open_from_outside(page, "b")
    page.keyboard.press("ArrowUp")
    open_clip(page, "a")
    page.keyboard.press("t")
    page.keyboard.press("Enter")

    expect(page.get_by_test_id("desk-note")).to_contain_text("Too long, I think")
    expect(page.get_by_test_id("desk-note")).to_contain_text("0:00.0")
