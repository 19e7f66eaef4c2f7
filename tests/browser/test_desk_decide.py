"""Deciding on a clip in a real browser: reasons, notes, carried approvals, history."""

from __future__ import annotations

import pytest

from tests.browser.desk_api import Api, Page, expect, open_clip, saved, told

pytestmark = pytest.mark.browser


def look_again(page: Page, api: Api) -> None:
    api.revision = f"{api.revision}+"
    page.evaluate("window.dispatchEvent(new Event('online'))")


def revised_after_approval(page: Page, api: Api) -> None:
    """Ana approved version 1 of clip a; Ben made version 2 of it."""
    api.decided_by_ana("a", "approved")
    api.revise(api.get("a"), {"by": "Ben"})
    look_again(page, api)
    expect(page.get_by_test_id("desk-carry")).to_be_visible()


def test_reason_other_needs_a_few_words(page: Page, api: Api):
    page.keyboard.press("x")
    page.keyboard.press("6")
    expect(page.get_by_text("Say why in a few words, then press Enter.")).to_be_visible()
    page.keyboard.press("Enter")
    page.keyboard.type("ok")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("desk-reject-menu")).to_be_visible()

    page.keyboard.type(", a sponsor we lost")
    page.keyboard.press("Enter")

    told(page, "decision")
    assert [(body["reason"], body["note"]) for _, _, body in api.sent] == [("other", "ok, a sponsor we lost")]
    open_clip(page, "b")


def test_another_reason_left_by_escape_decides_nothing(page: Page, api: Api):
    page.keyboard.press("x")
    page.keyboard.press("6")
    page.keyboard.type("no")
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("desk-reject-menu")).to_be_hidden()

    page.keyboard.press("x")
    expect(page.get_by_text("Reject without a reason")).to_be_visible()
    page.keyboard.press("x")

    told(page, "decision")
    assert [(body["reason"], body["note"]) for _, _, body in api.sent] == [(None, None)]


def test_a_note_typed_first_joins_the_reason(page: Page, api: Api):
    page.keyboard.press("x")
    page.get_by_label("Note", exact=True).fill("Cut at 4:10")
    page.get_by_role("button", name="Ends weakly").click()

    told(page, "decision")
    assert (api.sent[0][2]["reason"], api.sent[0][2]["note"]) == ("ends_weak", "Cut at 4:10")


def test_a_long_note_counts_down_and_stops(page: Page, api: Api):
    page.keyboard.press("e")
    note = page.get_by_label("What should change")
    note.fill("w" * 950)
    expect(page.get_by_text("50 characters left")).to_be_visible()
    page.keyboard.type("w" * 60)
    expect(page.get_by_text("No more than 1,000 characters")).to_be_visible()

    page.keyboard.press("Enter")

    told(page, "decision")
    assert api.sent[0][2]["note"] == "w" * 1000


def test_one_key_carries_an_approval_on_record(page: Page, api: Api):
    revised_after_approval(page, api)
    expect(page.get_by_test_id("desk-carry")).to_contain_text("Version 1 was approved by Ana. This is version 2")

    page.keyboard.press("Shift+A")

    open_clip(page, "b")
    told(page, "decision")
    assert [body.get("carry") for _, _, body in api.sent] == [True]
    page.keyboard.press("ArrowUp")
    expect(page.locator(".verdict")).to_contain_text("carried over from version 1")
    expect(page.get_by_test_id("desk-carry")).to_be_hidden()


def test_without_carrying_the_new_version_is_undecided(page: Page, api: Api):
    revised_after_approval(page, api)

    page.keyboard.press("x")
    page.keyboard.press("1")

    told(page, "decision")
    assert "carry" not in api.sent[0][2]
    page.keyboard.press("ArrowUp")
    expect(page.get_by_test_id("desk-carry")).to_be_hidden()


def told_in_history(page: Page) -> list[str]:
    return [line.inner_text() for line in page.get_by_test_id("desk-history").locator(".what > span").all()]


def test_the_history_lists_everything_newest_first(page: Page, api: Api):
    clip = api.get("a")
    api.decide(clip, {"decision": "rejected", "reason": "off_topic", "note": "Too far", "by": "Ana"})
    api.decide(clip, {"decision": "withdrawn", "by": "Ana"})
    api.decide(clip, {"decision": "approved", "by": "Ben"})
    api.revise(clip, {"by": "Cem"})
    look_again(page, api)
    page.get_by_test_id("desk-history").locator("summary").click()

    history = page.get_by_test_id("desk-history")
    expect(history.get_by_role("listitem")).to_have_count(5)
    decisions = ["Approved by Ben", "Taken back by Ana", "Rejected by Ana"]
    assert told_in_history(page) == ["Version 2, made by Cem", *decisions, "Version 1, proposed by Clipper"]
    assert [bool(line.text_content()) for line in history.locator("time").all()] == [True] * 5
    expect(history.locator(".taken-back .reason")).to_have_text("Off topic, \u201cToo far\u201d")
    expect(history.get_by_role("listitem").first).to_contain_text("Not decided yet.")
    page.keyboard.press("a")
    page.keyboard.press("ArrowUp")
    expect(history.get_by_role("listitem").first).to_contain_text("Approved by Ben")
    expect(history.get_by_role("listitem").nth(1)).to_contain_text("Version 2, made by Cem")
    expect(history).not_to_contain_text("Not decided yet.")


def test_consecutive_versions_by_one_person_are_grouped(page: Page, api: Api):
    for by in ["Ana"] * 4 + ["Ben"] * 5:
        api.revise(api.get("a"), {"by": by})
    look_again(page, api)
    page.get_by_test_id("desk-history").locator("summary").click()

    expect(page.get_by_test_id("desk-history").get_by_role("listitem")).to_have_count(3)
    several = ["Versions 6 to 10, made by Ben", "Versions 2 to 5, made by Ana"]
    assert told_in_history(page) == [*several, "Version 1, proposed by Clipper"]


def test_a_decision_is_listed_after_its_version(page: Page, api: Api):
    api.revise(api.get("a"), {"by": "Ana"})
    api.decided_by_ana("a", "changes_requested")
    api.revise(api.get("a"), {"by": "Ana"})
    look_again(page, api)
    page.get_by_test_id("desk-history").locator("summary").click()

    expect(page.get_by_test_id("desk-history").get_by_role("listitem")).to_have_count(4)
    newest = ["Version 3, made by Ana", "Changes asked by Ana", "Version 2, made by Ana"]
    assert told_in_history(page) == [*newest, "Version 1, proposed by Clipper"]


def test_long_names_and_notes_wrap_and_stay_text(page: Page, api: Api):
    api.decide(api.get("a"), {"decision": "rejected", "reason": None, "note": "<i>" + "n" * 990, "by": "N" * 200})
    look_again(page, api)
    page.get_by_test_id("desk-history").locator("summary").click()
    expect(page.get_by_test_id("desk-history")).to_contain_text("<i>nnn")

    box = "document.getElementById('host').shadowRoot.querySelector('.decide')"
    assert page.evaluate(f"{box}.scrollWidth <= {box}.clientWidth")


def test_u_on_the_only_undecided_clip_says_so(page: Page, api: Api):
    page.keyboard.press("ArrowDown")
    page.keyboard.press("a")
    saved(page)
    open_clip(page, "a")

    page.keyboard.press("u")

    expect(page.get_by_test_id("desk-message")).to_have_text("Only this clip is not decided.")
