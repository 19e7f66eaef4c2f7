"""Runs one command: parses its options, and turns what it raises into one line and an exit code.

Exit 0; 2 bad usage or a refused input; 1 failed here; 130 interrupted. An error is one line on stderr:
``code: sentence``.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

# A command imports what it needs when it runs: listing silences has no use for a database, a queue or a recogniser,
# and ``--help`` for none of the libraries.
from clipper_core.command_line.clips import add_process, add_propose, add_render
from clipper_core.command_line.move import add_move
from clipper_core.command_line.options import Parser
from clipper_core.command_line.output import complain
from clipper_core.command_line.server import add_server
from clipper_core.command_line.silences import add_silences
from clipper_core.errors import ClipperError, Refused


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that ``arguments`` name, those of the shell by default. Returns the exit code."""
    signal.signal(signal.SIGTERM, _interrupted)
    try:
        args = new_parser().parse_args(arguments)
        run: Callable[[argparse.Namespace], int] = args.run
        return run(args)
    except Refused as error:
        return complain(error.code, error.message, 2)
    except ClipperError as error:
        return complain(error.code, error.message, 1)
    except KeyboardInterrupt:
        return complain("interrupted", "Stopped before the end; nothing half-made was left behind.", 130)
    except BrokenPipeError:
        # The reader of the output has gone; Python must not fail again while closing it.
        sys.stdout = None
        return 0
    except (OSError, MemoryError) as error:
        return complain("failed", _about(error), 1)
    except Exception as error:  # a bug of ours is one line too
        return complain(ClipperError.code, f"{ClipperError().message} ({_about(error)})", 1)


def _about(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return f"{type(error).__name__}: {error}"


def _interrupted(_number: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt


def new_parser() -> Parser:
    """The parser of all commands, in the order of the help."""
    parser = Parser(prog="python -m clipper_core", description="Long recordings into short clips.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=Parser)
    for add in (add_process, add_silences, add_propose, add_render, add_server, add_move):
        add(commands)
    return parser
