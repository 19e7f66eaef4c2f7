"""How quick the review desk is in a real browser, on three hours and on a minute: ``--minutes N``, ``--rounds N``.

Each figure is printed beside its limit and the same figure for one minute on the same machine.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from statistics import median
from typing import Any

import httpx

sys.path.insert(0, str(Path(__file__).parents[1]))

from playwright.sync_api import sync_playwright

from benchmarks._desk_stack import Recording, two_recordings
from tests.chromium import FLAGS, chromium

# Runs before the page's own scripts: takes the time of every frame function, of keys and of stored changes.
METER = """
(() => {
  localStorage.setItem('clipper.reviewer', 'Benchmark');
  const meter = (window.meter = { frames: [], long: [], keyAt: 0, stored: 0 });
  const ask = window.requestAnimationFrame.bind(window);
  let frame = 0;
  window.requestAnimationFrame = (run) => ask((now) => {
    const before = performance.now();
    run(now);
    const took = performance.now() - before;
    if (now === frame) meter.frames[meter.frames.length - 1] += took;
    else meter.frames.push(took);
    frame = now;
  });
  window.addEventListener('keydown', (event) => (meter.keyAt = event.timeStamp), true);
  new PerformanceObserver((list) => meter.long.push(...list.getEntries().map((e) => e.duration)))
    .observe({ type: 'longtask' });
  const send = window.fetch.bind(window);
  window.fetch = async (path, options) => {
    const answer = await send(path, options);
    if (/\\/decisions$/.test(String(path)) && answer.ok) meter.stored = performance.now();
    return answer;
  };
  meter.root = () => {
    const inside = (node) => {
      for (const e of node.querySelectorAll('*')) {
        if (e.matches('.desk')) return e;
        const found = e.shadowRoot && inside(e.shadowRoot);
        if (found) return found;
      }
      return null;
    };
    if (!meter.desk?.isConnected) meter.desk = inside(document); // a script run may mount it anew
    return meter.desk;
  };
  // From the key's own time stamp to the end of the first frame in which a mark on the page is another.
  meter.untilChanged = (mark) => new Promise((done) => {
    const look = () => eval(mark);
    const before = look();
    meter.keyAt = 0;
    const frames = () => ask(() => {
      if (!meter.keyAt || look() === before) return frames();
      const channel = new MessageChannel();
      channel.port1.onmessage = () => done(performance.now() - meter.keyAt);
      channel.port2.postMessage(0);
    });
    frames();
  });
})();
"""
SELECTED = "meter.root().querySelector('.list').getAttribute('aria-activedescendant')"
EDGE = "meter.root().querySelector('.handle-in').getAttribute('aria-valuenow')"
DECIDED = "meter.root().querySelectorAll('[role=option][data-status=approved]').length"
LIMITS = {"ready": 2000.0, "visible": 50.0, "stored": 500.0, "frame": 6.0}
Figures = dict[str, list[float]]


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--minutes", type=int, default=180)
    options.add_argument("--rounds", type=int, default=5)
    arguments = options.parse_args()
    with two_recordings(arguments.minutes) as (stack, long, short), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), headless=True, args=FLAGS)
        for recording in (short, short):  # the server's first answers are slower than all others
            warm(browser, stack.url, recording)
        measured = [measure(browser, stack, recording, arguments.rounds) for recording in (long, short)]
        browser.close()
    print_figures(long, short, *measured)
    missed = [name for name, values in measured[0].items() if not within_limit(name, values)]
    return 1 if missed else 0


def warm(browser: Any, url: str, recording: Recording) -> None:
    """Open a desk once, so that the server's first answers are not measured.

    Args:
        browser: the running browser
        url: the address of Clipper
        recording: the recording to open
    """
    context, page = open_desk(browser, url, recording)
    page.keyboard.press("ArrowDown")
    context.close()


def open_desk(browser: Any, url: str, recording: Recording) -> tuple[Any, Any]:
    """Open the desk of a recording and wait for its clips.

    Args:
        browser: the running browser
        url: the address of Clipper
        recording: the recording to open

    Returns:
        The browser context, to be closed, and the page.
    """
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    page = context.new_page()
    page.add_init_script("if (location.protocol === 'http:') localStorage.setItem('clipper.reviewer', 'Ana')")
    page.add_init_script(METER)
    page.goto(f"{url}/review?project={recording.project_id}", wait_until="commit")
    page.wait_for_function("window.meter && meter.root()?.querySelectorAll('[role=option]').length > 1", polling=5)
    return context, page


def measure(browser: Any, stack: Any, recording: Recording, rounds: int) -> Figures:
    """Measure a reviewer's first minutes on the desk.

    Args:
        browser: the running browser
        stack: the running Clipper
        recording: the recording to open
        rounds: how often

    Returns:
        Every measured value by the name of its figure, in ms unless the name says otherwise.
    """
    figures: Figures = {}

    def add(name: str, *values: float) -> None:
        figures.setdefault(name, []).extend(values)

    for _ in range(rounds):
        context, page = open_desk(browser, stack.url, recording)
        key(page, "ArrowDown", SELECTED)
        add("ready for keys after opening", page.evaluate("performance.now()"))
        page.wait_for_timeout(1500)  # otherwise the rest of the page still loads while keys are measured
        long_before = page.evaluate("meter.long.length")
        add("key to visible: next clip", *(key(page, k, SELECTED) for k in ("ArrowDown", "ArrowUp")))
        add("key to visible: edge to the next silence", key(page, "]", EDGE))
        page.wait_for_timeout(600)
        add("key to visible: approve", key(page, "a", DECIDED))
        page.wait_for_function("meter.stored > meter.keyAt")
        add("key to stored: approve", page.evaluate("meter.stored - meter.keyAt"))
        assert is_stored(stack.url, recording), "a decision that was answered is not there"
        key(page, "z", DECIDED)
        for name, what in (("playing", playing), ("zooming", zooming), ("panning", panning)):
            page.evaluate("meter.frames.length = 0")
            what(page)
            frames = page.evaluate("meter.frames")
            assert frames, f"nothing was drawn while {name}"
            add(f"script in a frame: {name}", *frames)
        add("longest task after opening", max(page.evaluate(f"meter.long.slice({long_before})"), default=0))
        session = context.new_cdp_session(page)
        session.send("Performance.enable")
        heap = {m["name"]: m["value"] for m in session.send("Performance.getMetrics")["metrics"]}
        add("JS heap in MB", heap["JSHeapUsedSize"] / 1e6)
        context.close()
    return figures


def key(page: Any, name: str, mark: str) -> float:
    """Press a key and measure the time to the frame that shows its effect.

    Args:
        page: the page with the desk
        name: the key
        mark: a JavaScript expression whose value the key changes

    Returns:
        Milliseconds.
    """
    page.evaluate("(mark) => (window.changed = meter.untilChanged(mark), 0)", mark)
    page.keyboard.press(name)
    took: float = page.evaluate("changed")
    return took


def is_stored(url: str, recording: Recording) -> bool:
    """Ask the server, as another client would, whether the approval is there."""
    clips = httpx.get(f"{url}/api/projects/{recording.project_id}/clips").json()["clips"]
    return any(c["status"] == "approved" for c in clips)


def playing(page: Any) -> None:
    page.keyboard.press("Shift+Space")
    page.wait_for_timeout(3000)
    page.keyboard.press("k")


def zooming(page: Any) -> None:
    track = page.locator(".track").bounding_box()
    page.mouse.move(track["x"] + track["width"] / 2, track["y"] + 80)
    for step in range(60):
        page.mouse.wheel(0, -100 if step < 30 else 100)  # closer first: wider than the whole, the page would scroll
        page.wait_for_timeout(16)


def panning(page: Any) -> None:
    for step in range(60):
        page.mouse.wheel(120 if step < 30 else -120, 0)
        page.wait_for_timeout(16)


def limit_of(name: str) -> float | None:
    word = next((w for w in ("ready", "visible", "stored", "frame") if w in name), None)
    return LIMITS[word] if word else None


def within_limit(name: str, values: list[float]) -> bool:
    limit = limit_of(name)
    return limit is None or median(values) <= limit


def share(values: list[float], part: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def print_figures(long: Recording, short: Recording, of_long: Figures, of_short: Figures) -> None:
    """Print the figures of the long recording beside their limits and the short one's.

    Args:
        long: the long recording
        short: the short recording
        of_long: its figures
        of_short: the short one's figures
    """
    for one in (long, short):
        print(f"{one.minutes} min: {one.silences:,} silences, {one.words:,} words, {one.clips} clips")
    head = ("ms (median)", "limit", "long", "95 %", "most", "1 min", "ratio")
    print(f"\n{head[0]:<44}" + "".join(f"{h:>9}" for h in head[1:]))
    for name, values in of_long.items():
        limit, beside = limit_of(name), median(of_short[name])
        ratio = f"{median(values) / beside:.1f}x" if beside > 0.05 else "-"
        cells = [f"{limit:.0f}" if limit else "-", f"{median(values):.1f}", f"{share(values, 0.95):.1f}"]
        cells += [f"{max(values):.1f}", f"{beside:.1f}", ratio]
        print(f"{name:<44}" + "".join(f"{c:>9}" for c in cells) + ("" if within_limit(name, values) else "  MISSED"))


if __name__ == "__main__":
    raise SystemExit(main())
