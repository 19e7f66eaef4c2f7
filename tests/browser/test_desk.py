"""The review desk in a real browser, against an API of our own making: what a reviewer's hands do, and what is sent."""

from __future__ import annotations

import pytest

from tests.browser.desk_api import Api, Page, at_rest, drag_with_shift, edge, expect, open_clip, saved, told

pytestmark = pytest.mark.browser


def test_playing_a_clip_stops_at_its_out_point(page: Page):
    page.evaluate("video.currentTime = 9.2")
    page.wait_for_function("!video.seeking")

    page.keyboard.press("Space")
    page.wait_for_function("!video.paused")
    page.wait_for_function("video.paused")

    assert page.evaluate("video.currentTime") == pytest.approx(9.75, abs=0.005)


def test_an_outward_drag_snaps_and_saves_one_version(page: Page, api: Api):
    box = at_rest(page, "desk-handle-in")
    x, y = box["x"] + box["width"] / 2, box["y"] + 80
    per_second = (at_rest(page, "desk-handle-out")["x"] - box["x"]) / (9.75 - 4.85)

    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 0.6 * per_second, y, steps=6)
    page.mouse.up()

    told(page, "version")
    assert [(what, name) for what, name, _ in api.sent] == [("versions", "a")]
    start = api.sent[0][2]["ranges"][0]["start_s"]
    assert start == pytest.approx(4.25, abs=0.05)
    assert start == round(start, 3)


def test_edge_steps_visit_silences_as_one_version(page: Page, api: Api):
    for _ in range(2):
        page.keyboard.press("Shift+O")
        page.keyboard.press("]")
    edge(page, "out", "19.75")
    page.keyboard.press("[")
    edge(page, "out", "14.25")

    told(page, "version")
    assert [body["ranges"] for _, _, body in api.sent] == [[{"start_s": 4.85, "end_s": 14.25}]]


def test_an_approval_opens_the_next_clip_and_undoes(page: Page, api: Api):
    page.keyboard.press("a")
    open_clip(page, "b")
    expect(page.get_by_test_id("desk-message")).to_contain_text("Approved: The first hire")

    page.keyboard.press("z")
    open_clip(page, "a")
    expect(page.locator("[data-clip-id=a]")).to_have_attribute("data-status", "proposed")

    saved(page)
    told(page, "decision")
    assert [(name, body["decision"], body["by"]) for _, name, body in api.sent] == [
        ("a", "approved", "Ben"),
        ("a", "withdrawn", "Ben"),
    ]


def test_a_key_held_down_decides_only_one_clip(page: Page, api: Api):
    page.keyboard.down("a")
    page.keyboard.down("a")
    page.keyboard.down("a")
    page.keyboard.up("a")

    open_clip(page, "b")
    told(page, "decision")
    assert [name for _, name, _ in api.sent] == ["a"]


def test_a_number_gives_the_reason_of_a_rejection(page: Page, api: Api):
    page.keyboard.press("x")
    expect(page.get_by_test_id("desk-reject-menu")).to_be_visible()
    page.keyboard.press("3")

    told(page, "decision")
    assert api.sent[0][2]["decision"] == "rejected"
    assert api.sent[0][2]["reason"] == "ends_weak"


def test_a_trim_not_yet_saved_is_saved_before_the_decision_on_it(page: Page, api: Api):
    page.keyboard.press("]")
    page.keyboard.press("a")

    told(page, "decision")
    assert [what for what, _, _ in api.sent] == ["versions", "decisions"]
    assert api.get("a")["status"] == "approved"


def test_somebody_elses_version_is_shown_and_never_overwritten(page: Page, api: Api):
    api.changed_by_ana("a", 9.6, 14.1)

    page.keyboard.press("]")

    expect(page.get_by_test_id("desk-message")).to_contain_text("Ana moved it to 0:09.6 – 0:14.1 meanwhile.")
    edge(page, "in", "9.60")
    assert api.sent == []

    page.get_by_test_id("desk-message-action").click()
    told(page, "version")
    assert api.sent[0][2]["ranges"] == [{"start_s": 9.45, "end_s": 9.75}]


def test_a_decision_on_a_changed_clip_is_refused(page: Page, api: Api):
    api.changed_by_ana("a", 9.6, 14.1)

    page.keyboard.press("a")

    message = page.get_by_test_id("desk-message")
    expect(message).to_contain_text("Ana moved it to 0:09.6 – 0:14.1 meanwhile: “The first hire”. ")
    open_clip(page, "b")  # the next one, as after any decision: the next key is meant for what is seen
    page.get_by_test_id("desk-message-action").click()
    open_clip(page, "a")
    expect(message).to_contain_text("is the newest version.")
    expect(page.get_by_test_id("desk-message-action")).to_contain_text("Approve anyway")
    assert api.sent == []


def test_unsent_changes_are_kept_and_sent_in_order(page: Page, api: Api):
    api.down = True
    page.keyboard.press("]")
    page.keyboard.press("a")
    expect(page.get_by_test_id("desk-message")).to_contain_text("Not saved yet")
    expect(page.locator("[data-clip-id=a]")).to_contain_text("not saved yet")

    api.down = False
    page.get_by_test_id("desk-message-action").click()

    told(page, "decision")
    assert [what for what, _, _ in api.sent] == ["versions", "decisions"]


def test_typing_elsewhere_or_in_a_title_decides_nothing(page: Page, api: Api):
    page.locator("#outside").click()
    page.keyboard.type("axez")
    page.get_by_label("Title of the clip").fill("axe")
    page.keyboard.press("Enter")

    told(page, "version")
    assert [(what, body.get("title")) for what, _, body in api.sent] == [("versions", "axe")]


def test_a_script_run_with_the_same_data_leaves_playing_alone(page: Page):
    page.keyboard.press("Space")
    page.wait_for_function("video.currentTime > 5")

    page.evaluate("run({ project_id: 'prj_1', clip_id: null })")

    before = page.evaluate("video.currentTime")
    page.wait_for_function("(before) => video.currentTime > before + 0.2", arg=before)
    assert page.evaluate("video.paused") is False


def test_another_clip_asked_for_by_the_page_is_opened(page: Page):
    page.evaluate("run({ project_id: 'prj_1', clip_id: 'b' })")

    open_clip(page, "b")
    edge(page, "in", "14.85")


def test_the_open_clip_survives_a_reload(page: Page):
    page.keyboard.press("ArrowDown")
    open_clip(page, "b")

    page.reload()

    open_clip(page, "b")


def test_a_shift_drag_selects_and_makes_a_clip(page: Page, api: Api):
    drag_with_shift(page, 21, 24.3)
    expect(page.get_by_test_id("desk-marked")).to_contain_text("0:20.4 – 0:24.3, 3.9 s")
    assert api.sent == []
    page.keyboard.press("n")

    told(page, "created")
    assert api.sent[0][2]["ranges"] == [{"start_s": 20.35, "end_s": 24.25}]
    open_clip(page, "n")


SWINGS = """() => {
    const canvas = document.getElementById('host').shadowRoot.querySelector('canvas.wave');
    const g = canvas.getContext('2d');
    const { data } = g.getImageData(0, 42, canvas.width, 94);
    const heights = [];
    for (let x = 0; x < canvas.width; x += 1) {
        let sum = 0, count = 0;
        for (let y = 0; y < 94; y += 1) if (data[(y * canvas.width + x) * 4 + 3] > 200) { sum += y; count += 1; }
        if (count && count < 60 && Math.abs(sum / count - 47) > 4) heights.push(Math.sign(sum / count - 47));
    }
    return heights.filter((side, i) => i && side !== heights[i - 1]).length;
}"""


def test_ten_milliseconds_show_single_samples(page: Page, api: Api):
    page.evaluate("video.currentTime = 6")
    page.wait_for_function("!video.seeking")

    with page.expect_response(lambda answer: "/peaks" in answer.url and api.closest_s <= 0.03):
        for _ in range(20):
            page.keyboard.press("+")

    # 300 swings a second cross the middle six times in ten milliseconds.
    page.wait_for_function(f"({SWINGS})() >= 5 && ({SWINGS})() <= 7")


def test_titles_are_shown_as_text(page: Page):
    expect(page.locator("[data-clip-id=b]")).to_contain_text("<b>Prices</b>")


def test_unmounting_the_desk_saves_the_last_trim(page: Page, api: Api):
    page.keyboard.press("]")
    with page.expect_request(lambda request: request.url.endswith("/versions")):
        page.evaluate("cleanup()")

    assert page.evaluate("video.paused") is True
