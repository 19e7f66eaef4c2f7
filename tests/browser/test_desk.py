"""The review desk in a real browser, against an API of our own making: what a reviewer's hands do, and what is sent."""

from __future__ import annotations

import io
import json
import re
import wave
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest

from pages.components import desk as component

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
Page, Route, expect = sync_api.Page, sync_api.Route, sync_api.expect

pytestmark = pytest.mark.browser
SITE = "http://desk.test"
DURATION_S = 30.0
SILENCES = [(4.0, 5.0), (9.5, 10.5), (14.0, 15.0), (19.5, 20.5), (24.0, 25.0)]
SHELL = """<!doctype html><meta charset="utf-8"><style>body{margin:16px;font-family:sans-serif}</style>
<input id="outside" aria-label="outside"><div id="host"></div>
<script type="module">
  import mount from "/desk.js";
  const root = document.getElementById("host").attachShadow({ mode: "open" });
  root.setHTMLUnsafe(await (await fetch("/desk.html")).text());
  window.told = [];
  window.run = (data) => {
    const setStateValue = (name, value) => told.push([name, value]);
    window.cleanup = mount({ data, parentElement: root, setStateValue, setTriggerValue: setStateValue });
  };
  window.video = root.querySelector("video");
  run({ project_id: "prj_1", clip_id: null, reviewer: "Ben" });
</script>"""


def recording() -> bytes:
    """Tones with silences between them: 8 kHz, mono, 16 bit."""
    t = np.arange(int(DURATION_S * 8000)) / 8000
    sound = 8000 * np.sin(2 * np.pi * 300 * t)
    for start, end in SILENCES:
        sound[(t >= start) & (t < end)] = 0
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((1, 2, 8000, len(sound), "NONE", ""))
        file.writeframes(sound.astype("<i2").tobytes())
    return out.getvalue()


class Api:
    """The part of the HTTP API the desk uses, in memory. ``down`` answers nothing but 503."""

    def __init__(self) -> None:
        self.sound = recording()
        self.down = False
        self.sent: list[tuple[str, str, dict[str, Any]]] = []
        self.foreign: list[str] = []
        self.closest_s = DURATION_S
        self.clips = [self.clip("a", "The first hire", 4.85, 9.75), self.clip("b", "<b>Prices</b>", 14.85, 19.75)]

    def clip(self, name: str, title: str, start: float, end: float) -> dict[str, Any]:
        shared = {"id": name, "title": title, "reasons": ["one topic"], "rank": 1, "origin": "proposed", "version": 1}
        state = {"status": "proposed", "alternatives": [], "decision": None, "render": None, "changed_by": ""}
        return self.cut({**shared, **state, "etag": '"0"'}, [{"start_s": start, "end_s": end}])

    def cut(self, clip: dict[str, Any], ranges: list[dict[str, float]]) -> dict[str, Any]:
        def certificate(at: float, side: str) -> dict[str, Any]:
            place = {"at_s": at, "side": side, "silence_start_s": None, "silence_end_s": None, "level_db": None}
            words = {"gap_to_word_ms": None, "sentence_boundary": None, "grade": "clean", "reason": "silence 1.00 s"}
            return {**place, **words}

        cuts = [certificate(r[key], side) for r in ranges for key, side in (("start_s", "in"), ("end_s", "out"))]
        clip.update(ranges=ranges, start_s=ranges[0]["start_s"], end_s=ranges[-1]["end_s"], cuts=cuts)
        clip["etag"] = f'"{int(clip["etag"].strip(chr(34))) + 1}"'
        return clip

    def changed_by_ana(self, name: str, start: float, end: float) -> None:
        clip = self.cut(self.get(name), [{"start_s": start, "end_s": end}])
        clip.update(changed_by="Ana", version=clip["version"] + 1)

    def get(self, name: str) -> dict[str, Any]:
        return next(c for c in self.clips if c["id"] == name)

    def answer(self, route: Route) -> None:
        url, method = route.request.url, route.request.method
        if not url.startswith((SITE, "blob:", "data:")):
            self.foreign.append(url)
            return route.abort()
        path = url.removeprefix(SITE).split("?")[0]
        if path.startswith("/api"):
            return self.api(route, path, method)
        return self.media(route) if path == "/media-files/ast_1" else self.file(route, path)

    def file(self, route: Route, path: str) -> None:
        html, css = (component.HERE.joinpath(n).read_text(encoding="utf-8") for n in ("desk.html", "desk.css"))
        pages = {
            "/": (SHELL, "text/html"),
            "/desk.js": (component.joined(component.HERE, component.MODULES), "text/javascript"),
            "/desk.html": (f"{html}<style>{css}</style>", "text/plain"),
        }
        body, kind = pages.get(path, ("", "text/plain"))
        route.fulfill(body=body, content_type=f"{kind}; charset=utf-8", status=200 if body else 404)

    def media(self, route: Route) -> None:
        asked = re.match(r"bytes=(\d+)-(\d*)", route.request.headers.get("range", "bytes=0-"))
        assert asked is not None
        start, end = int(asked[1]), int(asked[2] or len(self.sound) - 1)
        span = {"Content-Range": f"bytes {start}-{end}/{len(self.sound)}", "Accept-Ranges": "bytes"}
        route.fulfill(status=206, body=self.sound[start : end + 1], headers={"Content-Type": "audio/wav", **span})

    def api(self, route: Route, path: str, method: str) -> None:
        if self.down:
            return route.fulfill(status=503, body="")
        if method == "POST":
            return self.write(route, path)
        if path.endswith("/peaks"):
            return route.fulfill(json=self.peaks(route.request.url))
        silences = [{"start_s": a, "end_s": b, "level_db": -80.0} for a, b in SILENCES]
        answers: dict[str, Any] = {
            "": self.project(),
            "/silence-map": {"revision": "m", "duration_s": DURATION_S, "threshold_db": -40, "silences": silences},
            "/clips": {"clips": self.clips},
        }
        return route.fulfill(json=answers[path.removeprefix("/api/projects/prj_1")])

    def peaks(self, url: str) -> dict[str, Any]:
        """Closer than 10 ms a part the samples themselves, as the real API has them."""
        asked = {k: float(v[0]) for k, v in parse_qs(urlsplit(url).query).items()}
        start, end = asked["from"], min(asked["to"], DURATION_S)
        if (end - start) / asked["points"] >= 0.01:
            return {"from_s": 0, "to_s": DURATION_S, "points": 30, "low": [-60] * 30, "high": [60] * 30}
        self.closest_s = min(self.closest_s, end - start)
        sound = np.frombuffer(self.sound[44:], "<i2")[round(start * 8000) : round(end * 8000)] / 256
        points = min(int(asked["points"]), len(sound))
        low, high = (
            f.reduceat(sound, np.arange(points) * len(sound) // points).tolist() for f in (np.minimum, np.maximum)
        )
        resolution = {"resolution_ms": (end - start) * 1000 / points}
        return {"from_s": start, "to_s": end, "points": points, **resolution, "low": low, "high": high}

    def project(self) -> dict[str, Any]:
        player = {"url": "/media-files/ast_1", "mime": "audio/wav", "kind": "audio"}
        about = {"id": "prj_1", "title": "A talk", "filename": "talk.wav", "duration_s": DURATION_S, "has_video": False}
        run = {"frame_rate": None, "state": "succeeded", "stage": None, "stage_label": "", "progress": 1, "error": None}
        revisions = {"map_revision": "m", "transcript_revision": None, "clips_revision": "c"}
        return {**about, **run, "desk_open": True, "player": player, **revisions}

    def write(self, route: Route, path: str) -> None:
        body = json.loads(route.request.post_data or "{}")
        if path.endswith("prj_1/clips"):
            self.sent.append(("created", "", body))
            self.clips.append(self.cut(self.clip("n", "New clip", 0, 1), body["ranges"]))
            return route.fulfill(status=201, json=self.clips[-1])
        _, _, _, name, what = path.split("/")
        clip = self.get(name)
        if route.request.headers.get("if-match") != clip["etag"]:
            return route.fulfill(status=412, json={"title": "Stale", "status": 412, "detail": "Stale", "code": "stale"})
        self.sent.append((what, name, body))
        if what == "versions":
            clip.update(
                status="proposed", decision=None, version=clip["version"] + 1, title=body.get("title", clip["title"])
            )
            return route.fulfill(status=201, json=self.cut(clip, body["ranges"]))
        taken_back = body["decision"] == "withdrawn"
        clip["decision"] = None if taken_back else {**body, "at": "2026-11-22T09:00:00Z"}
        clip["status"] = "proposed" if taken_back else body["decision"]
        return route.fulfill(status=201, json=self.cut(clip, clip["ranges"]))


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def page(browser: Any, api: Api) -> Iterator[Page]:
    """The desk, open at its first clip and cued at its start; no error may have been logged when a test is over."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    broken: list[str] = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    page.route("**/*", api.answer)
    page.goto(SITE + "/")
    expect(page.get_by_test_id("desk-clip")).to_have_count(2)
    page.wait_for_function("video.readyState >= 3 && !video.seeking && Math.abs(video.currentTime - 4.85) < 0.01")
    yield page
    context.close()
    assert broken == []
    assert api.foreign == []


def open_clip(page: Page, name: str) -> None:
    expect(page.locator(f"[data-clip-id={name}]")).to_have_attribute("aria-selected", "true")


def edge(page: Page, side: str, at: str) -> None:
    expect(page.get_by_test_id(f"desk-handle-{side}")).to_have_attribute("aria-valuenow", at)


def saved(page: Page) -> None:
    expect(page.get_by_test_id("desk-saved")).to_have_text("")


def told(page: Page, kind: str) -> None:
    page.wait_for_function("(kind) => told.some(([name, v]) => name === 'changed' && v.kind === kind)", arg=kind)


def test_playing_a_clip_stops_at_its_out_point(page: Page):
    page.evaluate("video.currentTime = 9.2")
    page.wait_for_function("!video.seeking")

    page.keyboard.press("Space")
    page.wait_for_function("!video.paused")
    page.wait_for_function("video.paused")

    assert page.evaluate("video.currentTime") == pytest.approx(9.75, abs=0.005)


def test_an_edge_dragged_outward_rests_in_the_silence_before_and_is_saved_as_one_version(page: Page, api: Api):
    handle = page.get_by_test_id("desk-handle-in")
    box = handle.bounding_box()
    track = page.locator(".track").bounding_box()
    assert box is not None and track is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + 80
    per_second = (page.get_by_test_id("desk-handle-out").bounding_box()["x"] - box["x"]) / (9.75 - 4.85)

    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 0.6 * per_second, y, steps=6)
    page.mouse.up()

    told(page, "version")
    assert [(what, name) for what, name, _ in api.sent] == [("versions", "a")]
    start = api.sent[0][2]["ranges"][0]["start_s"]
    assert start == pytest.approx(4.25, abs=0.05)
    assert start == round(start, 3)


def test_steps_of_an_edge_go_from_silence_to_silence_and_make_one_version(page: Page, api: Api):
    for _ in range(2):
        page.keyboard.press("Shift+O")
        page.keyboard.press("]")
    edge(page, "out", "19.75")
    page.keyboard.press("[")
    edge(page, "out", "14.25")

    told(page, "version")
    assert [body["ranges"] for _, _, body in api.sent] == [[{"start_s": 4.85, "end_s": 14.25}]]


def test_an_approval_opens_the_next_clip_at_once_and_z_takes_it_back(page: Page, api: Api):
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

    expect(page.get_by_test_id("desk-message")).to_have_text("Ana changed this clip; here is the new version.")
    edge(page, "in", "9.60")
    assert api.sent == []

    page.get_by_test_id("desk-message-action").click()
    told(page, "version")
    assert api.sent[0][2]["ranges"] == [{"start_s": 9.45, "end_s": 9.75}]


def test_a_decision_on_what_somebody_changed_is_not_made(page: Page, api: Api):
    api.changed_by_ana("a", 9.6, 14.1)

    page.keyboard.press("a")

    expect(page.get_by_test_id("desk-message")).to_have_text("Ana changed this clip; here is the new version.")
    open_clip(page, "a")
    assert api.sent == []


def test_what_could_not_be_sent_is_kept_and_sent_in_order_on_retry(page: Page, api: Api):
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

    page.evaluate("run({ project_id: 'prj_1', clip_id: null, reviewer: 'Ben' })")

    before = page.evaluate("video.currentTime")
    page.wait_for_function("(before) => video.currentTime > before + 0.2", arg=before)
    assert page.evaluate("video.paused") is False


def test_another_clip_asked_for_by_the_page_is_opened(page: Page):
    page.evaluate("run({ project_id: 'prj_1', clip_id: 'b', reviewer: 'Ben' })")

    open_clip(page, "b")
    edge(page, "in", "14.85")


def test_the_open_clip_survives_a_reload(page: Page):
    page.keyboard.press("ArrowDown")
    open_clip(page, "b")

    page.reload()

    open_clip(page, "b")


def test_a_stretch_dragged_with_shift_becomes_a_clip(page: Page, api: Api):
    page.keyboard.press("w")
    edge(page, "in", "4.85")
    track = page.locator(".track").bounding_box()
    assert track is not None
    page.wait_for_function("""() => {
        const out = document.getElementById('host').shadowRoot.querySelector('.handle-out').getBoundingClientRect();
        const track = document.getElementById('host').shadowRoot.querySelector('.track').getBoundingClientRect();
        return Math.abs((out.x + 9 - track.x) / track.width - 9.75 / 30) < 0.002;
    }""")
    second = track["width"] / DURATION_S

    page.keyboard.down("Shift")
    page.mouse.move(track["x"] + 21 * second, track["y"] + 90)
    page.mouse.down()
    page.mouse.move(track["x"] + 24.3 * second, track["y"] + 90, steps=4)
    page.mouse.up()
    page.keyboard.up("Shift")

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


def test_zoomed_in_to_ten_milliseconds_the_sound_itself_is_drawn(page: Page, api: Api):
    page.evaluate("video.currentTime = 6")
    page.wait_for_function("!video.seeking")

    with page.expect_response(lambda answer: "/peaks" in answer.url and api.closest_s <= 0.03):
        for _ in range(20):
            page.keyboard.press("+")

    # 300 swings a second cross the middle six times in ten milliseconds.
    page.wait_for_function(f"({SWINGS})() >= 5 && ({SWINGS})() <= 7")


def test_titles_are_shown_as_text(page: Page):
    expect(page.locator("[data-clip-id=b]")).to_contain_text("<b>Prices</b>")


def test_a_desk_taken_down_saves_what_was_just_trimmed(page: Page, api: Api):
    page.keyboard.press("]")
    with page.expect_request(lambda request: request.url.endswith("/versions")):
        page.evaluate("cleanup()")

    assert page.evaluate("video.paused") is True
