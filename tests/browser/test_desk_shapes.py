"""Clips of several parts, copied, divided, joined, removed; and all of it taken back."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.browser.desk_api import Page, at_rest, at_start, edge, expect, open_clip, saved, told
from tests.browser.rules_page import Rules
from tests.browser.trim_api import TrimApi
from tests.budget import budget

pytestmark = pytest.mark.browser

MANY = settings(
    max_examples=budget(normal=80, long=200), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
SHORTEST_MS = 300
Span = tuple[int, int]


@pytest.fixture
def api() -> TrimApi:
    return TrimApi()


@st.composite
def clips(draw: st.DrawFn) -> list[Span]:
    """Parts in order and apart, each long enough."""
    at, out = draw(st.integers(0, 20_000)), []
    for gap, long in draw(st.lists(st.tuples(st.integers(1, 5_000), st.integers(300, 9_000)), min_size=1, max_size=5)):
        out.append((at + gap, at + gap + long))
        at += gap + long
    return out


def told_as(spans: list[Span]) -> list[dict[str, float]]:
    return [{"start_s": a / 1000, "end_s": b / 1000} for a, b in spans]


def heard(ranges: list[dict[str, float]]) -> list[Span]:
    return [(round(r["start_s"] * 1000), round(r["end_s"] * 1000)) for r in ranges]


def moments(spans: list[Span]) -> set[int]:
    return {ms for a, b in spans for ms in range(a, b)}


def in_order(spans: list[Span]) -> bool:
    flat = [ms for span in spans for ms in span]
    return flat == sorted(flat) and all(a < b for a, b in spans)


@MANY
@given(clips(), st.integers(0, 50_000), st.integers(1, 20_000))
def test_cutting_out_keeps_the_rest_without_scraps(rules: Rules, clip: list[Span], start: int, length: int):
    rest = heard(rules.without(told_as(clip), {"start_s": start / 1000, "end_s": (start + length) / 1000}))

    assert in_order(rest)
    kept, wanted = moments(rest), moments(clip) - set(range(start, start + length))
    assert kept <= wanted
    assert all(b - a >= SHORTEST_MS for a, b in rest)
    lost = wanted - kept
    assert not any(set(range(ms, ms + SHORTEST_MS)) <= lost for ms in lost)


@MANY
@given(clips(), st.data())
def test_what_is_put_back_after_a_part_is_whole_again(rules: Rules, clip: list[Span], data: st.DataObject):
    assume(len(clip) > 1)
    part = data.draw(st.integers(0, len(clip) - 2))

    whole = heard(rules.putBack(told_as(clip), part))

    assert whole == [*clip[:part], (clip[part][0], clip[part + 1][1]), *clip[part + 2 :]]


@MANY
@given(clips(), clips())
def test_two_clips_joined_hold_both_and_the_short_gap_between(rules: Rules, one: list[Span], other: list[Span]):
    joined = heard(rules.joinedRanges(told_as(one), told_as(other)))

    first, second = sorted((one, other))
    end, start = first[-1][1], second[0][0]
    between = [(end, start)] if end < start <= end + 1_500 else []
    assert in_order(joined)
    assert moments(joined) == moments([*one, *other, *between])


@MANY
@given(clips(), st.integers(-5_000, 90_000), st.sampled_from(["in", "out"]), st.data())
def test_moving_an_edge_never_crosses_another(rules: Rules, clip: list[Span], at: int, side: str, data: st.DataObject):
    part = data.draw(st.integers(0, len(clip) - 1))

    moved = heard(rules.withEdge(told_as(clip), side, at / 1000, 90, part))

    flat, was = [ms for span in moved for ms in span], [ms for span in clip for ms in span]
    number = 2 * part + (side == "out")
    assert in_order(moved)
    assert [ms for i, ms in enumerate(flat) if i != number] == [ms for i, ms in enumerate(was) if i != number]
    low = flat[number - 1] if number else 0
    if side == "out":
        low += SHORTEST_MS
    high = flat[number + 1] if number + 1 < len(flat) else 90_000
    if side == "in":
        high -= SHORTEST_MS
    assert flat[number] == min(max(at, low), high)


def reopened(page: Page) -> None:
    page.reload()
    at_start(page)


def test_a_clip_splits_at_the_silence_and_rejoins(page: Page, api: TrimApi):
    api.cut(api.get("a"), [{"start_s": 4.85, "end_s": 19.75}])
    reopened(page)
    edge(page, "out", "19.75")
    page.evaluate("video.currentTime = 10.6")
    page.wait_for_function("!video.seeking && Math.abs(video.currentTime - 10.6) < 0.01")
    page.keyboard.press("s")

    expect(page.get_by_test_id("desk-message")).to_contain_text("Split at 0:10.4: The first hire, part 2 is a clip")
    edge(page, "out", "10.35")
    expect(page.get_by_test_id("desk-clip").nth(1)).to_contain_text("part 2")
    assert api.sent[-1] == ("split", "a", {"at_s": 10.35, "by": "Ben"})

    page.keyboard.press("z")
    edge(page, "out", "19.75")
    expect(page.get_by_test_id("desk-clip")).to_have_count(2)
    page.keyboard.press("Shift+Z")
    expect(page.get_by_test_id("desk-clip")).to_have_count(3)
    edge(page, "out", "10.35")


def test_a_split_shorter_than_a_second_is_refused(page: Page, api: TrimApi):
    page.evaluate("video.currentTime = 5.2")
    page.wait_for_function("!video.seeking && Math.abs(video.currentTime - 5.2) < 0.01")
    page.keyboard.press("s")

    expect(page.get_by_test_id("desk-message")).to_contain_text("each part of a clip lasts at least a second")
    assert api.sent == []


def test_a_join_keeps_the_gap_cut_and_undoes(page: Page, api: TrimApi):
    page.keyboard.press("g")

    expect(page.get_by_test_id("desk-message")).to_contain_text("Joined with <b>Prices</b>, 9.8 s now.")
    expect(page.get_by_test_id("desk-clip")).to_have_count(1)
    edge(page, "out", "19.75")
    assert api.get("a")["ranges"] == [{"start_s": 4.85, "end_s": 9.75}, {"start_s": 14.85, "end_s": 19.75}]
    expect(page.get_by_test_id("desk-cut-out-1")).to_contain_text("Put back")

    page.keyboard.press("z")
    expect(page.get_by_test_id("desk-clip")).to_have_count(2)
    edge(page, "out", "9.75")
    saved(page)
    assert api.get("b")["ranges"] == [{"start_s": 14.85, "end_s": 19.75}]


def test_the_last_clip_has_none_to_be_joined_with(page: Page, api: TrimApi):
    page.keyboard.press("ArrowDown")
    open_clip(page, "b")
    page.keyboard.press("g")

    expect(page.get_by_test_id("desk-message")).to_have_text("There is no clip after this one to join it with.")
    expect(page.get_by_role("button", name="Join with next")).to_be_disabled()
    assert api.sent == []


def test_a_copy_of_a_clip_is_a_clip_of_its_own(page: Page, api: TrimApi):
    page.keyboard.press("d")

    told(page, "created")
    expect(page.get_by_test_id("desk-clip")).to_have_count(3)
    assert api.sent[0][2]["ranges"] == [{"start_s": 4.85, "end_s": 9.75}]
    assert api.sent[0][2]["title"] == "The first hire"


def test_a_removed_clip_returns_by_undo(page: Page, api: TrimApi):
    page.keyboard.press("Delete")
    open_clip(page, "b")
    expect(page.get_by_test_id("desk-clip")).to_have_count(1)
    expect(page.get_by_test_id("desk-message")).to_contain_text("Removed: The first hire.")

    page.get_by_test_id("desk-message-action").click()
    expect(page.get_by_test_id("desk-clip")).to_have_count(2)
    saved(page)
    assert [what for what, _, _ in api.sent] == ["removed", "restore"]


def cut_out(page: Page, api: TrimApi) -> None:
    api.cut(api.get("a"), [{"start_s": 4.85, "end_s": 9.75}, {"start_s": 14.85, "end_s": 19.75}])
    reopened(page)
    edge(page, "out", "19.75")


def test_keys_move_and_certify_inner_edges(page: Page, api: TrimApi):
    cut_out(page, api)
    inner = page.get_by_test_id("desk-handle-in-2")
    inner.focus()
    page.keyboard.press("[")

    expect(inner).to_have_attribute("aria-valuenow", "10.35")
    expect(page.get_by_test_id("desk-cut-in-2")).to_contain_text("● clean")
    told(page, "version")
    assert api.get("a")["ranges"] == [{"start_s": 4.85, "end_s": 9.75}, {"start_s": 10.35, "end_s": 19.75}]


def test_a_dragged_inner_edge_stays_after_its_neighbour(page: Page, api: TrimApi):
    cut_out(page, api)
    box, first = at_rest(page, "desk-handle-in-2"), at_rest(page, "desk-handle-in")
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 80)
    page.mouse.down()
    page.mouse.move(first["x"], box["y"] + 80, steps=6)
    page.mouse.up()

    told(page, "version")
    assert api.get("a")["ranges"] == [{"start_s": 4.85, "end_s": 9.75}, {"start_s": 9.75, "end_s": 19.75}]


def test_a_cut_is_put_back_from_its_row(page: Page, api: TrimApi):
    cut_out(page, api)
    expect(page.locator("[data-word].cut")).to_have_count(7)

    page.get_by_test_id("desk-cut-out-1").get_by_role("button", name="Put back").click()

    expect(page.get_by_test_id("desk-cut-out-1")).to_have_count(0)
    expect(page.locator("[data-word].cut")).to_have_count(0)
    told(page, "version")
    assert api.get("a")["ranges"] == [{"start_s": 4.85, "end_s": 19.75}]
