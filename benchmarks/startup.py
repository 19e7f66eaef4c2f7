"""How long short commands take from the shell, beside the imports they can't do without: ``--rounds N``.

The commands run by turns, so that a busy moment of the computer falls on all of them. ``--against PATH`` names another
checkout, with an environment of its own in ``.venv``, whose commands take their turns as well.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import imageio_ffmpeg

ROOT = Path(__file__).resolve().parents[1]
MINUTE_S = 60

Command = tuple[list[str], Path]


def write_minute(path: Path) -> None:
    """A minute of the sample, read again where it is over, as AAC."""
    source = ["-stream_loop", "-1", "-i", str(ROOT / "sample" / "sonnet.mp3"), "-t", str(MINUTE_S)]
    coded = ["-c:a", "aac", "-b:a", "128k", str(path)]
    subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *source, *coded], check=True)


def commands(minute: Path, against: Path | None) -> dict[str, Command]:
    """The timed commands by name: a command line, and the folder in which it runs."""
    python = sys.executable
    timed: dict[str, Command] = {
        "python alone": ([python, "-c", "pass"], ROOT),
        "import numpy": ([python, "-c", "import numpy"], ROOT),
        "import numpy, av": ([python, "-c", "import numpy, av"], ROOT),
    }
    checkouts = {"here": (python, ROOT)}
    if against is not None:
        checkouts["there"] = (str(against / ".venv" / "bin" / "python"), against)
    for arguments in (["--help"], [str(minute)]):
        shown = "silences --help" if arguments == ["--help"] else "silences, one minute"
        for name, (interpreter, folder) in checkouts.items():
            timed[f"{shown}, {name}"] = ([interpreter, "-m", "clipper_core", "silences", *arguments], folder)
    return timed


def wall_s(command: Command) -> float:
    arguments, folder = command
    # Compiled modules are kept, as everywhere but where tests forbid it: compiling is not what is measured.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    began = time.perf_counter()
    subprocess.run(arguments, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--against", type=Path, metavar="PATH", help="another checkout, timed in the same run")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        minute = Path(folder) / "minute.m4a"
        write_minute(minute)
        timed = commands(minute, args.against.resolve() if args.against else None)
        for command in timed.values():  # files are read from the disk, and modules compiled, once before
            wall_s(command)
        walls: dict[str, list[float]] = {name: [] for name in timed}
        for _ in range(args.rounds):
            for name, command in timed.items():
                walls[name].append(wall_s(command))
    print(f"{'wall, seconds':32} median    least")
    for name, taken in walls.items():
        print(f"{name:32} {median(taken):6.3f}   {min(taken):6.3f}")
    for shown in ("silences --help", "silences, one minute") if args.against else ():
        here, there = (walls[f"{shown}, {name}"] for name in ("here", "there"))
        print(f"{shown}: {median(here) / median(there):.2f} of the time there, least {min(here) / min(there):.2f}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
