"""Edges under the hand: where they come to rest, how good they are there, and where else they could be."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clipper_core.domain.cut import Side
from clipper_core.domain.documents import cut_json, silence_json, transcript_json
from clipper_core.domain.silence import Silence, SilenceMap
from clipper_core.domain.transcript import Transcript, Word, sentences_of
from clipper_core.stages.cuts.snap import certify, cut_points
from tests.browser.desk_api import Page, at_rest, edge, expect, told
from tests.browser.rules_page import Rules
from tests.browser.trim_api import TrimApi
from tests.budget import budget

pytestmark = pytest.mark.browser

MINUTE = 60_000
MANY = settings(
    max_examples=budget(normal=100, long=250),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
SIDES = st.sampled_from([Side.IN, Side.OUT])


@pytest.fixture
def api() -> TrimApi:
    """The first clip is long enough to hold silences."""
    api = TrimApi()
    api.cut(api.get("a"), [{"start_s": 4.85, "end_s": 19.75}])
    return api


@st.composite
def maps(draw: st.DrawFn) -> SilenceMap:
    marks = draw(st.lists(st.integers(0, MINUTE), unique=True, max_size=16).map(sorted))
    pairs = zip(marks[::2], marks[1::2], strict=False)
    level = st.integers(-1_000, -200).map(lambda tenths: tenths / 10)
    return SilenceMap(MINUTE, tuple(Silence(a, b, draw(level)) for a, b in pairs))


@st.composite
def transcripts(draw: st.DrawFn) -> Transcript | None:
    if draw(st.integers(0, 4)) == 0:
        return None
    starts = draw(st.lists(st.integers(0, MINUTE - 900), max_size=25).map(sorted))
    text = st.sampled_from(["so", "then.", "Yes?", "maybe"])
    words = tuple(Word(draw(text), a, a + draw(st.integers(0, 900)), draw(st.integers(0, 9)) > 0) for a in starts)
    sentences = sentences_of(words) if draw(st.booleans()) else ()
    return Transcript("test", "en", words, sentences, draft=draw(st.integers(0, 9)) == 0)


def places(draw_from: SilenceMap, transcript: Transcript | None) -> st.SearchStrategy[int]:
    """Moments anywhere, and those where rules change: at and beside the edges of silences and words."""
    edges = [t for s in draw_from.silences for t in (s.start_ms, s.end_ms, *cut_points(s))]
    edges += [t for w in (transcript.words if transcript else ()) for t in (w.start_ms, w.end_ms)]
    beside = [t + d for t in edges for d in (-30, -1, 0, 1, 30) if 0 <= t + d <= MINUTE]
    anywhere = st.integers(0, MINUTE) | st.sampled_from([0, 19, 20, 21, MINUTE - 20, MINUTE])
    return anywhere | st.sampled_from(beside) if beside else anywhere


@MANY
@given(st.data(), maps(), SIDES, st.integers(0, 400), st.integers(0, 3_000))
def test_a_dragged_edge_snaps_only_within_reach(
    rules: Rules, data: st.DataObject, silences: SilenceMap, side: Side, magnet: int, reach: int
):
    hand = data.draw(places(silences, None))
    low, high = sorted(data.draw(st.tuples(st.integers(0, MINUTE), st.integers(0, MINUTE))))
    about = {"magnet": magnet / 1000, "reach": reach / 1000, "low": low / 1000, "high": high / 1000, "duration": 60}

    found = rules.snap(side.value, hand / 1000, [silence_json(s) for s in silences.silences], about)

    at = round(found * 1000)
    here = min(max(hand, low), high)
    good = {cut_points(s)[side is Side.IN] for s in silences.silences} | {0 if side is Side.IN else MINUTE}
    near = [p for p in good if low <= p <= high and abs(p - here) <= (magnet if silences.at(here) else reach)]
    assert at == here or at in good
    assert low <= at <= high
    assert at == here or abs(at - here) <= (magnet if silences.at(here) else reach)
    if near and not silences.at(here):
        assert abs(at - here) == min(abs(p - here) for p in near)


@MANY
@given(st.data(), maps(), transcripts(), SIDES)
def test_browser_and_server_certify_a_cut_alike(
    rules: Rules, data: st.DataObject, silences: SilenceMap, transcript: Transcript | None, side: Side
):
    at = data.draw(places(silences, transcript))
    words = transcript_json(transcript) if transcript else None

    said = rules.certify(side.value, at / 1000, [silence_json(s) for s in silences.silences], words, MINUTE / 1000)

    assert said == cut_json(certify(at, side, silences, transcript))


@st.composite
def spoken(draw: st.DrawFn) -> list[tuple[int, int]]:
    """When words are heard, one after the other or running into each other; each has a middle of its own."""
    at, words = 0, []
    for gap, long in draw(st.lists(st.tuples(st.integers(-20, 900), st.integers(50, 900)), min_size=1, max_size=20)):
        start = max(0, at + gap)
        words.append((start, start + long))
        at = start + long
    return words


@MANY
@given(spoken(), maps(), st.integers(0, 19), st.integers(0, 19))
def test_a_selection_of_words_holds_exactly_these(
    rules: Rules, times: list[tuple[int, int]], silences: SilenceMap, a: int, b: int
):
    first, last = sorted((a % len(times), b % len(times)))
    words = [{"start_s": start / 1000, "end_s": end / 1000} for start, end in times]
    silent = [silence_json(s) for s in silences.silences]

    start, end = rules.placeBefore(words, first, silent), rules.placeAfter(words, last, silent)

    inside = [i for i, (a, b) in enumerate(times) if 2000 * start <= a + b < 2000 * end]
    assert inside == list(range(first, last + 1))


def drag(page: Page, side: str, seconds: float, *, alt: bool = False) -> None:
    """The handle, by so many seconds, in small steps; the button stays down."""
    box = at_rest(page, f"desk-handle-{side}")
    per_second = page.evaluate("""() => {
        const root = document.getElementById('host').shadowRoot;
        const x = (side) => root.querySelector(`.handle-${side}`).getBoundingClientRect().x;
        const at = (side) => Number(root.querySelector(`.handle-${side}`).getAttribute('aria-valuenow'));
        return (x('out') - x('in')) / (at('out') - at('in'));
    }""")
    x, y = box["x"] + box["width"] / 2, box["y"] + 80
    page.mouse.move(x, y)
    if alt:
        page.keyboard.down("Alt")
    page.mouse.down()
    page.mouse.move(x + seconds * per_second, y, steps=6)


def let_go(page: Page) -> None:
    page.mouse.up()
    page.keyboard.up("Alt")
    told(page, "version")


def resting(page: Page) -> None:
    """The view has come to rest on the open clip."""
    page.wait_for_function("""() => {
        const handle = document.getElementById('host').shadowRoot.querySelector('.handle-out');
        const now = handle.style.transform;
        const same = now && now === window.wasAt;
        window.wasAt = now;
        return same;
    }""")


def now(page: Page, side: str) -> float:
    return float(page.get_by_test_id(f"desk-handle-{side}").get_attribute("aria-valuenow"))


def test_an_edge_far_in_speech_is_graded_poor(page: Page, api: TrimApi):
    resting(page)
    drag(page, "in", 2.6)

    assert now(page, "in") == pytest.approx(7.45, abs=0.05)
    expect(page.get_by_test_id("desk-cut-in")).to_have_attribute("data-grade", "poor")
    expect(page.get_by_test_id("desk-cut-in")).to_contain_text("no silence here")
    let_go(page)
    assert api.sent[0][2]["ranges"][0]["start_s"] == pytest.approx(7.45, abs=0.05)


def test_an_edge_dragged_near_a_silence_snaps_to_its_good_place(page: Page, api: TrimApi):
    resting(page)
    drag(page, "in", 10.85 - 4.85)  # half a second behind the silence that ends at 10.5
    edge(page, "in", "10.35")
    let_go(page)

    assert api.sent[0][2]["ranges"][0]["start_s"] == 10.35


def test_an_edge_dragged_with_alt_goes_where_the_hand_is(page: Page, api: TrimApi):
    resting(page)
    drag(page, "in", 10.85 - 4.85, alt=True)

    assert now(page, "in") == pytest.approx(10.85, abs=0.03)
    let_go(page)


def test_a_step_finer_than_the_magnet_is_not_taken_back(page: Page, api: TrimApi):
    resting(page)
    per_pixel = 15.0 / 1100
    drag(page, "in", -4 * per_pixel)

    assert 4.75 < now(page, "in") < 4.84
    let_go(page)


TICKS = """() => {
    const canvas = document.getElementById('host').shadowRoot.querySelector('canvas.wave');
    const ratio = canvas.height / 162;
    const row = canvas.getContext('2d').getImageData(0, Math.round(130 * ratio), canvas.width, 1).data;
    let count = 0;
    for (let x = 0; x < canvas.width; x += 1) {
        const [r, g, b] = [row[x * 4], row[x * 4 + 1], row[x * 4 + 2]];
        if (row[x * 4 + 3] > 100 && b > r + 80) count += 1;
    }
    return count;
}"""


def test_snap_places_show_only_during_a_drag(page: Page):
    resting(page)
    drag(page, "in", 2.6)
    page.wait_for_function("""() => {
        const root = document.getElementById('host').shadowRoot;
        return Number(root.querySelector('.handle-in').getAttribute('aria-valuenow')) !== 4.85;
    }""")
    held = page.evaluate(TICKS)
    page.mouse.up()
    told(page, "version")

    page.wait_for_function(f"(held) => ({TICKS})() < held", arg=held)


def test_an_edge_shows_its_grade_in_shape_and_words(page: Page):
    handle = page.get_by_test_id("desk-handle-in")

    handle.focus()
    page.keyboard.press("ArrowRight")

    expect(handle).to_have_attribute("data-grade", "clean")
    expect(handle).to_have_attribute(
        "aria-valuetext", "0:04.89, clean cut: silence 1.00 s at −80 dB, first word 110 ms away, sentence starts"
    )
    expect(handle).to_contain_text("●0:04.89")
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    expect(handle).to_have_attribute("data-grade", "poor")
    expect(handle).to_contain_text("○0:05.05")


def test_each_other_place_is_one_key_and_version(page: Page, api: TrimApi):
    chips = page.get_by_test_id("desk-places").get_by_role("button")
    expect(chips.filter(visible=True)).to_have_count(2)
    expect(chips.first).to_contain_text("1●0:10.4silence 1.0 s")
    expect(chips.nth(1)).to_contain_text("0:14.9")

    page.keyboard.press("2")
    edge(page, "in", "14.85")
    expect(chips.first).to_have_accessible_description(
        "Start at 0:10.4, clean, silence 1.00 s at −80 dB, first word 150 ms away, sentence starts"
    )
    told(page, "version")
    page.keyboard.press("z")

    edge(page, "in", "4.85")
    page.wait_for_function("told.filter(([name]) => name === 'changed').length === 2")
    assert [b["ranges"] for _, _, b in api.sent] == [
        [{"start_s": 14.85, "end_s": 19.75}],
        [{"start_s": 4.85, "end_s": 19.75}],
    ]


def test_a_number_without_a_place_changes_nothing(page: Page, api: TrimApi):
    expect(page.get_by_test_id("desk-places").get_by_role("button").first).to_be_visible()

    page.keyboard.press("4")

    expect(page.get_by_test_id("desk-message")).to_have_text("There are 2 other places for this edge.")
    assert api.sent == []
