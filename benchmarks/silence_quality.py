"""How well silences are found under noise and music, on talks whose pauses are known, beside other ways.

    python benchmarks/silence_quality.py [--talks 3] [--minutes 3] [--seed 1] [--folder TALKS]

Talks are made by ``../shared/tools/make_talk.py`` (needs flite; a minute for three) from transcripts that the seed
chooses; a folder holds talks it made before with ``--noise-db -100``, as NAME.wav and NAME.json.
Under each lies white noise at -60, -45 or -35 dBFS, or music-like tones at -40, -30 or -25 dBFS over noise at -60.

F1 is counted by time over the pauses of 0.2 s or more, for silences of 0.2 s or more; what lies within 20 ms of a true
edge is left out. Ours sees the recording alone, as does the percentile; those marked * get their best threshold, or
mode, for each talk and bed by hindsight. pydub and webrtcvad are measured where they are installed.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import mean, median
from typing import NamedTuple

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from clipper_core.adapters.media.ffmpeg import Ffmpeg  # noqa: E402
from clipper_core.stages.silence.map_silence import map_silence  # noqa: E402
from clipper_core.stages.sound.decode import SoundTrack  # noqa: E402

SHARED = ROOT.parent / "shared"
RATE = 48_000
MIN_MS, NEAR_MS = 200, 20
# Noise and music in dBFS, and the F1 to reach.
BEDS: dict[str, tuple[float, float | None, float]] = {
    "noise -60": (-60, None, 0.995),
    "noise -45": (-45, None, 0.99),
    "noise -35": (-35, None, 0.97),
    "music -40": (-60, -40, 0.97),
    "music -30": (-60, -30, 0.93),
    "music -25": (-60, -25, 0.85),
}
MAX_S = 20 * 60

Spans = list[tuple[int, int]]
Way = Callable[["Talk"], float]


class Talk(NamedTuple):
    """A WAV file, its sound as (samples, channels), the level of its 10 ms frames in dBFS, and its true pauses."""

    path: Path
    sound: np.ndarray
    levels: np.ndarray
    pauses: Spans

    @property
    def duration_ms(self) -> int:
        return len(self.sound) * 1_000 // RATE


def f1(found: Spans, talk: Talk) -> float:
    """The harmonic mean of precision and recall, by time; see the head of this file."""
    claimed, right, counts = (np.zeros(talk.duration_ms + 1, bool) for _ in range(3))
    counts[:] = True
    for start, end in talk.pauses:
        right[start:end] = True
        for edge in (start, end):
            counts[max(0, edge - NEAR_MS) : edge + NEAR_MS] = False
    for start, end in found:
        if end - start >= MIN_MS:
            claimed[start:end] = True
    both = np.count_nonzero(claimed & right & counts)
    either = np.count_nonzero(claimed & counts) + np.count_nonzero(right & counts)
    return 2 * int(both) / max(1, int(either))


def below(levels: np.ndarray, threshold_db: float) -> Spans:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], levels <= threshold_db, [False]]).astype(np.int8)))
    return [(a * 10, b * 10) for a, b in edges.reshape(-1, 2).tolist()]


def ours(talk: Talk) -> float:
    found = map_silence(Ffmpeg(), SoundTrack(talk.path, 0, talk.duration_ms))
    return f1([(s.start_ms, s.end_ms) for s in found.silence_map.silences], talk)


def silencedetect(talk: Talk) -> float:
    return max(f1(_silencedetect(talk, threshold), talk) for threshold in range(-57, -17, 3))


def _silencedetect(talk: Talk, threshold_db: float) -> Spans:
    only = ["-af", f"silencedetect=noise={threshold_db}dB:d={MIN_MS / 1000}", "-f", "null", "-"]
    command = [str(Ffmpeg().exe), "-hide_banner", "-nostdin", "-i", str(talk.path), *only]
    log = subprocess.run(command, check=True, capture_output=True, text=True).stderr
    starts, ends = ([float(x) for x in re.findall(rf"silence_{side}: (-?[\d.]+)", log)] for side in ("start", "end"))
    ends.append(talk.duration_ms / 1_000)
    return [(max(0, round(a * 1_000)), round(b * 1_000)) for a, b in zip(starts, ends, strict=False)]


def fixed_level(talk: Talk) -> float:
    return max(f1(below(talk.levels, threshold), talk) for threshold in np.arange(-90, -15, 1.0))


def percentile(talk: Talk) -> float:
    return f1(below(talk.levels, float(np.percentile(talk.levels, 10)) + 5), talk)


def pydub(talk: Talk) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pydub import AudioSegment
        from pydub.silence import detect_silence
    segment = AudioSegment(talk.sound[:, :1].tobytes(), sample_width=2, frame_rate=RATE, channels=1)
    return max(f1([tuple(s) for s in detect_silence(segment, MIN_MS, t, 10)], talk) for t in range(-54, -18, 6))


def webrtcvad(talk: Talk) -> float:
    import webrtcvad as peer

    frame = RATE // 100
    one = np.ascontiguousarray(talk.sound[: len(talk.sound) // frame * frame, 0])
    best = 0.0
    for mode in range(4):
        vad = peer.Vad(mode)
        voice = [vad.is_speech(part.tobytes(), RATE) for part in one.reshape(-1, frame)]
        best = max(best, f1(below(np.array(voice, float), 0.5), talk))
    return best


WAYS: dict[str, tuple[Way, str | None]] = {
    "Clipper": (ours, None),
    "silencedetect *": (silencedetect, None),
    "fixed level, 10 ms *": (fixed_level, None),
    "10th percentile + 5 dB": (percentile, None),
    "pydub, step 10 *": (pydub, "pydub"),
    "webrtcvad *": (webrtcvad, "webrtcvad"),
}


def clean_talks(folder: Path, talks: int, minutes: float, seed: int) -> Iterator[Path]:
    """Make talks without noise, one after the other.

    Args:
        folder: where they are written
        talks: how many
        minutes: the length of each
        seed: chooses their transcripts and voices
    """
    transcripts = sorted((SHARED / "eval" / "dev").glob("*.json.gz"))
    for i, k in enumerate(np.random.default_rng(seed).choice(len(transcripts), talks, replace=False).tolist()):
        path = folder / f"talk{i}.wav"
        more = ["--minutes", str(minutes), "--seed", str(1_000 * seed + i), "--noise-db", "-100"]
        maker = SHARED / "tools" / "make_talk.py"
        subprocess.run([sys.executable, maker, transcripts[k], path, *more], check=True, stdout=subprocess.DEVNULL)
        yield path


def under(clean: Path, bed: str, folder: Path) -> Talk:
    """Lay a bed of noise or music under a talk; the same for the same talk.

    Args:
        clean: the talk, a WAV file with its pauses in a JSON file beside it
        bed: a name from ``BEDS``
        folder: where the WAV file is written
    """
    with wave.open(str(clean)) as file:
        sound = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2).astype(np.float32)
    noise_db, music_db, _ = BEDS[bed]
    rng = np.random.default_rng(len(sound))
    out = np.empty(sound.shape, np.int16)
    music = tones(len(sound), music_db) if music_db is not None else np.zeros(len(sound), np.float32)
    for i in range(0, len(sound), RATE):
        part = sound[i : i + RATE] + music[i : i + RATE, None]
        part += np.asarray(rng.normal(0, 32_768 * 10 ** (noise_db / 20), part.shape), np.float32)
        out[i : i + RATE] = part.clip(-32_768, 32_767)
    path = folder / "bed.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(out.tobytes())
    whole = out[: len(out) // 480 * 480].astype(np.float32).reshape(-1, 960)
    levels = 10 * np.log10(np.maximum(np.mean(whole**2, axis=1) / 32_768**2, 1e-12))
    pauses = json.loads(clean.with_suffix(".json").read_text())["pauses"]
    return Talk(path, out, levels, [(round(p["start_s"] * 1_000), round(p["end_s"] * 1_000)) for p in pauses])


def tones(samples: int, music_db: float) -> np.ndarray:
    """Music as make_talk makes it: four tones that swell and fade."""
    t = np.arange(samples) / RATE
    music = np.zeros(samples, np.float32)
    for k, hz in enumerate((110, 164.81, 220, 329.63)):
        music += (np.sin(2 * np.pi * hz * t) * (0.6 + 0.4 * np.sin(2 * np.pi * t / (5 + 2 * k)))).astype(np.float32)
    return music * np.float32(32_768 * 10 ** (music_db / 20) / np.sqrt(np.mean(music**2)))


def scores_by_way(talks: Iterator[Path], folder: Path) -> dict[tuple[str, str], list[float]]:
    """The F1 of every way under every bed, one number for each talk."""
    ways = {name: way for name, (way, needs) in WAYS.items() if not needs or importlib.util.find_spec(needs)}
    for name in WAYS.keys() - ways.keys():
        print(f"{name}: not installed, left out")
    scores: dict[tuple[str, str], list[float]] = {}
    began = time.monotonic()
    for clean in talks:
        if time.monotonic() - began > MAX_S:
            print("enough time has passed: the talks that are left are left out")
            break
        for bed in BEDS:
            talk = under(clean, bed, folder)
            for name, way in ways.items():
                scores.setdefault((name, bed), []).append(way(talk))
        print(f"{clean.stem}: {talk.duration_ms / 1000:.0f} s, {len(talk.pauses)} pauses", flush=True)
    return scores


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--talks", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    if options.folder is None and not ((SHARED / "tools").is_dir() and (SHARED / "eval").is_dir()):
        print(f"Nothing to make talks with at {SHARED}.")
        return 0
    if options.folder is None and shutil.which("flite") is None:
        print("Talks are made with flite, which is not installed.")
        return 0
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        talks = clean_talks(folder, options.talks, options.minutes, options.seed)
        scores = scores_by_way(iter(sorted(options.folder.glob("*.wav"))) if options.folder else talks, folder)
    for title, middle in (("mean", mean), ("median", median), ("worst", min)):
        print(f"\nF1, {title} over talks".ljust(31) + "".join(f"{bed:>12}" for bed in BEDS))
        for name in dict.fromkeys(name for name, _ in scores):
            print(f"{name:30}" + "".join(f"{middle(scores[name, bed]):12.3f}" for bed in BEDS))
        if title == "mean":
            print(f"{'to reach':30}" + "".join(f"{goal:12.3f}" for _, _, goal in BEDS.values()))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
