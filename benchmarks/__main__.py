"""Runs the benchmarks one after the other: ``python -m benchmarks [name …] [option …]``.

Options are handed to each, so name one when there are any: ``python -m benchmarks silence --quick``.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ALL = sorted(p.stem for p in HERE.glob("*.py") if not p.stem.startswith("_"))


def main() -> int:
    given = sys.argv[1:]
    options = next((i for i, argument in enumerate(given) if argument.startswith("-")), len(given))
    wanted = given[:options] or ALL
    if unknown := set(wanted) - set(ALL):
        print(f"no such benchmark: {', '.join(sorted(unknown))} (there are {', '.join(ALL)})", file=sys.stderr)
        return 2
    worst = 0
    for name in wanted:
        print(f"== {name}", flush=True)
        worst = max(worst, subprocess.run([sys.executable, str(HERE / f"{name}.py"), *given[options:]]).returncode)
    return worst


if __name__ == "__main__":
    raise SystemExit(main())
