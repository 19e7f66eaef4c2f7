"""A reviewer's change reaches the server once, whatever happens on the way, and can be undone."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.desk_api import SITE, Api, Page, edge, expect, open_clip, open_desk, saved, told

pytestmark = pytest.mark.browser
MESSAGE = "desk-message"


def status(page: Page, name: str, wanted: str) -> None:
    expect(page.locator(f"[data-clip-id={name}]")).to_have_attribute("data-status", wanted)


def stored(page: Page, api: Api, count: int) -> None:
    """So many changes have reached the API, and nothing is on its way."""
    saved(page)
    for _ in range(1000):
        if len(api.sent) >= count:
            break
        page.wait_for_timeout(20)
    assert len(api.sent) == count


def decided(api: Api, name: str) -> list[str]:
    return [d["decision"] for d in api.get(name)["decisions"]]


def test_what_was_taken_back_can_be_done_again(page: Page, api: Api):
    page.keyboard.press("x")
    page.keyboard.press("3")
    page.keyboard.press("z")
    status(page, "a", "proposed")
    page.keyboard.press("Shift+Z")
    status(page, "a", "rejected")

    stored(page, api, 3)
    assert decided(api, "a") == ["rejected", "withdrawn", "rejected"]
    assert api.get("a")["decision"]["reason"] == "ends_weak"


def test_an_undone_trim_restores_the_approval(page: Page, api: Api):
    page.keyboard.press("a")
    open_clip(page, "b")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("]")
    status(page, "a", "proposed")
    told(page, "version")

    page.keyboard.press("z")
    edge(page, "in", "4.85")
    status(page, "a", "approved")

    stored(page, api, 4)
    assert api.get("a")["ranges"] == [{"start_s": 4.85, "end_s": 9.75}]
    assert api.get("a")["decision"]["carried_from"] == 1


def test_a_new_step_after_undo_cannot_be_overtaken_by_redo(page: Page, api: Api):
    page.keyboard.press("a")
    page.keyboard.press("z")
    page.keyboard.press("]")
    page.keyboard.press("Shift+Z")

    expect(page.get_by_test_id(MESSAGE)).to_have_text("There is nothing to do again.")
    status(page, "a", "proposed")


def test_undo_survives_a_reload(page: Page, api: Api):
    page.keyboard.press("a")
    page.keyboard.press("a")
    stored(page, api, 2)

    page.reload()
    status(page, "b", "approved")
    page.keyboard.press("z")
    status(page, "b", "proposed")
    page.keyboard.press("z")
    status(page, "a", "proposed")

    stored(page, api, 4)


def test_a_reload_mid_trim_loses_nothing(page: Page, api: Api):
    api.down = True
    page.keyboard.press("]")
    page.keyboard.press("a")
    expect(page.get_by_test_id(MESSAGE)).to_contain_text("Not saved yet")

    page.once("dialog", lambda asked: asked.accept())
    api.down = False
    page.reload()

    stored(page, api, 2)
    assert [what for what, _, _ in api.sent] == ["versions", "decisions"]
    status(page, "a", "approved")


def test_pending_changes_are_sent_on_reopening(page: Page, api: Api):
    api.down = True
    page.keyboard.press("a")
    expect(page.get_by_test_id(MESSAGE)).to_contain_text("Not saved yet")
    page.once("dialog", lambda asked: asked.accept())
    page.goto("about:blank")

    api.down = False
    again = page.context.new_page()
    again.route("**/*", api.answer)
    again.goto(f"{SITE}/")

    stored(again, api, 1)
    assert decided(api, "a") == ["approved"]


@pytest.mark.parametrize("fault", ["swallowing", "cutting"])
def test_a_change_whose_answer_was_lost_or_cut_is_made_once(page: Page, api: Api, fault: str):
    setattr(api, fault, 2)
    page.keyboard.press("]")
    page.keyboard.press("a")
    expect(page.get_by_test_id(MESSAGE)).to_contain_text("Not saved yet")
    while getattr(api, fault) or page.get_by_test_id("desk-saved").text_content():
        page.get_by_test_id("desk-message-action").click()
        page.wait_for_timeout(50)

    assert [what for what, _, _ in api.sent] == ["versions", "decisions"]
    assert api.get("a")["version"] == 2
    assert decided(api, "a") == ["approved"]


def test_the_second_to_decide_may_insist(page: Page, api: Api):
    api.decided_by_ana("a", "rejected")
    page.keyboard.press("a")

    expect(page.get_by_test_id(MESSAGE)).to_contain_text("Ana rejected it meanwhile: “The first hire”.")
    status(page, "a", "rejected")
    action = page.get_by_test_id("desk-message-action")
    expect(action).to_contain_text("Show it")
    action.click()
    expect(action).to_contain_text("Approve anyway")
    action.click()

    status(page, "a", "approved")
    saved(page)
    assert [(d["by"], d["decision"]) for d in api.get("a")["decisions"]] == [("Ana", "rejected"), ("Ben", "approved")]


def test_two_equal_decisions_are_no_conflict(page: Page, api: Api):
    api.decided_by_ana("a", "approved")
    page.keyboard.press("a")

    status(page, "a", "approved")
    saved(page)
    open_clip(page, "b")
    assert [d["by"] for d in api.get("a")["decisions"]] == ["Ana"]


@pytest.mark.parametrize("after", ["its answer", "the key"])
def test_undo_does_not_revert_another_reviewers_equal_decision(page: Page, api: Api, after: str):
    api.decided_by_ana("a", "approved")
    page.keyboard.press("a")
    if after == "its answer":
        saved(page)
        open_clip(page, "b")
    page.keyboard.press("z")
    saved(page)

    status(page, "a", "approved")
    assert [(d["by"], d["decision"]) for d in api.get("a")["decisions"]] == [("Ana", "approved")]


def test_a_question_returns_after_a_passing_message(page: Page, api: Api):
    api.changed_by_ana("a", 9.6, 14.1)
    page.keyboard.press("]")
    expect(page.get_by_test_id(MESSAGE)).to_contain_text("Ana moved it")

    page.keyboard.press("Shift+Z")
    expect(page.get_by_test_id(MESSAGE)).to_have_text("There is nothing to do again.")
    page.get_by_label("Close this message").click()

    expect(page.get_by_test_id(MESSAGE)).to_contain_text("Ana moved it")
    page.get_by_test_id("desk-message-action").click()
    edge(page, "in", "9.45")


def test_a_clip_somebody_removed_can_be_brought_back(page: Page, api: Api):
    api.gone["a"] = api.stepped(api.get("a"))
    api.clips.remove(api.gone["a"])
    page.keyboard.press("a")
    expect(page.get_by_test_id(MESSAGE)).to_contain_text("Somebody removed this clip")

    page.get_by_test_id("desk-message-action").click()

    open_clip(page, "a")
    assert api.sent[-1][0] == "restore"


def test_changes_by_others_to_the_open_clip_are_shown(page: Page, api: Api):
    api.decided_by_ana("a", "approved")

    page.evaluate("window.dispatchEvent(new Event('online'))")
    api.revision = "later"
    expect(page.get_by_test_id(MESSAGE)).to_contain_text("Ana approved it.", timeout=15_000)


def test_the_first_decision_asks_for_a_lasting_name(browser: Any, api: Api):
    with open_desk(browser, api, reviewer="") as page:
        page.keyboard.press("a")
        expect(page.get_by_test_id("desk-name")).to_be_visible()
        assert api.sent == []
        page.keyboard.type("Cleo")
        page.keyboard.press("Enter")

        open_clip(page, "b")
        expect(page.get_by_test_id("desk-who")).to_have_text("Reviewing as Cleo")
        stored(page, api, 1)
        assert api.sent[0][2]["by"] == "Cleo"
        page.reload()
        expect(page.get_by_test_id("desk-who")).to_have_text("Reviewing as Cleo")
        page.wait_for_function("told.some(([name, value]) => name === 'reviewer' && value === 'Cleo')")


def test_a_decision_without_a_name_can_be_thought_over(browser: Any, api: Api):
    with open_desk(browser, api, reviewer="") as page:
        page.keyboard.press("a")
        page.keyboard.press("Escape")

        expect(page.get_by_test_id("desk-name")).to_be_hidden()
        status(page, "a", "proposed")
        page.keyboard.press("ArrowDown")
        open_clip(page, "b")


def test_a_rename_carries_the_approval_on_record(page: Page, api: Api):
    page.keyboard.press("a")
    page.keyboard.press("ArrowUp")
    page.get_by_label("Title of the clip").fill("The very first hire")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("desk-message-action")).to_contain_text("Carry the approval over")

    page.keyboard.press("Shift+A")

    status(page, "a", "approved")
    stored(page, api, 3)
    assert api.get("a")["decision"]["carried_from"] == 1


def test_undo_does_not_reach_what_somebody_else_decided(page: Page, api: Api):
    api.decided_by_ana("a", "approved")
    page.reload()
    status(page, "a", "approved")
    page.keyboard.press("ArrowUp")
    open_clip(page, "a")
    page.keyboard.press("z")

    expect(page.get_by_test_id(MESSAGE)).to_have_text("There is nothing to undo.")
    status(page, "a", "approved")
    assert api.sent == []


def test_an_anonymous_undo_approves_nothing(browser: Any, api: Api):
    with open_desk(browser, api, reviewer="") as page:
        api.decided_by_ana("a", "approved")
        page.reload()
        status(page, "a", "approved")
        open_clip(page, "a")
        page.keyboard.press("]")
        status(page, "a", "proposed")
        told(page, "version")
        page.keyboard.press("z")
        expect(page.get_by_test_id("desk-name")).to_be_visible()
        page.keyboard.press("Escape")

        stored(page, api, 1)
        assert [d["by"] for d in api.get("a")["decisions"]] == ["Ana"]


def test_undoing_a_later_decision_keeps_the_original_approver(page: Page, api: Api):
    api.decided_by_ana("a", "approved")
    page.reload()
    status(page, "a", "approved")
    page.keyboard.press("x")
    page.keyboard.press("1")
    stored(page, api, 1)
    page.keyboard.press("ArrowUp")
    api.decided_by_ana("a", "withdrawn")
    assert api.get("a")["decision"]["by"] == "Ana"
    page.keyboard.press("]")

    expect(page.get_by_test_id(MESSAGE)).to_contain_text("took the decision back meanwhile.")
