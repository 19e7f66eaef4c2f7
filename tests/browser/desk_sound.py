"""The sound of a player: recordings whose every moment can be told by its sound, and a recorder in the browser.

The sound is noise, no two moments of which are alike: ten milliseconds of what was recorded say where they are from.
The element's sound is taken down in two ways. ``captureStream`` has it as the browser prepares it for the loudspeaker,
which is earlier than it is heard; ``createMediaElementSource`` has it in the moment the clock of the element says.
"""

from __future__ import annotations

import base64
import io
import re
import subprocess
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import numpy as np
import numpy.typing as npt

from tests.browser.desk_api import SITE, Api, at_start

RATE = 8000
WINDOW = 80  # ten milliseconds
ALIKE, SURE = 0.7, 0.9  # where it was expected, and anywhere

Samples = npt.NDArray[np.float64]

EAR = """(way) => {
    const code = `registerProcessor('ear', class extends AudioWorkletProcessor {
        process(inputs) { const one = inputs[0][0];
            this.port.postMessage([one ? one.slice() : new Float32Array(128), Date.now()]); return true; } })`;
    window.heard = [];
    window.asked = []; // when each block was asked for, in milliseconds
    return (async () => {
        const context = new AudioContext({ sampleRate: 8000 });
        await context.audioWorklet.addModule(URL.createObjectURL(new Blob([code], { type: 'text/javascript' })));
        const ear = new AudioWorkletNode(context, 'ear');
        ear.port.onmessage = ({ data: [block, at] }) => {
            heard.push(block);
            asked.push(at);
        };
        const source = way === 'element'
            ? context.createMediaElementSource(video) : context.createMediaStreamSource(video.captureStream());
        source.connect(ear).connect(context.destination);
        await context.resume();
    })();
}"""
TAKE = """() => {
    const all = new Int16Array(heard.length * 128);
    heard.forEach((block, i) => block.forEach((v, k) => (all[i * 128 + k] = Math.max(-1, Math.min(1, v)) * 32767)));
    heard.length = 0;
    const bytes = new Uint8Array(all.buffer);
    let text = '';
    for (let i = 0; i < bytes.length; i += 32768) text += String.fromCharCode(...bytes.subarray(i, i + 32768));
    return btoa(text);
}"""


@cache
def noise(seconds: int) -> Samples:
    """Noise up to 2.5 kHz, the same each time."""
    sound = np.random.default_rng(5).standard_normal(seconds * RATE)
    smooth = np.hanning(7)
    sound = np.convolve(sound, smooth / smooth.sum(), "same")
    return np.asarray(np.clip(sound * 5000 / sound.std(), -32000, 32000))


def wav(seconds: int) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((1, 2, RATE, seconds * RATE, "NONE", ""))
        file.writeframes(noise(seconds).astype("<i2").tobytes())
    return out.getvalue()


def film(seconds: int, frames: int, folder: Path) -> bytes:
    """An MP4 with the noise as its sound."""
    sound, out = folder / "n.wav", folder / f"n{frames}.mp4"
    sound.write_bytes(wav(seconds))
    picture = f"testsrc=size=320x180:rate={frames}:duration={seconds}"
    coded = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", str(2 * frames)]
    coded += ["-ar", "48000", "-c:a", "aac", "-b:a", "160k", "-movflags", "+faststart"]
    given = ["-f", "lavfi", "-i", picture, "-i", str(sound)]
    subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *given, *coded, str(out)], check=True)
    return out.read_bytes()


@dataclass
class Run:
    """A stretch of the recording that was heard in one go, in seconds of the recording."""

    start_s: float
    end_s: float


def listen(page: Any, way: str = "stream") -> None:
    page.evaluate(EAR, way)


def heard(page: Any, seconds: int) -> list[Run]:
    """The sound since the last call; the page must be silent now."""
    data = base64.b64decode(page.evaluate(TAKE))
    return runs(np.frombuffer(data, "<i2").astype(float), noise(seconds))


def runs(sound: Samples, source: Samples) -> list[Run]:
    found: list[Run] = []
    at, shift = 0, None  # shift: where a sample of the source stands in the recording
    energy = np.sqrt(np.maximum(np.convolve(source**2, np.ones(WINDOW), "valid"), 1))
    while at + WINDOW <= len(sound):
        window = sound[at : at + WINDOW]
        strength = float(np.linalg.norm(window))
        if strength < WINDOW**0.5 * 60:
            at, shift = at + WINDOW // 2, None
            continue
        place = None if shift is None else _near(window, strength, source, energy, at + shift, 3)
        if place is None:
            place = _near(window, strength, source, energy, None, 0)
            if place is not None and found and abs(place / RATE - found[-1].end_s) < 0.06:
                shift = place - at  # played faster than recorded: the same run goes on
            elif place is not None:
                shift = place - at
                found.append(Run(place / RATE, 0.0))
        if place is None:
            at, shift = at + WINDOW // 10, None
            continue
        shift = place - at
        found[-1].end_s = (place + WINDOW) / RATE
        at += WINDOW // 10
    return [r for r in found if r.end_s - r.start_s > 0.015]


def _near(
    window: Samples, strength: float, source: Samples, energy: Samples, place: int | None, reach: int
) -> int | None:
    """The position the window was taken from: within ``reach`` of a place, or anywhere."""
    if place is not None:
        low = max(0, place - reach)
        part = source[low : place + reach + WINDOW]
        if len(part) < WINDOW:
            return None
        alike = np.correlate(part, window, "valid") / energy[low : low + len(part) - WINDOW + 1] / strength
    else:
        low = 0
        size = 1 << int(np.ceil(np.log2(len(source) + WINDOW)))
        whole = np.fft.irfft(_spectrum(len(source), size) * np.conj(np.fft.rfft(window, size)), size)
        alike = whole[: len(source) - WINDOW + 1] / energy / strength
    best = int(np.argmax(alike))
    return low + best if alike[best] > (ALIKE if place is not None else SURE) else None


@cache
def _spectrum(length: int, size: int) -> Any:
    return np.fft.rfft(noise(length // RATE), size)


class SoundApi(Api):
    """The desk's API with noise as its recording, and clips of one's own."""

    def __init__(self, sound: bytes, seconds: int, clips: list[list[tuple[float, float]]], frames: int = 0) -> None:
        super().__init__()
        self.sound, self.seconds, self.frames = sound, seconds, frames
        self.clips = [self.made(f"c{i}", spans) for i, spans in enumerate(clips)]

    def made(self, name: str, spans: list[tuple[float, float]]) -> dict[str, Any]:
        clip = self.clip(name, f"Clip {name}", *spans[0])
        return self.cut(clip, [{"start_s": a, "end_s": b} for a, b in spans])

    def project(self) -> dict[str, Any]:
        kind = {"kind": "video", "mime": "video/mp4"} if self.frames else {"kind": "audio", "mime": "audio/wav"}
        player = {"url": "/media-files/ast_1", **kind}
        about = {"duration_s": self.seconds, "has_video": bool(self.frames), "frame_rate": self.frames or None}
        return {**super().project(), **about, "player": player}

    def media(self, route: Any) -> None:
        asked = re.match(r"bytes=(\d+)-(\d*)", route.request.headers.get("range", "bytes=0-"))
        assert asked is not None
        start, end = int(asked[1]), int(asked[2] or len(self.sound) - 1)
        span = {"Content-Range": f"bytes {start}-{end}/{len(self.sound)}", "Accept-Ranges": "bytes"}
        mime = "video/mp4" if self.frames else "audio/wav"
        route.fulfill(status=206, body=self.sound[start : end + 1], headers={"Content-Type": mime, **span})

    def peaks(self, url: str) -> dict[str, Any]:
        return {"from_s": 0, "to_s": self.seconds, "resolution_ms": 100, "low": [-60] * 30, "high": [60] * 30}

    def api(self, route: Any, path: str, method: str) -> None:
        if path.endswith("/silence-map"):
            return route.fulfill(
                json={"revision": "m", "duration_s": self.seconds, "threshold_db": -40, "silences": []}
            )
        return super().api(route, path, method)


@contextmanager
def sounding_desk(browser: Any, api: SoundApi) -> Iterator[Any]:
    """The desk on a recording of noise, cued at the start of its first clip."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    broken: list[str] = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    page.route("**/*", api.answer)
    page.goto(SITE + "/")
    at_start(page, api.clips[0]["start_s"])
    yield page
    context.close()
    assert broken == [], broken


ALL_IN = """() => new Promise((done) => {
    const before = heard.length;
    const look = () => (heard.length > before + 12 ? done() : setTimeout(look, 20));
    look();
})"""
# How late the page's own timers were, in the last moments and since it plays, and how far apart the computer asked for
# sound: what being busy does to any player.
WATCH = """() => {
    const late = [];
    let before = performance.now();
    setInterval(() => {
        const now = performance.now();
        late.push(now - before);
        before = now;
    }, 4);
    video.addEventListener('play', () => (late.length = 0));
    video.addEventListener('pause', () => {
        window.lateAtTheEnd = Math.max(...late.slice(-100));
        window.latest = Math.max(...late);
    });
    window.starved = () => Math.max(0, ...asked.slice(1).map((at, i) => at - asked[i]));
}"""


def silent_again(page: Any, timeout: float = 60_000) -> None:
    """Wait until nothing plays, and for what the ear still has to hear."""
    page.wait_for_function("video.paused && !video.seeking", timeout=timeout)
    page.evaluate(ALL_IN)
