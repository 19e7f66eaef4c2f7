"""The parser, and the options that several commands share."""

from __future__ import annotations

import argparse
import math
import sys
from typing import TYPE_CHECKING, NoReturn

from clipper_core.command_line.output import complain

if TYPE_CHECKING:
    # argparse exports no name for what add_subparsers returns, and it can be subscripted only in annotations.
    Commands = argparse._SubParsersAction["Parser"]


class Parser(argparse.ArgumentParser):
    """argparse, with its errors as one line: ``usage: sentence``."""

    def error(self, message: str) -> NoReturn:
        sys.exit(complain("usage", f"{message} (see {self.prog} --help)", 2))


def add_lengths(parser: argparse.ArgumentParser) -> None:
    """Add the options that say how many clips are proposed, and how long."""
    parser.add_argument("--max-clips", type=count, default=12)
    parser.add_argument("--min-length", type=seconds, default=20.0, metavar="S")
    parser.add_argument("--max-length", type=seconds, default=90.0, metavar="S")


def add_track(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--track", type=count, default=0, help="which sound track, counted from 0")


def seconds(text: str) -> float:
    """A time from an option. Raises ArgumentTypeError below 0, and for what is no finite number."""
    value = float(text)
    if not (math.isfinite(value) and value >= 0):
        raise argparse.ArgumentTypeError(f"{text} is not a time in seconds")
    return value


def count(text: str) -> int:
    """A whole number from an option. Raises ArgumentTypeError below 0."""
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text} is below 0")
    return value
