"""An HTTP API of our own making for the review desk in a real browser, and what its tests share."""

from __future__ import annotations

import io
import json
import re
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest

from clipper_core.domain.corrections import Edit, Replacement, correct, replace_everywhere
from clipper_core.domain.cut import Side
from clipper_core.domain.documents import cut_json, transcript_json
from clipper_core.domain.silence import Silence, SilenceMap
from clipper_core.domain.time_range import TimeRange, milliseconds
from clipper_core.domain.transcript import Transcript, Word, sentences_of, wording_differs
from clipper_core.errors import ClipperError
from clipper_core.stages.cuts.snap import certify, cut_points
from pages.components import desk as component

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
Page, Route, expect = sync_api.Page, sync_api.Route, sync_api.expect

SITE = "http://desk.localhost"  # trusted by browsers, so that all they can do is there
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
  run({ project_id: "prj_1", clip_id: null });
</script>"""


@cache
def files() -> dict[str, tuple[str, str]]:
    """The site's files beside the API: texts and their types."""
    html = component.HERE.joinpath("desk.html").read_text(encoding="utf-8")
    return {
        "/": (SHELL, "text/html"),
        "/desk.js": (component.joined(component.HERE, component.MODULES), "text/javascript"),
        "/desk.html": (f"{html}<style>{component.style()}</style>", "text/plain"),
    }


@cache
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
        self.transcript: Transcript | None = None
        self.down = False
        self.sent: list[tuple[str, str, dict[str, Any]]] = []
        self.foreign: list[str] = []
        self.heard: list[dict[str, float]] = []
        self.closest_s = DURATION_S
        self.keys: set[str] = set()
        self.gone: dict[str, dict[str, Any]] = {}
        self.revision = "c"
        self.swallowing = 0  # so many answers are lost on their way
        self.cutting = 0  # so many arrive without their end
        self.clips = [self.clip("a", "The first hire", 4.85, 9.75), self.clip("b", "<b>Prices</b>", 14.85, 19.75)]

    def clip(self, name: str, title: str, start: float, end: float) -> dict[str, Any]:
        shared = {"id": name, "title": title, "reasons": ["one topic"], "rank": 1, "origin": "proposed", "version": 1}
        state = {"status": "proposed", "alternatives": [], "decision": None, "render": None, "changed_by": ""}
        state.update(decisions=[], carry_from=None, words_changed=False, notes=[])
        state.update(versions=[{"number": 1, "by": "Clipper", "at": "2026-11-22T08:00:00Z"}])
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
        self.newer(clip, "Ana")

    def newer(self, clip: dict[str, Any], by: str) -> None:
        clip.update(changed_by=by, version=clip["version"] + 1)
        made = {"number": clip["version"], "by": by, "at": "2026-11-22T09:00:00Z"}
        clip["versions"] = [*clip["versions"], made]

    def decided_by_ana(self, name: str, decision: str) -> None:
        self.decide(self.get(name), {"decision": decision, "by": "Ana"})

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
        body, kind = files().get(path, ("", "text/plain"))
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
        if method in {"POST", "DELETE"}:
            return self.write(route, path)
        if path.endswith("/peaks"):
            return route.fulfill(json=self.peaks(route.request.url))
        if path.endswith("/cuts"):
            return route.fulfill(json=self.cuts(route.request.url))
        silences = [{"start_s": a, "end_s": b, "level_db": -80.0} for a, b in SILENCES]
        answers: dict[str, Any] = {
            "": self.project(),
            "/silence-map": {"revision": "m", "duration_s": DURATION_S, "threshold_db": -40, "silences": silences},
            "/clips": {"clips": self.clips},
            "/transcript": self.words_json(),
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

    def silence_map(self) -> SilenceMap:
        found = (Silence(milliseconds(a), milliseconds(b), -80) for a, b in SILENCES)
        return SilenceMap(milliseconds(DURATION_S), tuple(found))

    def cuts(self, url: str) -> dict[str, Any]:
        """The certificate of a place, and the silences around it by how near they are."""
        asked = {k: v[0] for k, v in parse_qs(urlsplit(url).query).items()}
        at_ms, side = milliseconds(float(asked["at"])), Side(asked["side"])
        silences = self.silence_map()
        places = [cut_points(s)[side is Side.IN] for s in silences.silences]
        near = sorted((p for p in places if p != at_ms), key=lambda p: abs(p - at_ms))[:4]
        own, *others = (cut_json(certify(p, side, silences, self.transcript)) for p in (at_ms, *near))
        return {"cut": own, "others": others}

    def project(self) -> dict[str, Any]:
        player = {"url": "/media-files/ast_1", "mime": "audio/wav", "kind": "audio"}
        about = {"id": "prj_1", "title": "A talk", "filename": "talk.wav", "duration_s": DURATION_S, "has_video": False}
        run = {"frame_rate": None, "state": "succeeded", "stage": None, "stage_label": "", "progress": 1, "error": None}
        revisions = {"map_revision": "m", "transcript_revision": self.words_revision, "clips_revision": self.revision}
        return {**about, **run, "desk_open": True, "player": player, **revisions}

    def write_projects_listened(self, route: Route, _project: str, body: dict[str, Any]) -> None:
        self.heard += body["ranges"]
        route.fulfill(status=204)

    def write(self, route: Route, path: str) -> None:
        """A change, as the real API makes it: once for each key, and only to what its sender has seen."""
        request = route.request
        body = json.loads(request.post_data or "{}")
        key = request.headers.get("idempotency-key", "")
        if path.endswith("prj_1/clips"):
            return self.create(route, body, key)
        _, _, kind, name, *rest = path.split("/")
        what = rest[0] if rest else "removed"
        if hasattr(self, f"write_{kind}_{what}"):
            return getattr(self, f"write_{kind}_{what}")(route, name, body)
        there = next((c for c in self.clips if c["id"] == name), None)
        if key and key in self.keys:
            if there is None:
                return route.fulfill(status=204, headers={"ETag": self.gone[name]["etag"]})
            return route.fulfill(status=201, json=there)
        clip = self.gone.get(name) if what == "restore" else there
        if clip is None:
            return self.refuse(route, 404, "clip_not_found")
        if request.headers.get("if-match") != clip["etag"]:
            return self.refuse(route, 412, "stale")
        self.keys.add(key)
        self.sent.append((what, name, body))
        if what == "removed":
            self.clips.remove(clip)
            self.gone[name] = self.stepped(clip)
            return route.fulfill(status=204, headers={"ETag": clip["etag"]})
        if what == "restore":
            self.clips.append(self.stepped(self.gone.pop(name)))
        elif what == "versions":
            self.revise(clip, body)
        else:
            self.decide(clip, body)
        return self.reply(route, clip)

    def reply(self, route: Route, answer: dict[str, Any]) -> None:
        """An answer, unless it comes to grief on its way."""
        if self.swallowing:
            self.swallowing -= 1
            return route.abort()
        if self.cutting:
            self.cutting -= 1
            return route.fulfill(status=201, body=json.dumps(answer)[:20], content_type="application/json")
        return route.fulfill(status=201, json=answer)

    def refuse(self, route: Route, status: int, code: str) -> None:
        route.fulfill(status=status, json={"title": code, "status": status, "detail": code, "code": code})

    def create(self, route: Route, body: dict[str, Any], key: str) -> None:
        if not key or key not in self.keys:
            self.keys.add(key)
            self.sent.append(("created", "", body))
            name = "n" * (1 + sum(c["id"].startswith("n") for c in self.clips))
            self.clips.append(self.cut(self.clip(name, body.get("title", "New clip"), 0, 1), body["ranges"]))
        route.fulfill(status=201, json=self.clips[-1])

    def stepped(self, clip: dict[str, Any]) -> dict[str, Any]:
        clip["etag"] = f'"{int(clip["etag"].strip(chr(34))) + 1}"'
        return clip

    def revise(self, clip: dict[str, Any], body: dict[str, Any]) -> None:
        carry = clip["version"] if clip["status"] == "approved" else clip["carry_from"]
        title = body.get("title", clip["title"])
        clip.update(status="proposed", decision=None, title=title, carry_from=carry, words_changed=False)
        self.newer(clip, body.get("by", ""))
        self.cut(clip, body.get("ranges", clip["ranges"]))

    def decide(self, clip: dict[str, Any], body: dict[str, Any]) -> None:
        made = {"reason": None, "note": None, **body, "at": f"2026-11-22T09:00:{len(self.sent):02d}Z"}
        made.update(version=clip["version"], carried_from=clip["carry_from"] if made.pop("carry", False) else None)
        clip["decisions"] = [*clip["decisions"], made]
        standing: list[dict[str, Any]] = []
        for one in (d for d in clip["decisions"] if d["version"] == clip["version"]):
            if one["decision"] != "withdrawn":
                standing.append(one)
            elif standing:
                standing.pop()
        clip["decision"] = standing[-1] if standing else None
        clip["status"] = clip["decision"]["decision"] if standing else "proposed"
        clip["changed_by"] = made.get("by", "")
        self.stepped(clip)

    # -- words, as the real rules correct them

    words_revision: str | None = None
    earlier: dict[str, Transcript]

    def say(self, text: str) -> None:
        """Let the recording have these words, one every half second from 5 s on."""
        words = tuple(Word(t, 5000 + 500 * i, 5400 + 500 * i) for i, t in enumerate(text.split()))
        self.earlier = {}
        self.speak(Transcript("captions", "en", words, sentences_of(words)))

    def speak(self, spoken: Transcript) -> None:
        before, self.transcript = self.transcript, spoken
        self.words_revision = f"t{len(self.earlier) + 1}"
        self.earlier[self.words_revision] = spoken
        self.revision += "w"
        for clip in self.clips if before else []:
            ranges = [TimeRange(milliseconds(r["start_s"]), milliseconds(r["end_s"])) for r in clip["ranges"]]
            if before is None or not wording_differs(before, spoken, ranges):
                continue
            if clip["decision"] is None:
                self.revise(clip, {"by": clip["changed_by"]})
            else:
                clip["words_changed"] = True

    def read(self) -> str:
        assert self.transcript is not None
        return " ".join(w.text for w in self.transcript.words)

    def words_json(self) -> dict[str, Any]:
        return {"revision": self.words_revision, **transcript_json(self.transcript)} if self.transcript else {}

    def write_projects_transcript(self, route: Route, name: str, body: dict[str, Any]) -> None:
        request, step = route.request, route.request.url.rsplit("/", 1)[1]
        key = request.headers["idempotency-key"]
        assert self.transcript is not None
        if key not in self.keys:
            if request.headers.get("if-match") != f'"{self.words_revision}"':
                return self.refuse(route, 412, "Ana corrected the words")
            try:
                self.speak(self.corrected(step, body))
            except ClipperError as error:
                return self.refuse(route, error.status, error.message)
            self.keys.add(key)
            self.sent.append((step, name, body))
        return self.reply(route, {"revision": self.words_revision, "changed": 1, "clips": 1})

    def corrected(self, step: str, body: dict[str, Any]) -> Transcript:
        assert self.transcript is not None
        if step == "restore":
            return self.earlier[body["revision"]]
        if step == "replace":
            return replace_everywhere(self.transcript, Replacement(body["find"], body["replace"]))[0]
        return correct(self.transcript, [Edit(**e) for e in body["edits"]])[0]

    # -- notes

    def note(self, clip: str, text: str, at_s: float | None = None, by: str = "Ana") -> dict[str, Any]:
        """A note on a clip, as if written elsewhere."""
        notes = self.get(clip)["notes"]
        note = {"id": f"not_{clip}{len(notes)}", "at_s": at_s, "text": text, "by": by, "at": "2026-11-22T09:00:00Z"}
        notes.append({**note, "resolved_by": None, "resolved_at": None, "replies": []})
        self.revision += "n"
        return notes[-1]

    def write_clips_notes(self, route: Route, name: str, body: dict[str, Any]) -> None:
        if self.first_time(route, "note", name, body):
            self.note(name, body["text"], body["at_s"], body["by"])
        self.answer_notes(route, self.get(name))

    def write_notes_replies(self, route: Route, name: str, body: dict[str, Any]) -> None:
        clip, note = self.noted(name)
        if self.first_time(route, "reply", name, body):
            note["replies"].append({"id": f"{name}r", "at": "2026-11-22T09:00:00Z", **body})
        self.answer_notes(route, clip)

    def write_notes_resolve(self, route: Route, name: str, body: dict[str, Any]) -> None:
        clip, note = self.noted(name)
        if self.first_time(route, "resolve", name, body):
            note.update(resolved_by=body["by"], resolved_at="2026-11-22T09:00:00Z")
        self.answer_notes(route, clip)

    def write_notes_reopen(self, route: Route, name: str, body: dict[str, Any]) -> None:
        clip, note = self.noted(name)
        if self.first_time(route, "reopen", name, body):
            note.update(resolved_by=None, resolved_at=None)
        self.answer_notes(route, clip)

    def noted(self, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
        return next((c, n) for c in self.clips for n in c["notes"] if n["id"] == name)

    def first_time(self, route: Route, what: str, name: str, body: dict[str, Any]) -> bool:
        key = route.request.headers["idempotency-key"]
        if key in self.keys:
            return False
        self.keys.add(key)
        self.sent.append((what, name, body))
        return True

    def answer_notes(self, route: Route, clip: dict[str, Any]) -> None:
        self.reply(route, {"clip_id": clip["id"], "notes": clip["notes"]})


@cache
def context_of(browser: Any, reviewer: str) -> Any:
    """The window all tests of a browser open their tabs in, since a window costs more than the desk itself."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    if reviewer:
        keep = f"localStorage.setItem('clipper.reviewer', {json.dumps(reviewer)})"
        context.add_init_script(f"if (location.protocol === 'http:') {keep}")
    context.new_page()  # a window without any tab would be closed
    return context


@contextmanager
def open_desk(browser: Any, api: Api, reviewer: str = "Ben") -> Iterator[Page]:
    """The desk, open at its first clip and cued at its start; no error may have been logged when a test is over."""
    context = context_of(browser, reviewer)
    page = context.new_page()
    broken: list[str] = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    page.route("**/*", api.answer)
    page.goto(SITE + "/desk.html")
    page.evaluate("localStorage.clear()")  # all that one test could leave for the next
    page.goto(SITE + "/")
    expect(page.get_by_test_id("desk-clip")).to_have_count(len(api.clips))
    at_start(page)
    yield page
    for tab in context.pages[1:]:
        tab.close()
    assert broken == [], broken
    assert api.foreign == [], api.foreign


AT_START = """(start) => window.video && video.readyState >= 3 && !video.seeking
    && Math.abs(video.currentTime - start) < 0.01"""


def at_start(page: Page, start: float = 4.85) -> None:
    """Wait until the player stands at a clip's start, ready to play."""
    page.wait_for_function(AT_START, arg=start)


def at_rest(page: Page, handle: str) -> dict[str, float]:
    """The position of a handle at rest: the view moves to a clip in several frames."""
    found = page.get_by_test_id(handle)
    before, box = None, found.bounding_box()
    while box is None or box != before:
        page.wait_for_timeout(150)
        before, box = box, found.bounding_box()
    return dict(box)


def open_clip(page: Page, name: str) -> None:
    expect(page.locator(f"[data-clip-id={name}]")).to_have_attribute("aria-current", "true")


def open_from_outside(page: Page, name: str) -> None:
    """As where another clip is chosen on the page around the desk."""
    page.evaluate("name => run({ project_id: 'prj_1', clip_id: name })", name)
    open_clip(page, name)


def edge(page: Page, side: str, at: str) -> None:
    expect(page.get_by_test_id(f"desk-handle-{side}")).to_have_attribute("aria-valuenow", at)


def saved(page: Page, timeout: float = 5_000) -> None:
    """Wait until nothing of what was done here is on its way, on any clip."""
    expect(page.locator(".desk:not([data-saving])")).to_be_attached(timeout=timeout)


def told(page: Page, kind: str) -> None:
    page.wait_for_function("(kind) => told.some(([name, v]) => name === 'changed' && v.kind === kind)", arg=kind)


WHOLE_SHOWN = """() => {
    const root = document.getElementById('host').shadowRoot;
    const out = root.querySelector('.handle-out').getBoundingClientRect();
    const track = root.querySelector('.track').getBoundingClientRect();
    return Math.abs((out.x + 9 - track.x) / track.width - 9.75 / 30) < 0.002;
}"""


def drag_with_shift(page: Page, start: float, end: float) -> None:
    """Mark a stretch by hand, on the timeline of the whole recording with its first clip open."""
    page.keyboard.press("w")
    edge(page, "in", "4.85")
    page.wait_for_function(WHOLE_SHOWN)
    track = page.locator(".track").bounding_box()
    assert track is not None
    second = track["width"] / DURATION_S
    page.keyboard.down("Shift")
    page.mouse.move(track["x"] + start * second, track["y"] + 90)
    page.mouse.down()
    page.mouse.move(track["x"] + end * second, track["y"] + 90, steps=4)
    page.mouse.up()
    page.keyboard.up("Shift")
