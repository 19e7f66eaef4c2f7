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
    arguments = sys.argv[1:]
    options = next((i for i, argument in enumerate(arguments) if argument.startswith("-")), len(arguments))
    names = arguments[:options] or ALL
    if unknown := set(names) - set(ALL):
        print(f"no such benchmark: {', '.join(sorted(unknown))} (there are {', '.join(ALL)})", file=sys.stderr)
        return 2
    exit_code = 0
    for name in names:
        print(f"== {name}", flush=True)
        command = [sys.executable, str(HERE / f"{name}.py"), *arguments[options:]]
        exit_code = max(exit_code, subprocess.run(command).returncode)
    return exit_code


if __name__ == "__main__":
    raise SystemExit(main())
