"""A reload at any moment loses nothing: notes, splits, joins and corrections are made once, and can be taken back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.browser.desk_api import SITE, Api, Page, at_start, expect, open_desk, saved
from tests.browser.trim_api import TrimApi

pytestmark = pytest.mark.browser
MESSAGE = "desk-message"
SAID = "Today Mr Smyth, came. Then Smyth's wife said: Smyth is late. We waited for him and he came at ten to nine."


class KeptApi(TrimApi):
    """With words that can be corrected, a clip long enough to be divided, and a note to answer."""

    def __init__(self) -> None:
        super().__init__()
        self.say(SAID)
        self.cut(self.get("a"), [{"start_s": 4.85, "end_s": 12.0}])
        self.note("a", "Is this the right name?", 6.0)

    def project(self) -> dict[str, Any]:
        return Api.project(self)

    def api(self, route: Any, path: str, method: str) -> None:
        return Api.api(self, route, path, method)

    def state(self) -> list[Any]:
        """All that a person can see of it: edges, notes, words."""
        clips = [(c["title"], c["ranges"]) for c in self.clips]
        notes = [(n["text"], bool(n["resolved_at"]), [r["text"] for r in n["replies"]]) for n in self.get("a")["notes"]]
        return [sorted(clips, key=str), notes, self.read()]


@pytest.fixture
def api() -> KeptApi:
    return KeptApi()


@pytest.fixture
def page(browser: Any, api: KeptApi) -> Iterator[Page]:
    with open_desk(browser, api) as page:
        ready(page)
        yield page


def ready(page: Page) -> None:
    at_start(page)
    expect(page.locator("[data-word='2']")).to_be_visible()


def note(page: Page) -> None:
    page.keyboard.press("t")
    page.keyboard.type("Too loud")
    page.keyboard.press("Enter")


def reply(page: Page) -> None:
    page.get_by_role("button", name="Reply").click()
    page.keyboard.type("Yes")
    page.keyboard.press("Enter")


def resolve(page: Page) -> None:
    page.get_by_role("button", name="Resolve").click()


def split(page: Page) -> None:
    page.evaluate("video.currentTime = 10.3")
    page.wait_for_function("!video.seeking && Math.abs(video.currentTime - 10.3) < 0.01")
    page.keyboard.press("s")


def join(page: Page) -> None:
    page.keyboard.press("g")


def type_over(word: int, text: str, key: str) -> Callable[[Page], None]:
    def run(page: Page) -> None:
        page.locator(f"[data-word='{word}']").dblclick()
        expect(page.get_by_test_id("desk-correct")).to_be_visible()
        page.keyboard.type(text)
        page.keyboard.press(key)

    return run


@dataclass(frozen=True)
class Act:
    """Something a person does, what the server hears of it, and how the desk shows it before the answer."""

    what: str
    run: Callable[[Page], None]
    shown: str = ""


ACTS = {
    "note": Act("note", note, "Too loud"),
    "reply": Act("reply", reply, "Yes"),
    "resolve": Act("resolve", resolve, "1 resolved"),
    "split": Act("split", split),
    "join": Act("merge", join),
    "word": Act("words", type_over(2, "Smith,", "Enter"), "Mr Smith, came."),
    "words": Act("words", type_over(2, "van Smith,", "Enter"), "Mr van Smith, came."),
    "everywhere": Act("replace", type_over(2, "Smith,", "Shift+Enter"), "Smith's wife said: Smith is late."),
    "everywhere, longer": Act("replace", type_over(2, "van Smyth,", "Shift+Enter"), "van Smyth's wife said: van"),
}
every_act = pytest.mark.parametrize("act", ACTS.values(), ids=ACTS.keys())
# a reply has no way back: the record of a note is only added to
every_act_with_a_way_back = pytest.mark.parametrize(
    "act", [a for a in ACTS.values() if a.what != "reply"], ids=[name for name in ACTS if name != "reply"]
)

SEEN = """(text) => {
    const root = document.getElementById('host').shadowRoot;
    const said = [...root.querySelectorAll('.words-text [data-word]')].map((w) => w.textContent).join(' ');
    return `${said} ${root.querySelector('.notes').innerText}`.includes(text);
}"""
LINE = """() => {
    const canvas = document.getElementById('host').shadowRoot.querySelector('canvas.wave');
    return canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.join();
}"""


def until(page: Page, done: Callable[[], bool]) -> None:
    for _ in range(1000):
        if done():
            return
        page.wait_for_timeout(20)
    raise AssertionError("it did not come true")


def not_saved(page: Page) -> None:
    expect(page.get_by_test_id(MESSAGE)).to_contain_text("Not saved yet")


def made(page: Page, api: KeptApi, *whats: str) -> None:
    """Just this was made, and nothing is on its way or kept to be sent."""
    until(page, lambda: [what for what, _, _ in api.sent] == list(whats))
    until(page, lambda: page.evaluate("sessionStorage.getItem('clipper.outbox.prj_1')") is None)
    saved(page)


def held(page: Page, api: KeptApi) -> list[Any]:
    """From now on nothing that is wanted reaches the server."""
    routes: list[Any] = []
    page.route("**/*", lambda r: routes.append(r) if r.request.method in {"POST", "DELETE"} else api.answer(r))
    return routes


@every_act
def test_changes_made_offline_are_applied_once(page: Page, api: KeptApi, act: Act):
    api.down = True
    act.run(page)
    not_saved(page)
    page.reload()
    expect(page.get_by_test_id("desk")).to_contain_text("does not answer")

    api.down = False
    page.evaluate("window.dispatchEvent(new Event('online'))")

    made(page, api, act.what)


@every_act
def test_a_lost_answer_and_reload_apply_a_change_once(page: Page, api: KeptApi, act: Act):
    api.swallowing = 1
    act.run(page)
    not_saved(page)
    after = api.state()

    page.reload()

    made(page, api, act.what)
    assert api.state() == after


@every_act
def test_pending_changes_show_after_a_reload(page: Page, api: KeptApi, act: Act):
    blank = page.evaluate(LINE)
    held(page, api)
    act.run(page)
    page.reload()
    ready(page)

    if act.shown:
        page.wait_for_function(SEEN, arg=act.shown)
    else:
        until(page, lambda: page.evaluate(LINE) != blank)
    assert api.sent == []


@every_act
def test_changes_of_a_closed_page_are_sent_on_reopening(page: Page, api: KeptApi, act: Act):
    api.down = True
    act.run(page)
    not_saved(page)
    page.goto("about:blank")

    api.down = False
    again = page.context.new_page()
    again.route("**/*", api.answer)
    again.goto(f"{SITE}/")

    made(again, api, act.what)


@every_act_with_a_way_back
def test_undo_and_redo_work_across_a_reload(page: Page, api: KeptApi, act: Act):
    before = api.state()
    act.run(page)
    made(page, api, act.what)
    after = api.state()
    page.reload()
    ready(page)

    page.keyboard.press("z")
    expect(page.get_by_test_id(MESSAGE)).to_contain_text("Taken back: ")
    if act.what == "note":
        until(page, lambda: api.get("a")["notes"][1]["resolved_at"] is not None)
    else:
        until(page, lambda: api.state() == before)
    page.reload()
    ready(page)

    page.keyboard.press("Shift+Z")
    until(page, lambda: api.state() == after)
    page.reload()
    ready(page)

    page.keyboard.press("z")
    expect(page.get_by_test_id(MESSAGE)).to_contain_text("Taken back: ")
    if act.what != "note":
        until(page, lambda: api.state() == before)


@every_act_with_a_way_back
def test_undo_before_the_answer_waits_its_turn(page: Page, api: KeptApi, act: Act):
    before = api.state()
    api.down = True
    act.run(page)
    not_saved(page)
    page.keyboard.press("z")
    until(page, lambda: page.evaluate("JSON.parse(sessionStorage.getItem('clipper.undo.prj_1'))[0].length") == 0)

    api.down = False
    page.reload()

    until(page, lambda: len(api.sent) >= 2)
    if act.what == "note":
        until(page, lambda: api.get("a")["notes"][1]["resolved_at"] is not None)
    else:
        until(page, lambda: api.state() == before)
    until(page, lambda: page.evaluate("sessionStorage.getItem('clipper.outbox.prj_1')") is None)
    page.keyboard.press("z")
    expect(page.get_by_test_id(MESSAGE)).to_have_text("There is nothing to undo.")


@every_act_with_a_way_back
def test_undo_and_redo_before_answers_end_right(page: Page, api: KeptApi, act: Act):
    before = api.state()
    api.down = True
    act.run(page)
    not_saved(page)
    for key in ("z", "Shift+Z", "z", "Shift+Z", "z"):
        page.keyboard.press(key)

    api.down = False
    page.reload()

    until(page, lambda: len(api.sent) >= 6)
    until(page, lambda: page.evaluate("sessionStorage.getItem('clipper.outbox.prj_1')") is None)
    if act.what == "note":
        assert api.get("a")["notes"][1]["resolved_at"] is not None
    else:
        assert api.state() == before
    page.keyboard.press("Shift+Z")
    until(page, lambda: api.state() != before)


@every_act_with_a_way_back
def test_earlier_changes_are_undone_after_a_reload(page: Page, api: KeptApi, act: Act):
    page.get_by_label("Title of the clip").fill("Why we hired")
    page.keyboard.press("Enter")
    made(page, api, "versions")
    act.run(page)
    made(page, api, "versions", act.what)
    page.reload()
    ready(page)

    page.keyboard.press("z")
    until(page, lambda: len(api.sent) > 2)
    saved(page)
    page.keyboard.press("z")

    until(page, lambda: api.get("a")["title"] == "The first hire")


def leave(page: Page) -> list[str]:
    """Leave the page; what was asked before that."""
    asked: list[str] = []

    def on(dialog: Any) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", on)
    page.goto("about:blank")
    return asked


@every_act
def test_leaving_without_loss_asks_nothing(page: Page, api: KeptApi, act: Act):
    api.down = True
    act.run(page)
    not_saved(page)

    assert leave(page) == []


def begun_title(page: Page) -> None:
    page.keyboard.press("r")
    page.keyboard.type("Why we")


def begun_word(page: Page) -> None:
    page.locator("[data-word='2']").dblclick()
    page.keyboard.type("Smi")


def begun_note(page: Page) -> None:
    page.keyboard.press("t")
    page.keyboard.type("Too lo")


def begun_note_elsewhere(page: Page) -> None:
    begun_note(page)
    page.evaluate("run({ project_id: 'prj_1', clip_id: 'b' })")
    expect(page.locator("[data-clip-id=b]")).to_have_attribute("aria-current", "true")


def begun_reply(page: Page) -> None:
    page.get_by_role("button", name="Reply").click()
    page.keyboard.type("Ye")


def begun_reason(page: Page) -> None:
    page.keyboard.press("e")
    page.keyboard.type("Please cu")


BEGUN = [begun_title, begun_word, begun_note, begun_note_elsewhere, begun_reply, begun_reason]


@pytest.mark.parametrize("begin", BEGUN)
def test_who_leaves_while_typing_is_asked(page: Page, begin: Callable[[Page], None]):
    begin(page)

    assert leave(page) == ["beforeunload"]


def test_leaving_asks_when_storage_is_off(page: Page, api: KeptApi):
    page.evaluate("() => { Storage.prototype.setItem = () => { throw new Error('full'); }; }")
    api.down = True
    note(page)
    not_saved(page)

    assert leave(page) == ["beforeunload"]


def correct_and_approve_unheard(page: Page, api: KeptApi) -> None:
    api.down = True
    ACTS["word"].run(page)
    not_saved(page)
    page.keyboard.press("a")
    expect(page.locator("[data-clip-id=a]")).to_have_attribute("data-status", "approved")


def comes_too_late(page: Page, api: KeptApi) -> None:
    api.down = False
    page.reload()

    expect(page.get_by_test_id(MESSAGE)).to_contain_text("meanwhile")
    assert api.sent == []
    assert api.get("a")["status"] == "proposed"


def test_an_approval_after_a_correction_survives_reload(page: Page, api: KeptApi):
    seen = api.get("a")["version"]
    correct_and_approve_unheard(page, api)

    api.down = False
    page.reload()

    made(page, api, "words", "decisions")
    assert (api.get("a")["status"], api.get("a")["version"]) == ("approved", seen + 1)


def test_an_approval_without_its_correction_keeps_its_version(page: Page, api: KeptApi):
    correct_and_approve_unheard(page, api)
    api.speak(api.corrected("words", {"edits": [{"index": 2, "was": "Smyth,", "text": "Schmidt,"}]}))

    comes_too_late(page, api)


def test_an_approval_that_lost_its_correction_is_refused(page: Page, api: KeptApi):
    correct_and_approve_unheard(page, api)
    page.evaluate(
        """() => {
            const lanes = JSON.parse(sessionStorage.getItem('clipper.outbox.prj_1'));
            const rest = lanes.filter((lane) => lane.id !== 'the words');
            addEventListener('pagehide', () => sessionStorage.setItem('clipper.outbox.prj_1', JSON.stringify(rest)));
            addEventListener('pagehide', () => localStorage.clear());
        }"""
    )
    api.speak(api.corrected("words", {"edits": [{"index": 2, "was": "Smyth,", "text": "Smith,"}]}))

    comes_too_late(page, api)


def test_whole_transcript_corrections_undo_one_by_one(page: Page, api: KeptApi):
    ACTS["words"].run(page)
    made(page, api, "words")
    once = api.read()
    type_over(9, "Smyth, he", "Enter")(page)
    made(page, api, "words", "words")
    page.reload()
    ready(page)

    page.keyboard.press("z")
    until(page, lambda: api.read() == once)
    page.reload()
    ready(page)
    page.keyboard.press("z")

    until(page, lambda: api.read() == SAID)
    assert [what for what, _, _ in api.sent] == ["words", "words", "restore", "restore"]


def test_undoing_words_after_reload_keeps_others_corrections(page: Page, api: KeptApi):
    ACTS["words"].run(page)
    made(page, api, "words")
    api.speak(api.corrected("replace", {"find": "Today", "replace": "Yesterday"}))
    page.reload()
    ready(page)

    page.keyboard.press("z")

    expect(page.get_by_test_id(MESSAGE)).to_contain_text("Somebody changed these words since.")
    assert "Yesterday Mr van Smith, came." in api.read()


def test_a_join_refused_by_the_other_clip_names_it(page: Page, api: KeptApi):
    api.decided_by_ana("b", "approved")
    page.keyboard.press("g")

    expect(page.get_by_test_id(MESSAGE)).to_contain_text(
        "Ana approved it meanwhile: \u201c<b>Prices</b>\u201d. It was not joined with \u201cThe first hire\u201d."
    )
    page.get_by_test_id("desk-message-action").click()
    expect(page.locator("[data-clip-id=b]")).to_have_attribute("aria-current", "true")
    assert api.sent == []


def test_a_join_refused_by_its_own_clip_names_it(page: Page, api: KeptApi):
    api.decided_by_ana("a", "approved")
    page.keyboard.press("g")

    expect(page.get_by_test_id(MESSAGE)).to_contain_text(
        "Ana approved it meanwhile. What you see of \u201cThe first hire\u201d is the newest version."
    )
    assert api.sent == []


def test_a_join_with_a_removed_clip_offers_it_back(page: Page, api: KeptApi):
    api.gone["b"] = api.stepped(api.get("b"))
    api.clips.remove(api.gone["b"])
    page.keyboard.press("g")

    expect(page.get_by_test_id(MESSAGE)).to_contain_text("Somebody removed this clip: <b>Prices</b>.")
    page.get_by_test_id("desk-message-action").click()
    made(page, api, "restore")


def test_changes_before_a_join_are_sent_first(page: Page, api: KeptApi):
    api.down = True
    page.keyboard.press("ArrowDown")
    page.keyboard.press("]")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("g")
    page.keyboard.press("a")
    expect(page.locator("[data-clip-id=a]")).to_have_attribute("data-status", "approved")

    api.down = False
    page.reload()

    made(page, api, "versions", "merge", "decisions")
    assert api.sent[1][2]["ranges"][1]["start_s"] == api.sent[0][2]["ranges"][0]["start_s"]
    assert [c["status"] for c in api.clips] == ["approved"]


def test_a_refused_change_stops_the_join(page: Page, api: KeptApi):
    api.down = True
    page.keyboard.press("ArrowDown")
    page.keyboard.press("]")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("g")
    page.keyboard.press("a")
    expect(page.locator("[data-clip-id=a]")).to_have_attribute("data-status", "approved")
    api.changed_by_ana("b", 14.9, 24.1)

    api.down = False
    page.reload()

    expect(page.get_by_test_id(MESSAGE)).to_contain_text("meanwhile: \u201c<b>Prices</b>\u201d.")
    until(page, lambda: page.evaluate("sessionStorage.getItem('clipper.outbox.prj_1')") is None)
    assert api.sent == []
    assert [c["status"] for c in api.clips] == ["proposed", "proposed"]
    expect(page.get_by_test_id(MESSAGE)).to_contain_text("It was not joined with \u201cThe first hire\u201d.")
    page.get_by_test_id("desk-message-action").click()
    made(page, api, "decisions")
    assert api.get("a")["status"] == "approved"


CALL = {"kind": "call", "key": "k", "by": "Ben"}
LANES: list[Any] = [
    [{"id": "a", "wishes": [{**CALL, "verb": "split", "args": {"clip": "a", "at_s": "x"}}]}],
    [{"id": "a", "wishes": [{**CALL, "verb": "split", "args": {"clip": "b", "at_s": 7}}]}],
    [{"id": "a", "wishes": [{**CALL, "verb": "part", "args": {"clip": "a", "other": "b", "etag": "", "ranges": []}}]}],
    [{"id": "a", "wishes": [{**CALL, "verb": "constructor", "args": {}}]}],
    [{"id": "a", "wishes": [{**CALL, "verb": "split"}, {**CALL, "verb": "split", "args": None}]}],
    [{"id": "a", "wishes": [{"kind": "hold", "key": "h"}, {"kind": "hold", "key": "i", "after": "nobody"}]}],
    [{"id": "a", "wishes": [{"kind": "hold", "key": "h", "after": "h"}]}],
    [{"id": "a", "wishes": [{"kind": "hold", "key": "h", "after": "k"}, {**CALL, "verb": "split", "args": {}}]}],
    [{"id": "the words", "wishes": [{**CALL, "verb": "words", "args": {"edits": [{"was": 1}]}}]}],
    [{"id": "the words", "wishes": [{**CALL, "verb": "restore words", "args": {"revision": "t1", "since": 5}}]}],
    [{"id": "the words", "wishes": [{**CALL, "verb": "replace", "args": {"find": "a", "replace": "b", "asked": 1}}]}],
    [
        {
            "id": "notes of a",
            "wishes": [{**CALL, "verb": "reply", "args": {"clip": "b", "note": "n", "text": "x", "at": ""}}],
        }
    ],
    [[{"kind": "call", "label": "x", "key": "k", "undo": {"verb": "split", "args": {}}, "redo": {}}], []],
    [[{"kind": "call", "label": "x", "key": "k"}], [{"kind": "call", "undo": None}]],
]


@pytest.mark.parametrize("value", LANES, ids=range(len(LANES)))
def test_what_the_browser_kept_badly_does_no_harm(page: Page, api: KeptApi, value: Any):
    keep = """(json) => {
        addEventListener('pagehide', () => {
            for (const at of ["outbox.prj_1", "undo.prj_1"]) sessionStorage.setItem(`clipper.${at}`, json);
        });
    }"""
    page.evaluate(keep, json.dumps(value))
    page.reload()
    ready(page)

    page.keyboard.press("z")
    expect(page.get_by_test_id(MESSAGE)).to_have_text("There is nothing to undo.")
    page.keyboard.press("a")
    made(page, api, "decisions")
    assert api.get("a")["status"] == "approved"
