"""What mapping the silences costs beside decoding alone, as whole processes in turn on the same file.

    python benchmarks/mapping.py [RECORDING] [--runs 3]

Prints processor time (user and system, children included) as ratios to FFmpeg decoding the sound to nothing, and the
largest process. Without a recording, an hour of speech-like sound in an MP4 is made first.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from clipper_core.adapters.ffmpeg import Ffmpeg  # noqa: E402

MAP = """
import sys
from pathlib import Path
from clipper_core.adapters.ffmpeg import Ffmpeg
from clipper_core.stages.map_silence import map_silence
speech = Path(sys.argv[2]) if len(sys.argv) > 2 else None
map_silence(Ffmpeg(), Path(sys.argv[1]), duration_ms=0, speech_path=speech)
"""


def measured(command: list[str]) -> tuple[float, float, float]:
    """Processor seconds, wall seconds, and megabytes of the largest process so far, of one run."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, time.perf_counter() - began, after.ru_maxrss / 1024


def made_hour(folder: Path, exe: str) -> Path:
    out = folder / "hour.mp4"
    loud = "volume='if(lt(mod(t,4),3),1,0.003)':eval=frame,aformat=channel_layouts=stereo"
    noise = f"anoisesrc=r=48000:c=pink:a=0.2:d=3600,{loud}"
    subprocess.run(
        [exe, "-v", "error", "-f", "lavfi", "-i", noise, "-c:a", "aac", "-b:a", "128k", str(out)], check=True
    )
    return out


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recording", nargs="?", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    asked = parser.parse_args()
    exe = str(Ffmpeg().exe)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = str((asked.recording or made_hour(folder, exe)).absolute())
        ways = {
            "decode only": [exe, "-v", "error", "-i", path, "-map", "0:a:0", "-f", "null", "-"],
            "silencedetect": [
                exe,
                "-v",
                "error",
                "-i",
                path,
                "-map",
                "0:a:0",
                "-af",
                "silencedetect",
                "-f",
                "null",
                "-",
            ],
            "map and peaks": [sys.executable, "-c", MAP, path],
            "map, peaks, speech sound": [sys.executable, "-c", MAP, path, str(folder / "speech")],
        }
        ratios: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
        largest: dict[str, float] = {}
        for _ in range(asked.runs):
            base_cpu, base_wall, _ = measured(ways["decode only"])
            for way, command in ways.items():
                cpu, wall, megabytes = measured(command)
                ratios[way].append((cpu / base_cpu, wall / base_wall))
                largest[way] = megabytes
        print(f"{'':26}{'CPU':>8}{'wall':>8}   (decode only = 1, median of {asked.runs})")
        for way, pairs in ratios.items():
            cpu, wall = (statistics.median(p[i] for p in pairs) for i in (0, 1))
            print(f"{way:26}{cpu:8.2f}{wall:8.2f}")
        print(f"largest process of all: {max(largest.values()):.0f} MB")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
