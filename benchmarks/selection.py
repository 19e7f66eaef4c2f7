"""How good the proposed clips are, on recordings that people have labelled, beside other methods.

    python benchmarks/selection.py [--mode full|bare|none ...] [--half 0|1] [--prefix ami_|btc_]

Needs the labelled transcripts and their evaluator in ``../shared/eval``. A selector sees the words, the duration and
the silences, nothing else. ``bare`` takes the punctuation and capitals away and calls the words a draft; ``none`` takes
all words away. The weights were set on half 0 of the recordings (by series), so half 1 is the fairer judge.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from clipper_core.domain.silence import FLOOR_DB, Silence, SilenceMap  # noqa: E402
from clipper_core.domain.time_range import milliseconds, seconds  # noqa: E402
from clipper_core.domain.transcript import Transcript, Word, sentences_of  # noqa: E402
from clipper_core.stages.cuts.snap import silences_from_words  # noqa: E402
from clipper_core.stages.selection.propose import propose_clips  # noqa: E402

EVAL = ROOT.parent / "shared" / "eval"
MODES = ("full", "bare", "none")
COLUMNS = (
    "clean_cut",
    "dangling_start",
    "topic_cross",
    "topic_cross_exp",
    "hl_lift",
    "ndcg",
    "difference",
    "slowest_s",
)

# Other methods as ../shared/eval/README.md states them, in the order of the columns.
OTHERS: tuple[tuple[str, str, str, tuple[float | None, ...]], ...] = (
    ("full", "ami_", "random windows", (0.03, 0.27, 0.155, 0.162, 1.05, 0.46)),
    ("full", "ami_", "longest pauses", (0.76, 0.44, 0.172, 0.165, 0.78, 0.32)),
    ("full", "ami_", "keyword greedy", (0.14, 0.33, 0.123, 0.156, 0.92, 0.41)),
    ("full", "ami_", "the method to beat", (0.994, 0.05, 0.032, 0.144, 1.28, 0.57)),
    ("bare", "ami_", "the method to beat", (0.63, 0.07, 0.054, 0.139, 1.25, 0.54)),
    ("none", "ami_", "the method to beat", (0.65, 0.39, 0.081, 0.134, 1.26, 0.55)),
    ("full", "btc_", "the method to beat", (None, None, None, None, None, None, -0.074)),
)


def evaluator() -> ModuleType:
    """The script that defines the metrics, as a module."""
    spec = importlib.util.spec_from_file_location("evaluate", EVAL / "evaluate.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def visible(recording: dict[str, Any], mode: str) -> tuple[Transcript | None, SilenceMap]:
    """The words and silences of a recording that a selector may see in a mode."""
    duration_ms = milliseconds(recording["duration"])
    words = words_of(recording, bare=mode == "bare")
    measured = recording["gold"]["silences"]
    if measured is None:
        silences = silences_from_words(words, duration_ms)
    else:
        labelled = (Silence(milliseconds(a), min(duration_ms, milliseconds(b)), FLOOR_DB) for a, b in measured)
        silences = SilenceMap(duration_ms, tuple(labelled))
    if mode == "none":
        return None, silences
    return Transcript("labelled", recording["lang"], words, sentences_of(words), draft=mode == "bare"), silences


def words_of(recording: dict[str, Any], bare: bool) -> tuple[Word, ...]:
    """The words in reading order. A few start before the one they follow; they are moved to its start."""
    words: list[Word] = []
    for word in recording["words"]:
        start = max(milliseconds(word["start"]), words[-1].start_ms if words else 0)
        text = word["w"].rstrip(".,?!;:").lower() if bare else word["w"]
        words.append(Word(text, start, max(start, milliseconds(word["end"]))))
    return tuple(words)


def half_of(series: str) -> int:
    return int(hashlib.md5(series.encode()).hexdigest(), 16) % 2


def figures(judge: ModuleType, recordings: dict[str, Any], mode: str) -> dict[str, float]:
    """Propose clips for every recording and judge them.

    Args:
        judge: the evaluator
        recordings: labelled recordings by id
        mode: how much the selector may see, one of ``MODES``

    Returns:
        The mean of every metric, and the processor time of the slowest recording in seconds.
    """
    sums: dict[str, list[float]] = {}
    slowest = 0.0
    for recording in recordings.values():
        transcript, silences = visible(recording, mode)
        began = time.process_time()
        proposals = propose_clips(transcript, silences)
        slowest = max(slowest, time.process_time() - began)
        clips = [
            {"start": seconds(p.span.start_ms), "end": seconds(p.span.end_ms), "score": p.score} for p in proposals
        ]
        judged = judge.Rec(recording)
        judged.hl = None if judged.moments else judged.hl  # six podcasts with excerpts are too few to say anything
        for name, value in judge.eval_rec(judged, clips, judged.k).items():
            sums.setdefault(name, []).append(float(value))
    out = {name: sum(values) / len(values) for name, values in sums.items()}
    out["difference"] = out["topic_cross"] - out["topic_cross_exp"]
    return {**out, "slowest_s": slowest}


def line(method: str, values: Sequence[float | None]) -> str:
    return f"{method:20}" + "".join(f"{'–' if v is None else format(v, '.3f'):>16}" for v in values)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mode", choices=MODES, action="append")
    parser.add_argument("--half", type=int, choices=(0, 1))
    parser.add_argument("--prefix", choices=("ami_", "btc_"), action="append")
    options = parser.parse_args()
    if not EVAL.is_dir():
        print(f"No labelled recordings at {EVAL}.")
        return 0
    judge = evaluator()
    for prefix in options.prefix or ["ami_", "btc_"]:
        recordings = judge.load(str(EVAL / "dev"), prefix)
        chosen = {i: r for i, r in recordings.items() if options.half in (None, half_of(judge.cluster(i)))}
        for mode in options.mode or MODES:
            print(f"\n{prefix}  {mode}  {len(chosen)} recordings")
            print(" " * 20 + "".join(f"{column:>16}" for column in COLUMNS))
            for *_, method, values in (o for o in OTHERS if o[:2] == (mode, prefix)):
                print(line(method, values))
            means = figures(judge, chosen, mode)
            print(line("Clipper", [means.get(column) for column in COLUMNS]), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
