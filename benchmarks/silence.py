"""The cost of the silence map beside decoding alone and beside other programs, on the same files in one run.

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
MAX_S = 900  # a run that takes longer is killed
BASE = "decode only"
PEERS = ("pydub", "librosa", "auto-editor", "webrtcvad")
STRICT = ("--json", "--threshold-db", "-40", "--min-silence-ms", "500")


@dataclass(frozen=True, slots=True)
class Cost:
    cpu_s: float
    wall_s: float
    megabytes: float


class DidNotRun(Exception):
    """A way failed or took too long; the last line of its output says why."""


@dataclass(slots=True)
class Way:
    """A command, and its goals: CPU and wall as ratios, megabytes."""

    name: str
    command: list[str]
    wanted: tuple[float | None, float | None, float | None] = (None, None, None)
    pairs: list[tuple[Cost, Cost]] = field(default_factory=list)  # decoding alone, and this
    problem: str = ""


def run(command: list[str], path_first: Path | None = None) -> Cost:
    """Run a command to its end and measure it.

    Raises:
        DidNotRun: if it fails or takes more than ``MAX_S``.
    """
    environment = dict(os.environ)
    if path_first is not None:
        environment["PATH"] = f"{path_first}{os.pathsep}{environment['PATH']}"
    with tempfile.TemporaryFile() as log:
        began = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=log, start_new_session=True
        )
        limit = threading.Timer(MAX_S, os.killpg, (process.pid, signal.SIGKILL))
        limit.start()
        # This usage has in it the children that it waited for; its size is that of the largest of them all.
        _, status, usage = os.wait4(process.pid, 0)
        limit.cancel()
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            log.seek(0)
            lines = log.read().decode(errors="replace").strip().splitlines()
            raise DidNotRun(lines[-1][:100] if lines else f"ended with {process.returncode}")
    return Cost(
        usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1024)
    )


def figures_of(*command: str) -> dict[str, float]:
    """The figures that one of our ways prints.

    Raises:
        DidNotRun: if it fails.
    """
    done = subprocess.run([sys.executable, WAYS, *command], cwd=ROOT, capture_output=True, text=True, timeout=MAX_S)
    if done.returncode:
        raise DidNotRun((done.stderr.strip().splitlines() or ["failed"])[-1][:100])
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


# -- the recordings


def talks_of(folder: Path, minutes: int) -> list[Path]:
    """Talks of ``minutes`` minutes as MP4 and as MP3, made unless they are there."""
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
    """Join a recording to itself without encoding it again.

    Args:
        path: the recording
        times: how often it is repeated
        folder: where the long one is written
    """
    listed, out = folder / "times.txt", folder / f"{times}-{path.name}"
    listed.write_text(f"file '{path.absolute()}'\n" * times)
    source = ["-f", "concat", "-safe", "0", "-i", str(listed)]
    # It complains of MP3s whose ends and beginnings meet, and goes on.
    subprocess.run([EXE, "-y", "-v", "fatal", *source, "-map", "0:a:0", "-c", "copy", str(out)], check=True)
    return out


def first_minutes(path: Path, minutes: int, folder: Path) -> Path:
    """Cut the beginning off a recording.

    Args:
        path: the recording
        minutes: how much of it
        folder: where the short one is written
    """
    out = folder / f"first-{path.name}"
    subprocess.run(
        [EXE, "-y", "-v", "error", "-i", str(path), "-t", str(60 * minutes), "-c", "copy", str(out)], check=True
    )
    return out


# -- whole processes


def ways(path: Path, folder: Path, peers: dict[str, str]) -> list[Way]:
    """All ways to compare, decoding alone first.

    Args:
        path: the recording
        folder: where files made on the way are written
        peers: other programs that can be run, each with its Python
    """
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
    """The other programs that can be run, each with its Python; prints the names of the rest."""
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
    """Run every way once on eleven seconds, so that compiling and filling caches is not measured."""
    for way in ways(ROOT / "tests" / "media" / "jfk.flac", folder, peers):
        try:
            run(way.command, path_first=folder / "bin")
        except DidNotRun as problem:
            print(f"left out, since it does not run: {way.name} ({problem})")
            peers.pop(way.name, None)


def compare(path: Path, rounds: int, folder: Path, peers: dict[str, str]) -> list[Way]:
    """Run every way in each round, right after decoding alone.

    Args:
        path: the recording
        rounds: how many times each way runs
        folder: where files made on the way are written
        peers: other programs that can be run, each with its Python
    """
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
    """Print the memory of mapping a recording six times as long, beside that of this one.

    Args:
        path: the recording
        folder: where the long one is written
        compared: the measured ways
    """
    short = max(cost.megabytes for way in compared if way.name == "map and peaks" for _, cost in way.pairs)
    long = repeated(path, 6, folder)
    cost = run([sys.executable, WAYS, "map", str(long)])
    long.unlink()
    print(f"\nsix times {path.name}: {cost.megabytes:.0f} MB, {cost.megabytes / short:.2f} times (wanted: ≤ 1.1 times)")


def print_parts(path: Path, folder: Path, minutes: int, cpu_s: float) -> None:
    """Print the times of single parts.

    Args:
        path: the recording
        folder: where files made on the way are written
        minutes: the length of the recording
        cpu_s: the processor seconds that decoding it takes
    """
    ten = first_minutes(path, 10, folder)
    strict = figures_of("strict", str(ten), EXE)
    times = strict["pydub_s"] / strict["ours_s"]
    same = "the same" if strict["same"] else "OTHER"
    ours_ms, pydub_s = strict["ours_s"] * 1e3, strict["pydub_s"]
    print(f"strict, 10 minutes at step 1: {ours_ms:.0f} ms of CPU, pydub {pydub_s:.1f} s:", end=" ")
    print(f"{times:.0f} times (wanted: ≥ 100), {same} {strict['silences']} silences")
    long = repeated(path, -(-180 // minutes), folder)
    parts = figures_of("parts", str(long))
    long.unlink()
    print(
        f"{parts['hours']:.1f} h stored: {parts['stored_mb']:.2f} MB (wanted: ≤ 6), read in {parts['read_ms']:.0f} ms"
    )
    print(f"its silences found again: {parts['adaptive_ms']:.1f} ms adaptive, {parts['fixed_ms']:.1f} ms fixed")
    print(f"figure of 3,000 silences: {parts['figure_ms']:.1f} ms (wanted: ≤ 30), {parts['figure_kb']:.0f} kB (≤ 250)")
    try:
        opinion = figures_of("second-opinion", str(folder / "speech.pcm"), "5")
    except DidNotRun as problem:
        print(f"second opinion: did not run: {problem}")
    else:
        print(f"second opinion: {opinion['cpu_s'] / (cpu_s * 5 / minutes):.1f} times the CPU of decoding")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recordings", nargs="*", type=Path, metavar="RECORDING", help="instead of made ones")
    parser.add_argument("--quick", action="store_true", help="ten minutes and one round")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--peers", type=Path, metavar="VENV", help="where the others are installed")
    parser.add_argument("--folder", type=Path, metavar="DIR", help="where made recordings are kept")
    options = parser.parse_args()
    minutes, rounds = (10, options.rounds or 1) if options.quick else (60, options.rounds or 3)
    peers = dict(installed(options.peers))
    with tempfile.TemporaryDirectory(prefix="clipper-bench-") as name:
        folder = Path(name)
        (folder / "bin").mkdir()
        (folder / "bin" / "ffmpeg").symlink_to(EXE)  # what looks for it on the PATH finds the same one
        warm_up(folder, peers)
        talk_folder = options.folder or folder
        talk_folder.mkdir(parents=True, exist_ok=True)
        for path in [p.absolute() for p in options.recordings] or talks_of(talk_folder.absolute(), minutes):
            compared = compare(path, rounds, folder, peers)
            print_table(path, compared)
            print_memory(path, folder, compared)
        if not options.recordings:
            print_parts(path, folder, minutes, alone_s(compared[0], "cpu_s"))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
