"""The desk's API with words and with clips that are divided and joined, for the tests of trimming and shaping."""

from __future__ import annotations

from typing import Any

from clipper_core.domain.documents import cut_json, transcript_json
from clipper_core.domain.time_range import TimeRange, milliseconds
from clipper_core.domain.transcript import Transcript, Word, sentences_of
from clipper_core.stages.cuts.snap import certify_ranges
from tests.browser.desk_api import DURATION_S, SILENCES, Api, Route

EVERY_MS = 500  # a word each half second of speech, 400 ms long


def spoken() -> Transcript:
    """Words w0, w1, … wherever there is no silence; a stretch between two silences is a sentence."""
    edges = [0, *(int(edge * 1000) for silence in SILENCES for edge in silence), int(DURATION_S * 1000)]
    words: list[Word] = []
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        starts = range(start, end - EVERY_MS + 1, EVERY_MS)
        for at in starts:
            stop = "." if at == starts[-1] else ""
            words.append(Word(f"w{len(words)}{stop}", at, end if stop else at + 400))
    return Transcript("test", "en", tuple(words), sentences_of(tuple(words)))


class TrimApi(Api):
    def __init__(self) -> None:
        super().__init__()
        self.answers = {}
        self.transcript = spoken()
        for clip in self.clips:
            self.cut(clip, clip["ranges"])

    def cut(self, clip: dict[str, Any], ranges: list[dict[str, float]]) -> dict[str, Any]:
        """With the certificates the real API gives."""
        spans = [TimeRange(milliseconds(r["start_s"]), milliseconds(r["end_s"])) for r in ranges]
        cuts = [cut_json(cut) for cut in certify_ranges(spans, self.silence_map(), self.transcript)]
        super().cut(clip, ranges)["cuts"] = cuts
        return clip

    def project(self) -> dict[str, Any]:
        return {**super().project(), "transcript_revision": "t"}

    def api(self, route: Route, path: str, method: str) -> None:
        if path.endswith("/transcript") and not self.down:
            assert self.transcript is not None
            return route.fulfill(json={"revision": "t", **transcript_json(self.transcript)})
        return super().api(route, path, method)

    def write_clips_split(self, route: Route, name: str, body: dict[str, Any]) -> None:
        if self.made_before(route):
            return None
        clip = self.get(name)
        if route.request.headers.get("if-match") != clip["etag"]:
            self.refuse(route, 412, "stale")
            return None
        self.sent.append(("split", name, body))
        at = body["at_s"]
        before = [{**r, "end_s": min(r["end_s"], at)} for r in clip["ranges"] if r["start_s"] < at]
        after = [{**r, "start_s": max(r["start_s"], at)} for r in clip["ranges"] if r["end_s"] > at]
        second = self.cut(self.clip(f"{name}{len(self.sent)}", f"{clip['title']}, part 2", 0, 1), after)
        self.revise(clip, {"ranges": before, "by": body["by"]})
        self.clips.append(second)
        return self.answer_once(route, {"clips": [clip, second]})

    def write_clips_merge(self, route: Route, name: str, body: dict[str, Any]) -> None:
        if self.made_before(route):
            return None
        clip, other = self.get(name), next((c for c in self.clips if c["id"] == body["other"]), None)
        if other is None:
            self.refuse(route, 404, "clip_not_found")
            return None
        if (route.request.headers.get("if-match"), body["other_etag"]) != (clip["etag"], other["etag"]):
            self.refuse(route, 412, "stale")
            return None
        self.sent.append(("merge", name, body))
        self.clips.remove(other)
        self.gone[other["id"]] = self.stepped(other)
        self.revise(clip, {"ranges": body["ranges"], "by": body["by"]})
        return self.answer_once(route, {"clip": clip, "removed": other["id"], "removed_etag": other["etag"]})

    # -- one that is sent again under its key is answered again and done once, as the real API does

    answers: dict[str, dict[str, Any]]

    def made_before(self, route: Route) -> bool:
        answer = self.answers.get(route.request.headers["idempotency-key"])
        if answer is not None:
            route.fulfill(status=201, json=answer)
        return answer is not None

    def answer_once(self, route: Route, answer: dict[str, Any]) -> None:
        self.answers[route.request.headers["idempotency-key"]] = answer
        self.reply(route, answer)
