"""Output of the commands: errors and progress on stderr, answers on stdout."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any


def complain(code: str, sentence: str, exit_code: int) -> int:
    """Print an error as one line on stderr.

    Args:
        code: The error's code, such as ``usage``.
        sentence: The error in words.
        exit_code: The exit code of the command.

    Returns:
        ``exit_code``.
    """
    print_message(code, sentence)
    return exit_code


def print_message(code: str, sentence: str) -> None:
    """Print ``code: sentence`` as one line on stderr, without characters that steer a terminal."""
    shown = "".join(c if c.isprintable() else " " for c in sentence)
    print(f"{code}: {shown}", file=sys.stderr)


def print_json(value: Any) -> int:
    """Print the one object of ``--json``. Returns the exit code."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()
    return 0


def write_json(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1), encoding="utf-8")


def clock(s: float) -> str:
    """Seconds as ``m:ss.s``, with hours where there are some."""
    minutes, rest = divmod(round(s * 10), 600)
    hours, minutes = divmod(minutes, 60)
    tail = f"{minutes:02d}:{rest / 10:04.1f}"
    return f"{hours}:{tail}" if hours else tail


class Progress:
    """One line on a terminal with the step and how far it is; nothing where stderr is a file or a pipe."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._shown_at = 0.0

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()

    def __call__(self, step: str, fraction: float) -> None:
        if self._live and (time.monotonic() - self._shown_at > 0.1 or fraction >= 1):
            self._shown_at = time.monotonic()
            sys.stderr.write(f"\r\033[K{step} … {fraction:.0%}")
            sys.stderr.flush()
