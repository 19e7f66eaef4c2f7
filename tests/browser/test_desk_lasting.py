"""The desk keeps every change while answers are late, pages go away and others are faster."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.browser.desk_api import SITE, Api, Page, edge, expect, open_clip, open_from_outside, saved, told

pytestmark = pytest.mark.browser
MESSAGE = "desk-message"
ROOT = "document.getElementById('host').shadowRoot"


class Late:
    """Answers to requests whose path ends so are held until they are let go."""

    def __init__(self, page: Page, api: Api, ending: str) -> None:
        self.held: list[Any] = []
        self.page, self.api, self.ending = page, api, ending
        page.route(f"**/*{ending}*", self.hold)

    def hold(self, route: Any) -> None:
        self.held.append(route) if route.request.method in {"POST", "DELETE"} else self.api.answer(route)

    def arrived(self) -> None:
        for _ in range(2000):
            if self.held:
                return
            self.page.wait_for_timeout(10)
        raise AssertionError(f"nothing was sent to {self.ending}")

    def go(self) -> None:
        self.page.unroute(f"**/*{self.ending}*")
        for route in self.held:
            self.api.answer(route)


def status(page: Page, name: str, wanted: str) -> None:
    expect(page.locator(f"[data-clip-id={name}]")).to_have_attribute("data-status", wanted)


def rows(page: Page, count: int) -> None:
    expect(page.get_by_test_id("desk-clip")).to_have_count(count)


def left(page: Page) -> None:
    page.once("dialog", lambda asked: asked.accept())
    page.goto("about:blank")


def another(page: Page, api: Api) -> Page:
    tab = page.context.new_page()
    tab.route("**/*", api.answer)
    tab.goto(f"{SITE}/")
    rows(tab, len(api.clips))
    return tab


def look_again(page: Page, api: Api) -> None:
    api.revision += "+"
    with page.expect_response("**/clips"):
        page.evaluate("window.dispatchEvent(new Event('online'))")


def test_a_step_added_to_a_pending_change_survives_reload(page: Page, api: Api):
    api.down = True
    for _ in range(3):  # the first is on its way, the last joins the second
        page.keyboard.press("Shift+O")
        page.keyboard.press("]")
        page.evaluate("window.dispatchEvent(new Event('beforeunload'))")
        expect(page.get_by_test_id("desk-saved")).to_have_text("Not saved yet")
    edge(page, "out", "24.25")

    api.down = False
    page.once("dialog", lambda asked: asked.accept())
    page.reload()

    saved(page)
    edge(page, "out", "24.25")
    told(page, "version")
    assert api.get("a")["ranges"][0]["end_s"] == 24.25


def test_an_undone_removal_stays_undone_after_reload(page: Page, api: Api):
    api.down = True
    page.keyboard.press("Delete")
    rows(page, 1)
    page.keyboard.press("z")
    rows(page, 2)

    api.down = False
    page.once("dialog", lambda asked: asked.accept())
    page.reload()

    rows(page, 2)
    told(page, "created")
    assert [what for what, _, _ in api.sent] == ["removed", "restore"]
    assert [c["id"] for c in api.clips] == ["b", "a"]


def test_an_unsent_removal_survives_a_reload(page: Page, api: Api):
    late = Late(page, api, "/api/clips/a")
    page.keyboard.press("Delete")
    late.arrived()

    page.reload()

    rows(page, 1)
    open_clip(page, "b")


def test_a_restored_clip_keeps_its_last_trim(page: Page, api: Api):
    page.keyboard.press("]")
    page.keyboard.press("Delete")
    page.keyboard.press("z")

    told(page, "created")
    open_clip(page, "a")
    edge(page, "in", "9.45")
    assert api.get("a")["version"] == 2


def test_undo_of_an_unsent_clip_undoes_only_that(page: Page, api: Api):
    page.keyboard.press("a")
    saved(page)
    late = Late(page, api, "/prj_1/clips")
    page.keyboard.press("n")
    late.arrived()
    page.keyboard.press("z")
    expect(page.get_by_test_id(MESSAGE)).to_contain_text("Taken back: new clip")
    late.go()

    told(page, "deleted")
    rows(page, 2)
    status(page, "a", "approved")
    assert [what for what, _, _ in api.sent] == ["decisions", "created", "removed"]


def test_a_new_title_shows_while_being_sent(page: Page, api: Api):
    late = Late(page, api, "/versions")
    page.get_by_label("Title of the clip").fill("Why we hired")
    page.keyboard.press("Enter")
    late.arrived()

    look_again(page, api)

    expect(page.locator("[data-clip-id=a]")).to_contain_text("Why we hired")
    late.go()
    saved(page)
    assert api.get("a")["title"] == "Why we hired"


def opened_again(page: Page, api: Api, *keys: str) -> Page:
    """The recording, after two pages were left while the server was away: one approved "a", the other pressed keys."""
    second = another(page, api)
    api.down = True
    for tab, pressed in ((page, ["a"]), (second, keys)):
        for key in pressed:
            tab.keyboard.press(key)
        expect(tab.get_by_test_id(MESSAGE)).to_contain_text("Not saved yet")
    left(page)
    left(second)
    api.down = False
    return another(page, api)


def test_changes_of_two_pages_are_sent_on_reopening(page: Page, api: Api):
    third = opened_again(page, api, "ArrowDown", "a")

    status(third, "a", "approved")
    status(third, "b", "approved")
    saved(third)
    told(third, "decision")
    assert {name for _, name, _ in api.sent} == {"a", "b"}


def test_two_pages_never_overwrite_a_clip_silently(page: Page, api: Api):
    third = opened_again(page, api, "x", "3")

    expect(third.get_by_test_id(MESSAGE)).to_contain_text("meanwhile")
    assert len(api.sent) == 1


BROKEN: list[Any] = [
    None,
    5,
    "text",
    {},
    [None, 1, {"id": "a"}],
    [{"id": "a", "wishes": [None]}],
    [{"id": "a", "wishes": [{"kind": "version", "key": "k", "ranges": []}]}],
    [{"id": "a", "wishes": [{"kind": "decision", "key": "k", "decision": "nonsense"}], "seen": 3}],
    [{"id": "a", "wishes": [{"kind": "call", "key": "k"}], "etag": 7}],
    [{"id": "(new)", "wishes": [{"kind": "created", "key": "k", "ranges": "x"}]}],
    [[{"kind": "version", "id": "a"}], 3],
    [[{"kind": "decision", "made": [{"id": "a"}]}, {"kind": "deleted"}], [7]],
    [[{"kind": "version", "id": "a", "before": {"ranges": [{}], "title": 1}}], []],
]


@pytest.mark.parametrize("value", BROKEN, ids=range(len(BROKEN)))
def test_the_desk_opens_with_any_stored_state(page: Page, api: Api, value: Any):
    keep = """(json) => {
        for (const at of ["outbox.prj_1", "undo.prj_1", "desk.prj_1", "desk.filters.prj_1"]) {
            sessionStorage.setItem(`clipper.${at}`, json);
            localStorage.setItem(`clipper.${at}`, json);
        }
    }"""
    page.evaluate(keep, json.dumps(value))
    page.reload()

    rows(page, 2)
    page.keyboard.press("z")
    expect(page.get_by_test_id(MESSAGE)).to_have_text("There is nothing to undo.")
    page.keyboard.press("a")
    told(page, "decision")
    assert api.get("a")["status"] == "approved"


def test_a_refusal_about_no_clip_names_none(page: Page, api: Api):
    page.route(
        "**/prj_1/clips",
        lambda r: api.refuse(r, 404, "This recording was deleted.") if r.request.method == "POST" else api.answer(r),
    )
    page.keyboard.press("n")

    expect(page.get_by_test_id(MESSAGE)).to_have_text("This recording was deleted.")


def test_a_conflicting_removal_can_be_insisted_on(page: Page, api: Api):
    api.changed_by_ana("a", 9.6, 14.1)
    page.keyboard.press("Delete")
    expect(page.get_by_test_id("desk-message-action")).to_contain_text("Show it")
    page.get_by_test_id("desk-message-action").click()
    expect(page.get_by_test_id("desk-message-action")).to_contain_text("Remove anyway")
    page.get_by_test_id("desk-message-action").click()

    rows(page, 1)
    told(page, "deleted")
    assert [(what, name) for what, name, _ in api.sent] == [("removed", "a")]


def test_two_equal_removals_are_no_conflict(page: Page, api: Api):
    late = Late(page, api, "/api/clips/a")
    page.keyboard.press("Delete")
    late.arrived()
    api.gone["a"] = api.stepped(api.get("a"))
    api.clips.remove(api.gone["a"])
    late.go()

    told(page, "deleted")
    expect(page.get_by_test_id(MESSAGE)).not_to_contain_text("Somebody removed")


def test_a_trim_lost_to_a_faster_change_is_offered_again(page: Page, api: Api):
    late = Late(page, api, "/decisions")
    page.keyboard.press("a")
    late.arrived()
    page.keyboard.press("ArrowUp")
    open_clip(page, "a")
    api.changed_by_ana("a", 4.9, 14.1)
    page.keyboard.press("Shift+O")
    page.keyboard.press("]")
    edge(page, "out", "14.25")
    late.go()
    expect(page.get_by_test_id("desk-message-action")).to_contain_text("Do mine anyway")
    page.get_by_test_id("desk-message-action").click()

    told(page, "decision")
    assert [what for what, _, _ in api.sent] == ["versions", "decisions"]
    assert api.get("a")["ranges"] == [{"start_s": 4.85, "end_s": 14.25}]


def test_changes_after_a_refused_one_are_reported(page: Page, api: Api):
    page.route("**/versions", lambda route: api.refuse(route, 422, "A clip lasts at most three minutes."))
    page.keyboard.press("]")
    page.keyboard.press("a")

    expect(page.get_by_test_id(MESSAGE)).to_contain_text("A clip lasts at most three minutes.")
    expect(page.get_by_test_id(MESSAGE)).to_contain_text("was not stored either")
    page.get_by_test_id("desk-message-action").click()
    told(page, "decision")
    assert [(name, body["decision"]) for _, name, body in api.sent] == [("a", "approved")]


def test_a_typed_title_goes_to_its_own_clip(page: Page, api: Api):
    page.keyboard.press("r")
    page.keyboard.type("Mine")
    open_from_outside(page, "b")
    page.keyboard.press("Enter")

    told(page, "version")
    assert [(name, body["title"]) for _, name, body in api.sent] == [("a", "Mine")]
    expect(page.get_by_label("Title of the clip")).to_have_value("<b>Prices</b>")


def test_a_removal_elsewhere_keeps_the_note_being_written(page: Page, api: Api):
    late = Late(page, api, "/api/clips/b/decisions")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("a")
    open_clip(page, "a")
    late.arrived()
    page.keyboard.press("e")
    page.keyboard.type("Please cut the joke")
    api.gone["b"] = api.stepped(api.get("b"))
    api.clips.remove(api.gone["b"])
    late.go()
    expect(page.get_by_test_id(MESSAGE)).to_contain_text("Somebody removed this clip")

    expect(page.get_by_label("What should change")).to_have_value("Please cut the joke")
    expect(page.get_by_label("What should change")).to_be_focused()


def test_many_corrections_fit_into_one_request(page: Page, api: Api):
    api.say(" ".join(["Anna"] * 1400))
    look_again(page, api)
    page.locator("[data-word]").first.dblclick()
    page.get_by_label("What was said").fill("Annabelle-Charlotte")
    page.keyboard.press("Shift+Enter")
    saved(page)
    page.keyboard.press("z")

    for _ in range(1000):
        if [what for what, _, _ in api.sent] == ["replace", "words"]:
            break
        page.wait_for_timeout(20)
    assert [what for what, _, _ in api.sent] == ["replace", "words"]


def test_dialogs_of_the_desk_keep_r_and_c(page: Page):
    page.evaluate("window.heard = []; document.addEventListener('keydown', (e) => heard.push(e.key))")
    page.keyboard.press("?")
    expect(page.get_by_test_id("desk-keys")).to_be_visible()
    for key in ("r", "c", "Escape"):
        page.keyboard.press(key)

    assert page.evaluate("heard") == ["Escape"]


def test_closing_a_message_gives_the_keys_back_to_the_desk(page: Page):
    page.keyboard.press("Shift+Z")
    close = page.get_by_label("Close this message")
    expect(close).to_be_visible()
    close.press("Enter")

    expect(page.get_by_test_id("desk")).to_be_focused()


def test_a_name_the_browser_kept_is_made_short_enough_for_a_record(page: Page, api: Api):
    page.add_init_script("localStorage.setItem('clipper.reviewer', 'x\\n' + 'N'.repeat(500))")
    page.reload()
    rows(page, 2)
    page.keyboard.press("a")

    told(page, "decision")
    assert api.sent[0][2]["by"] == "x " + "N" * 78
