"""The server's work for the review desk, on 3 h, 5,000 silences, 30,000 words and 40 clips: ``--rounds N``.

Each part is timed by itself, beside its limit (if it has one) and the time of the same part on one minute.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1]))

import httpx

from benchmarks._desk_stack import Recording, two_recordings
from clipper_core.app import App
from clipper_core.charts.drawing import DrawnClip
from clipper_core.charts.figures import silence_map_figure
from clipper_core.domain.coverage import coverage_of

Part = Callable[[], object]
LIMITS = {"the figure, drawn": 30.0, "the figure, written as JSON": None}


def parts(app: App, http: httpx.Client, recording: Recording) -> dict[str, Part]:
    """The parts to time, by name.

    Args:
        app: draws the figure
        http: asks the running server
        recording: the recording they are about
    """
    project_id = recording.project_id
    project = app.projects.get(project_id)
    map_view, map_id = app.silences.show(project_id), project.map_id or ""
    envelope, silences = app.measured.envelope(map_id), map_view.silence_map
    levels = app.silences.levels(map_id, silences.settings)
    clips = app.clips.of_project(project_id)
    drawn = [DrawnClip(c.start_ms, c.end_ms, c.status, c.title) for c in clips]
    covered = coverage_of(silences.duration_ms, [], [r for c in clips for r in c.ranges], [])
    at_s = clips[0].start_ms / 1000
    words = app.measured.transcript(project.transcript_id or "").words

    def figure() -> object:
        return silence_map_figure(envelope, silences, drawn, levels=levels, coverage=covered)

    def ask(path: str) -> Part:
        return lambda: http.get(f"/api/projects/{project_id}{path}").raise_for_status()

    def correct() -> object:
        revision = http.get(f"/api/projects/{project_id}").json()["transcript_revision"]
        number = len(words) // 2
        was = http.get(f"/api/projects/{project_id}/transcript").json()["words"][number]["text"]
        edit = {"index": number, "was": was, "text": "Anna" if was != "Anna" else "Ana"}
        path = f"/api/projects/{project_id}/transcript/words"
        headers = {"If-Match": f'"{revision}"'}
        began = time.perf_counter()
        http.post(path, json={"edits": [edit], "by": "Ana"}, headers=headers).raise_for_status()
        return time.perf_counter() - began

    return {
        "the figure, drawn": figure,
        "the figure, written as JSON": lambda: figure().to_json(),  # type: ignore[attr-defined]
        "GET project (asked every few seconds)": ask(""),
        "GET clips": ask("/clips"),
        "GET cuts around an edge": ask(f"/cuts?side=in&at={at_s}&other={at_s + 30}"),
        "GET silence-map": ask("/silence-map"),
        "GET transcript": ask("/transcript"),
        "POST a corrected word": correct,
    }


def timed(run: Part) -> float:
    """The time of a part in ms: the seconds it returns, or else all of its run."""
    began = time.perf_counter()
    measured_s = run()
    return 1000 * (measured_s if isinstance(measured_s, float) else time.perf_counter() - began)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    with two_recordings(minutes=180) as (stack, long, short), httpx.Client(base_url=stack.url, timeout=60) as http:
        print(f"{long.silences:,} silences, {long.words:,} words, {long.clips} clips")
        print(f"{'ms':<42}{'limit':>8}{'median':>9}{'least':>9}{'1 min':>9}")
        beside = parts(stack.app, http, short)
        for name, run in parts(stack.app, http, long).items():
            run(), beside[name]()  # fills the caches
            took = [timed(run) for _ in range(rounds)]
            other = median(timed(beside[name]) for _ in range(rounds))
            limit = LIMITS.get(name)
            missed = "  MISSED" if limit and median(took) > limit else ""
            print(f"{name:<42}{limit or '-':>8}{median(took):>9.1f}{min(took):>9.1f}{other:>9.1f}{missed}")
        size = len(silence_map_json(stack.app, long))
        print(f"the figure is {size / 1000:.0f} kB (limit 250)")
    return 0


def silence_map_json(app: App, recording: Recording) -> str:
    with httpx.Client() as http:
        figure = parts(app, http, recording)["the figure, drawn"]()
    return str(figure.to_json())  # type: ignore[attr-defined]


if __name__ == "__main__":
    raise SystemExit(main())
