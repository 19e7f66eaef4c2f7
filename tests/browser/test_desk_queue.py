"""The queue of work on the desk in a real browser: what is listed, picked, decided on together, and said at the end."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.desk_api import Api, Page, expect, open_clip, saved

pytestmark = pytest.mark.browser

ROOT = "document.getElementById('host').shadowRoot"
NOTE = {"id": "n", "at_s": 5.0, "text": "Check the name", "by": "Ana", "at": "2026-11-22T09:00:00Z", "replies": []}


NEXT_OPEN = f"""() => new Promise((done) => {{
    const root = {ROOT};
    const open = () => root.querySelector('[aria-current=true]').dataset.clipId;
    const before = open();
    const since = performance.now();
    const look = () => (open() === before ? requestAnimationFrame(look) : done(performance.now() - since));
    const press = new KeyboardEvent('keydown', {{ key: 'a', bubbles: true, composed: true }});
    root.querySelector('.desk').dispatchEvent(press);
    requestAnimationFrame(look);
}})"""  # how long from the key to the next clip's frame, in milliseconds


class QueueApi(Api):
    """Six clips: four proposed, one approved by Ana, one rejected by Ben; ``working`` while more are proposed."""

    def __init__(self, more: int = 0) -> None:
        super().__init__()
        self.working = False
        names = ["a", "b", "c", "d", "e", "f", *(f"m{i}" for i in range(more))]
        self.clips = [self.clip(name, f"Clip {name}", 4.85, 9.75) for name in names]
        for rank, clip in enumerate(self.clips, 1):
            clip["rank"] = rank
        self.decided_by_ana("b", "approved")
        self.decide(self.get("e"), {"decision": "rejected", "reason": "ends_weak", "note": None, "by": "Ben"})
        self.get("c").update(words_changed=True, notes=[{**NOTE, "resolved_by": None, "resolved_at": None}])
        self.get("d").update(notes=[{**NOTE, "resolved_by": "Ben", "resolved_at": "2026-11-22T10:00:00Z"}])
        self.get("f").update(origin="manual", rank=None, title="The sponsor")

    def project(self) -> dict[str, Any]:
        return {**super().project(), **({"state": "running", "progress": 0.4} if self.working else {})}

    def settle(self, *proposed: str) -> None:
        """All are approved by Ana but these."""
        for clip in self.clips:
            if clip["status"] == "proposed" and clip["id"] not in proposed:
                self.decided_by_ana(clip["id"], "approved")

    def decisions(self) -> list[tuple[str, str]]:
        return [(name, body["decision"]) for what, name, body in self.sent if what == "decisions"]


@pytest.fixture
def api(request: pytest.FixtureRequest) -> QueueApi:
    api = QueueApi(more=getattr(request, "param", {}).get("more", 0))
    if "proposed" in getattr(request, "param", {}):
        api.settle(*request.param["proposed"])
    return api


def queue(**how: Any) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("api", [how], indirect=True)


def listed(page: Page, *names: str) -> None:
    rows = page.get_by_test_id("desk-clip")
    expect(rows).to_have_count(len(names))
    assert [row.get_attribute("data-clip-id") for row in rows.all()] == list(names)


def picked(page: Page, *names: str) -> None:
    expect(page.locator("[data-testid=desk-clip][aria-selected=true]")).to_have_count(len(names))
    for name in names:
        expect(page.locator(f"[data-clip-id={name}]")).to_have_attribute("aria-selected", "true")


def status(page: Page, name: str, is_: str) -> None:
    expect(page.locator(f"[data-clip-id={name}]")).to_have_attribute("data-status", is_)


def chip(page: Page, name: str) -> Any:
    return page.get_by_test_id("desk-filters").locator(f".chip[data-status={name}]")


def message(page: Page, text: str) -> None:
    expect(page.get_by_test_id("desk-message")).to_have_text(text)


def read_again(page: Page, api: Api) -> None:
    api.revision = f"{api.revision}+"
    page.evaluate("window.dispatchEvent(new Event('online'))")


# --- filters


def test_state_filters_limit_list_and_arrows(page: Page):
    chip(page, "proposed").click()
    listed(page, "a", "c", "d", "f")
    page.keyboard.press("ArrowDown")
    open_clip(page, "c")

    chip(page, "approved").click()
    listed(page, "a", "b", "c", "d", "f")
    page.keyboard.press("ArrowUp")
    open_clip(page, "b")


def test_every_state_says_how_many_clips_are_in_it(page: Page):
    names = [chip(page, s).get_attribute("aria-label") for s in ("proposed", "approved", "rejected")]

    assert names == ["Proposed, 4", "Approved, 1", "Rejected, 1"]


@pytest.mark.parametrize(
    ("field", "wanted", "names"),
    [
        ("Rank", "Top 3", ["a", "b", "c"]),
        ("Rank", "Made by hand", ["f"]),
        ("Rejected for", "Ends weakly", ["e"]),
        ("Decided by", "Ana", ["b"]),
        ("Decided by", "Ben", ["e"]),
    ],
)
def test_rank_reason_and_reviewer_narrow_the_list(page: Page, field: str, wanted: str, names: list[str]):
    page.keyboard.press("q")
    page.get_by_label(field).select_option(label=wanted)

    listed(page, *names)


@pytest.mark.parametrize("fact", ["Words changed", "Open notes"])
def test_changed_words_and_open_notes_narrow_the_list(page: Page, fact: str):
    page.keyboard.press("q")
    page.get_by_role("button", name=fact).click()

    listed(page, "c")


def test_the_keyboard_alone_searches_titles_and_notes(page: Page, api: QueueApi):
    page.keyboard.press("q")
    page.keyboard.type("SPONSOR")
    listed(page, "f")

    page.keyboard.press("Enter")
    expect(page.get_by_test_id("desk-filter-panel")).to_be_hidden()
    page.keyboard.press("ArrowDown")
    open_clip(page, "f")
    assert api.sent == []


def test_filters_survive_reload_and_clear_one_by_one(page: Page):
    page.keyboard.press("q")
    page.get_by_label("Rank").select_option(label="Top 5")
    page.keyboard.press("Escape")
    chip(page, "proposed").click()
    listed(page, "a", "c", "d")

    page.reload()
    listed(page, "a", "c", "d")
    page.get_by_role("button", name="Take off the filter: Top 5").click()
    listed(page, "a", "c", "d", "f")
    page.get_by_role("button", name="Clear all filters").click()
    listed(page, "a", "b", "c", "d", "e", "f")


def test_an_empty_list_says_why_and_offers_all_clips(page: Page):
    chip(page, "changes_requested").click()
    expect(page.get_by_text("No clip passes these filters.")).to_be_visible()

    page.get_by_role("button", name="Clear filters", exact=True).click()

    listed(page, "a", "b", "c", "d", "e", "f")


def test_a_decided_clip_leaves_the_undecided_list(page: Page):
    chip(page, "proposed").click()

    page.keyboard.press("a")

    open_clip(page, "c")
    listed(page, "c", "d", "f")


def test_the_open_clip_stays_listed_when_decided(page: Page, api: QueueApi):
    chip(page, "proposed").click()
    listed(page, "a", "c", "d", "f")

    api.decided_by_ana("a", "approved")
    read_again(page, api)
    status(page, "a", "approved")
    listed(page, "a", "c", "d", "f")

    page.keyboard.press("ArrowDown")
    open_clip(page, "c")
    listed(page, "c", "d", "f")


def test_undecided_clips_outside_the_filter_are_counted(page: Page):
    page.keyboard.press("q")
    page.get_by_label("Rank").select_option(label="Top 3")
    page.keyboard.press("Escape")

    page.keyboard.press("a")
    open_clip(page, "c")
    page.keyboard.press("a")

    message(page, "\u2713 Approved: Clip c. 2 more outside this filter.")
    page.keyboard.press("u")
    page.get_by_test_id("desk-message-action").click()
    open_clip(page, "d")
    listed(page, "a", "b", "c", "d", "e", "f")


@queue(more=200)
def test_the_next_of_two_hundred_opens_promptly(page: Page):
    took = [page.evaluate(NEXT_OPEN) for _ in range(5)]

    assert sorted(took)[2] < 300


# --- several at once


def test_one_z_undoes_a_batch_approval(page: Page, api: QueueApi):
    page.keyboard.press("v")
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Shift+ArrowDown")
    picked(page, "a", "b", "c")

    page.keyboard.press("a")

    message(page, "\u2713 2 clips approved. 1 was approved already.")
    picked(page)
    open_clip(page, "d")
    page.keyboard.press("z")
    status(page, "a", "proposed")
    status(page, "c", "proposed")
    status(page, "b", "approved")
    saved(page)
    expect(page.get_by_test_id("desk-saved")).to_have_text("")
    page.wait_for_function("told.filter(([name, v]) => name === 'changed' && v.kind === 'decision').length === 4")
    assert api.decisions()[:2] == [("a", "approved"), ("c", "approved")]
    assert sorted(api.decisions()[2:]) == [("a", "withdrawn"), ("c", "withdrawn")]


def test_reversing_a_pick_unpicks_the_passed_clips(page: Page):
    for _ in range(3):
        page.keyboard.press("Shift+ArrowDown")
    picked(page, "a", "b", "c", "d")

    page.keyboard.press("Shift+ArrowUp")

    picked(page, "a", "b", "c")


def test_the_mouse_picks_without_opening(page: Page):
    page.locator("[data-clip-id=b]").click(modifiers=["ControlOrMeta"])
    page.locator("[data-clip-id=d]").click(modifiers=["Shift"])
    picked(page, "b", "c", "d")

    page.locator("[data-clip-id=c] .pick").click()

    picked(page, "b", "d")
    open_clip(page, "a")


def test_picking_the_first_clip_moves_no_row(page: Page):
    row = page.locator("[data-clip-id=b]")
    before = row.bounding_box()

    row.click(modifiers=["ControlOrMeta"])

    expect(page.get_by_test_id("desk-picked")).to_be_visible()
    after = row.bounding_box()
    assert before is not None and after is not None
    assert after["y"] == pytest.approx(before["y"], abs=1)


def test_shift_v_picks_all_listed_and_escape_none(page: Page):
    chip(page, "proposed").click()
    page.keyboard.press("Shift+V")
    picked(page, "a", "c", "d", "f")
    expect(page.get_by_test_id("desk-picked")).to_contain_text("4 picked")

    page.keyboard.press("Escape")

    picked(page)
    expect(page.get_by_test_id("desk-picked")).to_be_hidden()


def test_what_a_filter_hides_is_not_decided_on(page: Page, api: QueueApi):
    page.keyboard.press("Shift+V")
    page.keyboard.press("q")
    page.get_by_label("Rank").select_option(label="Top 3")
    picked(page, "a", "b", "c")
    page.keyboard.press("Escape")

    page.keyboard.press("a")

    message(page, "\u2713 2 clips approved. 1 was approved already. 2 more outside this filter.")
    page.wait_for_function("told.filter(([name]) => name === 'changed').length === 2")
    assert sorted(api.decisions()) == [("a", "approved"), ("c", "approved")]


def test_several_are_rejected_with_one_reason(page: Page, api: QueueApi):
    page.locator("[data-clip-id=c]").click(modifiers=["ControlOrMeta"])
    page.locator("[data-clip-id=d]").click(modifiers=["ControlOrMeta"])
    page.get_by_test_id("desk-picked").get_by_role("button", name="Reject").click()
    expect(page.get_by_test_id("desk-reject-menu")).to_contain_text("2 picked clips")

    page.keyboard.press("5")

    message(page, "\u2715 2 clips rejected: off topic.")
    page.wait_for_function("told.filter(([name]) => name === 'changed').length === 2")
    assert {(name, body["reason"]) for _, name, body in api.sent} == {("c", "off_topic"), ("d", "off_topic")}
    open_clip(page, "a")


def test_a_batch_skips_and_names_a_changed_clip(page: Page, api: QueueApi):
    page.locator("[data-clip-id=c]").click(modifiers=["ControlOrMeta"])
    page.locator("[data-clip-id=d]").click(modifiers=["ControlOrMeta"])
    api.changed_by_ana("d", 9.6, 14.1)

    page.keyboard.press("a")

    expect(page.get_by_test_id("desk-message")).to_contain_text("not decided: Clip d (Ana)")
    status(page, "c", "approved")
    status(page, "d", "proposed")


def test_open_and_picked_clips_are_announced(page: Page):
    page.keyboard.press("ArrowDown")
    page.keyboard.press("v")
    open_clip(page, "b")

    clips = page.get_by_role("listbox", name="Clips")
    expect(clips).to_have_attribute("aria-multiselectable", "true")
    expect(clips).to_have_attribute("aria-activedescendant", "clip-b")
    picked(page, "b")
    expect(page.get_by_role("option", name="2 Clip b 0:05 4.9 s approved")).to_be_visible()


# --- rows


def test_a_row_shows_changed_words_and_open_notes(page: Page):
    expect(page.locator("[data-clip-id=c]")).to_contain_text("words changed \u00b7 1 note")
    expect(page.locator("[data-clip-id=d]")).not_to_contain_text("note")
    expect(page.locator("[data-clip-id=f]")).to_contain_text("made by hand")


def test_hostile_titles_stay_text_inside_their_row(page: Page, api: QueueApi):
    api.get("c")["title"] = "<img src=x onerror=alert(1)>" + "W" * 10_000
    api.get("d")["title"] = "\u202eevil \u05e9\u05dc\u05d5\u05dd"
    read_again(page, api)

    expect(page.locator("[data-clip-id=c]")).to_contain_text("<img src=x onerror=alert(1)>WWW")
    assert page.locator("[data-testid=desk-clip] img").count() == 0
    assert page.evaluate(f"{ROOT}.querySelector('.list').scrollWidth <= {ROOT}.querySelector('.list').clientWidth")


# --- how far the review is


def test_review_progress_is_shown_in_numbers_and_words(page: Page):
    tally = page.get_by_test_id("desk-tally")

    expect(tally).to_have_text("2 of 6 decided (1 approved, 1 rejected, 4 to decide)")
    assert page.locator(".dots i").count() == 6


@queue(more=40)
def test_many_clips_are_a_bar_in_proportion(page: Page):
    widths = page.evaluate(f"[...{ROOT}.querySelectorAll('.dots i')].map((i) => i.style.flexGrow)")

    assert widths == ["1", "1", "44"]


@queue(proposed=["a"])
def test_all_decided_waits_for_the_last_proposals(page: Page, api: QueueApi):
    api.working = True
    read_again(page, api)
    expect(page.locator(".work")).to_be_visible()

    page.keyboard.press("a")
    message(page, "\u2713 Approved: Clip a. All 6 decided so far; more are being proposed.")
    expect(page.locator(".tally-text")).to_have_text("All 6 decided so far; more are being proposed")
    expect(page.get_by_test_id("desk-summary")).to_be_hidden()

    api.working = False
    read_again(page, api)
    expect(page.locator(".tally-text")).to_have_text("All 6 decided")
    expect(page.get_by_test_id("desk-summary")).to_be_visible()


@queue(proposed=["a"])
def test_the_end_summarises_and_names_the_next_step(page: Page, api: QueueApi):
    for name in ("b", "c"):
        render = {"id": name, "state": "succeeded" if name == "b" else "running", "progress": 0.4, "url": "/f"}
        api.get(name)["render"] = render
    read_again(page, api)
    expect(page.locator("[data-clip-id=c]")).to_contain_text("rendering 40")

    page.keyboard.press("e")
    page.keyboard.press("Enter")

    summary = page.get_by_test_id("desk-summary")
    for text in (
        "Review done",
        "4 approved",
        "20 s",
        "1 to change",
        "1 rejected",
        "1 ends weakly",
        "1 of 4 files ready",
    ):
        expect(summary).to_contain_text(text)
    expect(summary.get_by_role("link", name="Go to exports")).to_have_attribute("href", "exports?project=prj_1")
    summary.get_by_role("button", name="Look at the one to change").click()
    listed(page, "a")


@queue(proposed=["a"])
def test_a_dismissed_summary_returns_only_on_change(page: Page):
    page.keyboard.press("a")
    summary = page.get_by_test_id("desk-summary")
    page.get_by_role("button", name="Close the summary").click()
    expect(summary).to_be_hidden()

    saved(page)
    page.reload()
    expect(page.locator(".tally-text")).to_have_text("All 6 decided")
    expect(summary).to_be_hidden()
    page.keyboard.press("x")
    page.keyboard.press("x")

    expect(summary).to_contain_text("2 rejected")
