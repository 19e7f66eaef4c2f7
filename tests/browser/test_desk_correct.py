"""Words put right on the desk: in place or everywhere, seen at once, taken back, and never over somebody else's."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

from clipper_core.domain.corrections import Replacement, replace_everywhere
from clipper_core.domain.documents import transcript_json
from clipper_core.domain.transcript import Transcript, Word, sentences_of
from pages.components import desk as component
from tests.browser.desk_api import Api, Page, expect, open_clip, open_desk, saved, told

pytestmark = pytest.mark.browser

SAID = "Today Mr Smyth, came. Then Smyth's wife said: Smyth is late. We waited for him and he came at ten to nine."


@pytest.fixture
def page(browser: Any, api: Api) -> Iterator[Page]:
    """The desk on a recording with words."""
    api.say(SAID)
    with open_desk(browser, api) as page:
        expect(page.locator("[data-word='2']")).to_have_text("Smyth,")
        yield page


def begin(page: Page, word: int) -> Any:
    page.locator(f"[data-word='{word}']").dblclick()
    editor = page.get_by_test_id("desk-correct")
    expect(editor).to_be_visible()
    return editor


def reads(page: Page, *words: str) -> None:
    expect(page.locator(".words-text [data-word]").first).to_be_visible()
    page.wait_for_function(
        """(wanted) => {
            const root = document.getElementById('host').shadowRoot;
            const said = [...root.querySelectorAll('.words-text [data-word]')].map((w) => w.textContent).join(' ');
            return wanted.every((w) => said.includes(w));
        }""",
        arg=list(words),
    )


def test_c_corrects_the_word_being_heard_and_keeps_its_time(page: Page, api: Api):
    page.locator("[data-word='2']").click()
    page.keyboard.press("c")
    expect(page.get_by_label("What was said")).to_have_value("Smyth,")

    page.keyboard.type("Smith,")
    with page.expect_response("**/transcript/words"):
        page.keyboard.press("Enter")

    reads(page, "Mr Smith, came.")
    assert [(e["index"], e["was"], e["text"]) for e in api.sent[0][2]["edits"]] == [(2, "Smyth,", "Smith,")]
    assert api.sent[0][2]["by"] == "Ben"
    assert api.transcript.words[2].start_ms == 6000
    expect(page.get_by_test_id("desk-correct")).to_be_hidden()


def test_a_correction_shows_at_once_in_place(page: Page, api: Api):
    before = page.locator("[data-word='8']").bounding_box()
    api.down = True

    begin(page, 8)
    page.keyboard.type("Smith")
    page.keyboard.press("Enter")

    expect(page.locator("[data-word='8']")).to_have_text("Smith")
    after = page.locator("[data-word='8']").bounding_box()
    assert (after["x"], after["y"]) == (before["x"], before["y"])
    expect(page.get_by_test_id("desk-message")).to_contain_text("Not saved yet")
    assert "Smyth is late" in api.read()

    api.down = False
    with page.expect_response("**/transcript/words"):
        page.get_by_test_id("desk-message-action").click()
    assert "Smith is late" in api.read()


def test_escape_returns_the_keys_to_the_desk(page: Page, api: Api):
    begin(page, 2)
    page.keyboard.type("axe")
    page.keyboard.press("Escape")

    expect(page.get_by_test_id("desk-correct")).to_be_hidden()
    page.keyboard.press("ArrowDown")
    open_clip(page, "b")
    assert api.sent == []


def test_a_name_is_replaced_everywhere_with_its_punctuation(page: Page, api: Api):
    editor = begin(page, 2)
    expect(editor.get_by_role("button", name="Replace everywhere (3 places)")).to_be_visible()

    page.keyboard.type("van Smith,")
    with page.expect_response("**/transcript/replace"):
        page.keyboard.press("Shift+Enter")

    reads(page, "Mr van Smith, came.", "van Smith's wife", "van Smith is late.")
    assert "Mr van Smith, came. Then van Smith's wife said: van Smith is late." in api.read()
    assert {k: v for k, v in api.sent[0][2].items() if k != "by"} == {"find": "Smyth", "replace": "van Smith"}


@pytest.mark.parametrize("new", ["Smith,", "van Smith,"])
def test_z_undoes_a_replacement_and_shift_z_redoes(page: Page, api: Api, new: str):
    begin(page, 2)
    page.keyboard.type(new)
    with page.expect_response("**/transcript/replace"):
        page.keyboard.press("Shift+Enter")

    with page.expect_response(lambda a: a.url.endswith(("/words", "/restore"))):
        page.keyboard.press("z")
    reads(page, SAID)
    assert api.read() == SAID

    with page.expect_response("**/transcript/replace"):
        page.keyboard.press("Shift+Z")
    assert new.rstrip(",") in api.read()


def test_somebody_elses_corrections_and_mine_are_both_kept(page: Page, api: Api):
    api.speak(api.corrected("replace", {"find": "Today", "replace": "So yesterday"}))  # every word has another number

    begin(page, 8)
    page.keyboard.type("Smith")
    with page.expect_response(lambda a: a.url.endswith("/words") and a.status == 201):
        page.keyboard.press("Enter")

    reads(page, "So yesterday", "Smith is late.")
    assert "So yesterday Mr Smyth, came. Then Smyth's wife said: Smith is late." in api.read()


def test_a_word_corrected_by_another_first_stays_theirs(page: Page, api: Api):
    api.speak(api.corrected("words", {"edits": [{"index": 8, "was": "Smyth", "text": "Schmidt"}]}))

    begin(page, 8)
    page.keyboard.type("Smith")
    page.keyboard.press("Enter")

    expect(page.get_by_test_id("desk-message")).to_contain_text("Ana corrected the words")
    reads(page, "Schmidt is late.")
    assert "Schmidt is late." in api.read()


def test_a_correction_with_a_lost_answer_is_stored_once(page: Page, api: Api):
    api.swallowing = 1
    begin(page, 8)
    page.keyboard.type("Smyth Smyth")
    page.keyboard.press("Shift+Enter")
    expect(page.get_by_test_id("desk-message")).to_contain_text("Not saved yet")

    with page.expect_response("**/transcript/replace"):
        page.get_by_test_id("desk-message-action").click()

    reads(page, "Mr Smyth Smyth, came. Then Smyth Smyth's wife")
    assert [what for what, _, _ in api.sent] == ["replace"]
    assert "Mr Smyth Smyth, came." in api.read()


def test_a_decision_after_a_correction_uses_its_version(page: Page, api: Api):
    begin(page, 2)
    page.keyboard.type("Smith,")
    page.keyboard.press("Enter")
    page.keyboard.press("a")

    open_clip(page, "b")
    told(page, "decision")
    assert [what for what, _, _ in api.sent] == ["words", "decisions"]
    assert (api.get("a")["status"], api.get("a")["version"]) == ("approved", 2)


def test_a_decided_clip_takes_new_words_on_request(page: Page, api: Api):
    page.keyboard.press("a")
    told(page, "decision")
    page.keyboard.press("ArrowUp")
    open_clip(page, "a")

    begin(page, 2)
    page.keyboard.type("Smith,")
    page.keyboard.press("Enter")

    line = page.get_by_test_id("desk-words-changed")
    expect(line).to_contain_text("The words changed after this decision.")
    expect(page.locator("[data-clip-id=a]")).to_contain_text("words changed")
    line.get_by_role("button", name="Take the new words").click()
    expect(line).to_be_hidden()
    saved(page)
    assert (api.sent[-1][0], api.sent[-1][2]["take_words"]) == ("versions", True)


def test_hostile_words_are_shown_as_text(page: Page, api: Api):
    begin(page, 8)
    page.keyboard.insert_text("<img/src=x>\u202e")
    with page.expect_response("**/transcript/words"):
        page.keyboard.press("Enter")

    expect(page.locator("[data-word='8']")).to_have_text("<img/src=x>")
    assert page.locator(".words-text img").count() == 0


def test_the_optimistic_view_equals_the_stored_one(browser: Any):
    page = browser.new_page()
    rules = component.joined(component.HERE, ("rules/rules.js", "rules/correction_rules.js"))
    page.add_script_tag(content=f"{rules}; window.wording = {{ replacements, changedWords, wordsOf }};", type="module")
    page.wait_for_function("window.wording")
    draw = random.Random(7)
    vocabulary = ["Ann", "Ann,", "ann", "Ann's", "“Ann", "Lee", "Lee.", "Lee’s!", "C#", "C", "(C)", "cafe\u0301", "x…"]
    for _ in range(60):
        text = [draw.choice(vocabulary) for _ in range(draw.randint(1, 30))]
        words = tuple(Word(t, 500 * i, 500 * i + 400) for i, t in enumerate(text))
        spoken = Transcript("x", "en", words, sentences_of(words))
        find = draw.choice(["Ann", "Lee", "Ann Lee", "C", "caf\u00e9", "x", "Ann ann"])
        new = draw.choice(["Bo", "Bo Lee", "a b c", "  d\u202e\u0007 e "])

        shown = page.evaluate(
            """([spoken, find, text]) =>
                wording.changedWords(spoken, wording.replacements(spoken, find, text))""",
            [transcript_json(spoken), find, new],
        )

        stored = transcript_json(replace_everywhere(spoken, Replacement(find, new))[0])
        assert [w["text"] for w in shown["words"]] == [w["text"] for w in stored["words"]]
        assert shown["sentences"] == stored["sentences"]
        for here, there in zip(shown["words"], stored["words"], strict=True):
            assert (here["start_s"], here["end_s"]) == pytest.approx((there["start_s"], there["end_s"]), abs=0.0011)
    page.close()
