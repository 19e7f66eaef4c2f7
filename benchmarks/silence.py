"""What the silence map costs beside decoding alone and beside others, on the same files in one run.

    python benchmarks/silence.py [--quick] [--peers VENV] [--rounds 3] [--folder DIR] [RECORDING …]

Every way is a process of its own, in turn with the others in each round, right after FFmpeg decoding the same sound to
nothing. CPU is user and system time with all children; CPU and wall are medians of the ratios of such pairs. MB is the
largest process of a way. Without a RECORDING an hour of talk is made first, as MP4 and as MP3; ``--folder`` keeps
them for the next time. ``--quick`` takes ten minutes of it and one round.

Others that are not installed are named and left out. A place for all of them (auto-editor asks for a PyAV that has no
wheel any more, so it comes without what it asks for):

    uv venv --python 3.11 peers
    uv pip install --python peers/bin/python pydub librosa webrtcvad-wheels 'numpy<2' av==12.3.0 pillow ae-ffmpeg
    uv pip install --python peers/bin/python --no-deps auto-editor==23.32.1
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

# Nothing large may be imported here: a child's largest size begins with that of the process it was split from.
from clipper_core.adapters.media.ffmpeg import Ffmpeg  # noqa: E402

WAYS = str(Path(__file__).with_name("_silence_ways.py"))
EXE = str(Ffmpeg().exe)
LONGEST_S = 900  # no run takes more
BASE = "decode only"
PEERS = ("pydub", "librosa", "auto-editor", "webrtcvad")
STRICT = ("--json", "--threshold-db", "-40", "--min-silence-ms", "500")


@dataclass(frozen=True, slots=True)
class Cost:
    cpu_s: float
    wall_s: float
    megabytes: float


class DidNotRun(Exception):
    """A way failed or took too long; the last line of what it said."""


@dataclass(slots=True)
class Way:
    """A command, and what is wanted of it: CPU and wall as ratios, megabytes."""

    name: str
    command: list[str]
    wanted: tuple[float | None, float | None, float | None] = (None, None, None)
    pairs: list[tuple[Cost, Cost]] = field(default_factory=list)  # decoding alone, and this
    problem: str = ""


def run(command: list[str], path_first: Path | None = None) -> Cost:
    """Run to the end. Raises DidNotRun."""
    environment = dict(os.environ)
    if path_first is not None:
        environment["PATH"] = f"{path_first}{os.pathsep}{environment['PATH']}"
    with tempfile.TemporaryFile() as said:
        began = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=said, start_new_session=True
        )
        limit = threading.Timer(LONGEST_S, os.killpg, (process.pid, signal.SIGKILL))
        limit.start()
        # This usage has in it the children that it waited for; its size is that of the largest of them all.
        _, status, usage = os.wait4(process.pid, 0)
        limit.cancel()
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            lines = said.read().decode(errors="replace").strip().splitlines()
            raise DidNotRun(lines[-1][:100] if lines else f"ended with {process.returncode}")
    return Cost(
        usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1024)
    )


def told(*command: str) -> dict[str, float]:
    """What one of our ways printed. Raises DidNotRun."""
    done = subprocess.run([sys.executable, WAYS, *command], cwd=ROOT, capture_output=True, text=True, timeout=LONGEST_S)
    if done.returncode:
        raise DidNotRun((done.stderr.strip().splitlines() or ["failed"])[-1][:100])
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


# -- the recordings


def made_talks(folder: Path, minutes: int) -> list[Path]:
    """A talk of so many minutes as MP4 and as MP3; what is there is kept."""
    talks = [folder / f"talk{minutes}.mp4", folder / f"talk{minutes}.mp3"]
    if not all(t.is_file() for t in talks):
        print(f"making {minutes} minutes of talk …", flush=True)
        parts = [t.with_name("part-" + t.name) for t in talks]
        codecs = (["-c:a", "aac", "-b:a", "128k"], ["-c:a", "libmp3lame", "-b:a", "128k"])
        outputs = [o for codec, part in zip(codecs, parts, strict=True) for o in (*codec, str(part))]
        raw = ["-f", "s16le", "-ar", "48000", "-ch_layout", "stereo", "-i", "-"]
        with subprocess.Popen([sys.executable, WAYS, "talk", str(minutes), EXE], stdout=subprocess.PIPE) as talking:
            subprocess.run([EXE, "-y", "-v", "error", *raw, *outputs], stdin=talking.stdout, check=True)
        for part, talk in zip(parts, talks, strict=True):
            part.replace(talk)
    return talks


def repeated(path: Path, times: int, folder: Path) -> Path:
    """The same recording so many times over, without encoding anything."""
    listed, out = folder / "times.txt", folder / f"{times}-{path.name}"
    listed.write_text(f"file '{path.absolute()}'\n" * times)
    source = ["-f", "concat", "-safe", "0", "-i", str(listed)]
    # It complains of MP3s whose ends and beginnings meet, and goes on.
    subprocess.run([EXE, "-y", "-v", "fatal", *source, "-map", "0:a:0", "-c", "copy", str(out)], check=True)
    return out


def first_minutes(path: Path, minutes: int, folder: Path) -> Path:
    out = folder / f"first-{path.name}"
    subprocess.run(
        [EXE, "-y", "-v", "error", "-i", str(path), "-t", str(60 * minutes), "-c", "copy", str(out)], check=True
    )
    return out


# -- whole processes


def ways(path: Path, folder: Path, peers: dict[str, str]) -> list[Way]:
    sound = ["-map", "0:a:0"]
    here = [sys.executable, WAYS]
    name = str(path)
    ours = [
        Way(BASE, [EXE, "-v", "error", "-i", name, *sound, "-f", "null", "-"]),
        Way("silencedetect", [EXE, "-v", "error", "-i", name, *sound, "-af", "silencedetect", "-f", "null", "-"]),
        Way("map and peaks", [*here, "map", name], (1.4, 1.0, 120)),
        Way("map, peaks, speech sound", [*here, "map", name, str(folder / "speech.pcm")], (2.0, None, 120)),
        Way("silences --json", [sys.executable, "-m", "clipper_core", "silences", name, "--json"], (None, None, 120)),
        Way("the same, strict", [sys.executable, "-m", "clipper_core", "silences", name, *STRICT], (None, None, 120)),
    ]
    tool = str(Path(peers["auto-editor"]).with_name("auto-editor")) if "auto-editor" in peers else ""
    quiet = ["--no-open", "--quiet", "--export", "json", "--output", str(folder / "cuts.json")]
    theirs = {
        "pydub": ["pydub", name, EXE],
        "librosa": ["librosa", name],
        "webrtcvad": ["webrtcvad", name, EXE],
    }
    return [
        *ours,
        *(Way(p, [peers[p], WAYS, *arguments]) for p, arguments in theirs.items() if p in peers),
        *([Way("auto-editor", [tool, name, *quiet])] if tool else []),
    ]


def installed(venv: Path | None) -> Iterator[tuple[str, str]]:
    """The others that can be run, each with its Python; the rest is named."""
    pythons = [str(venv.absolute() / "bin" / "python")] if venv else []
    for peer in PEERS:
        module = peer.replace("-", "_")
        for python in [*pythons, sys.executable]:
            look = f"import importlib.util as i, sys; sys.exit(i.find_spec({module!r}) is None)"
            if Path(python).exists() and subprocess.run([python, "-c", look]).returncode == 0:
                yield peer, python
                break
        else:
            print(f"left out, since not installed: {peer} (--peers; see --help)")


def warm_up(folder: Path, peers: dict[str, str]) -> None:
    """Every way once on eleven seconds: what is compiled, cached or read for the first time is not to count."""
    for way in ways(ROOT / "tests" / "media" / "jfk.flac", folder, peers):
        try:
            run(way.command, path_first=folder / "bin")
        except DidNotRun as problem:
            print(f"left out, since it does not run: {way.name} ({problem})")
            peers.pop(way.name, None)


def compare(path: Path, rounds: int, folder: Path, peers: dict[str, str]) -> list[Way]:
    base, *others = ways(path, folder, peers)
    run(base.command)  # reads the file into memory
    for _ in range(rounds):
        for way in [way for way in others if not way.problem]:
            alone = run(base.command)
            base.pairs.append((alone, alone))
            try:
                way.pairs.append((alone, run(way.command, path_first=folder / "bin")))
            except DidNotRun as problem:
                way.problem = str(problem)
    return [base, *others]


def median(way: Way, what: str) -> float:
    ratios: list[float] = [getattr(cost, what) / getattr(alone, what) for alone, cost in way.pairs]
    return statistics.median(ratios)


def alone_s(base: Way, what: str) -> float:
    costs: list[float] = [getattr(cost, what) for cost, _ in base.pairs]
    return statistics.median(costs)


def print_table(path: Path, compared: list[Way]) -> None:
    base = compared[0]
    print(f"\n{path.name}: {BASE} takes {alone_s(base, 'cpu_s'):.2f} s of CPU, {alone_s(base, 'wall_s'):.2f} s of wall")
    print(f"{'':26}{'CPU':>8}{'wall':>8}{'MB':>8}   wanted: CPU, wall, MB")
    for way in compared:
        if not way.pairs:
            print(f"{way.name:26} did not run: {way.problem}")
            continue
        largest = max(cost.megabytes for _, cost in way.pairs)
        wanted = ", ".join("–" if w is None else f"≤ {w:g}" for w in way.wanted) if any(way.wanted) else ""
        ratios = f"{median(way, 'cpu_s'):8.2f}{median(way, 'wall_s'):8.2f}"
        print(f"{way.name:26}{ratios}{largest:8.0f}   {wanted}".rstrip())
    sys.stdout.flush()


# -- single parts


def print_memory(path: Path, folder: Path, compared: list[Way]) -> None:
    """The map of a recording six times as long, beside that of this one."""
    short = max(cost.megabytes for way in compared if way.name == "map and peaks" for _, cost in way.pairs)
    long = repeated(path, 6, folder)
    cost = run([sys.executable, WAYS, "map", str(long)])
    long.unlink()
    print(f"\nsix times {path.name}: {cost.megabytes:.0f} MB, {cost.megabytes / short:.2f} times (wanted: ≤ 1.1 times)")


def print_parts(path: Path, folder: Path, minutes: int, cpu_s: float) -> None:
    """``cpu_s`` is what decoding ``minutes`` of the recording takes."""
    ten = first_minutes(path, 10, folder)
    found = told("strict", str(ten), EXE)
    times = found["pydub_s"] / found["ours_s"]
    same = "the same" if found["same"] else "OTHER"
    print(
        f"strict, 10 minutes at step 1: {found['ours_s'] * 1e3:.0f} ms of CPU, pydub {found['pydub_s']:.1f} s:", end=" "
    )
    print(f"{times:.0f} times (wanted: ≥ 100), {same} {found['silences']} silences")
    long = repeated(path, -(-180 // minutes), folder)
    of_it = told("parts", str(long))
    long.unlink()
    print(
        f"{of_it['hours']:.1f} h stored: {of_it['stored_mb']:.2f} MB (wanted: ≤ 6), read in {of_it['read_ms']:.0f} ms"
    )
    print(f"its silences found again: {of_it['adaptive_ms']:.1f} ms adaptive, {of_it['fixed_ms']:.1f} ms fixed")
    print(f"figure of 3,000 silences: {of_it['figure_ms']:.1f} ms (wanted: ≤ 30), {of_it['figure_kb']:.0f} kB (≤ 250)")
    try:
        heard = told("second-opinion", str(folder / "speech.pcm"), "5")
    except DidNotRun as problem:
        print(f"second opinion: did not run: {problem}")
    else:
        print(f"second opinion: {heard['cpu_s'] / (cpu_s * 5 / minutes):.1f} times the CPU of decoding")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recordings", nargs="*", type=Path, metavar="RECORDING", help="instead of made ones")
    parser.add_argument("--quick", action="store_true", help="ten minutes and one round")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--peers", type=Path, metavar="VENV", help="where the others are installed")
    parser.add_argument("--folder", type=Path, metavar="DIR", help="where made recordings are kept")
    asked = parser.parse_args()
    minutes, rounds = (10, asked.rounds or 1) if asked.quick else (60, asked.rounds or 3)
    peers = dict(installed(asked.peers))
    with tempfile.TemporaryDirectory(prefix="clipper-bench-") as name:
        folder = Path(name)
        (folder / "bin").mkdir()
        (folder / "bin" / "ffmpeg").symlink_to(EXE)  # what looks for it on the PATH finds the same one
        warm_up(folder, peers)
        kept = asked.folder or folder
        kept.mkdir(parents=True, exist_ok=True)
        for path in [p.absolute() for p in asked.recordings] or made_talks(kept.absolute(), minutes):
            compared = compare(path, rounds, folder, peers)
            print_table(path, compared)
            print_memory(path, folder, compared)
        if not asked.recordings:
            print_parts(path, folder, minutes, alone_s(compared[0], "cpu_s"))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
