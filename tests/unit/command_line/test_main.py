"""Exit codes: whatever a command raises ends as one line on stderr."""

from __future__ import annotations

import argparse

import pytest

from clipper_core.command_line import main as module
from clipper_core.command_line.options import Parser
from clipper_core.errors import BadRange, DiskFull


def parser_of(error: BaseException) -> Parser:
    """A parser whose only command raises ``error``."""

    def run(_: argparse.Namespace) -> int:
        raise error

    parser = Parser(prog="python -m clipper_core")
    parser.add_subparsers(required=True, parser_class=Parser).add_parser("run").set_defaults(run=run)
    return parser


@pytest.mark.parametrize(
    ("error", "exit_code", "line"),
    [
        (BadRange(), 2, f"bad_range: {BadRange.__doc__}"),
        (DiskFull(), 1, f"disk_full: {DiskFull.__doc__}"),
        (KeyboardInterrupt(), 130, "interrupted: Stopped before the end; nothing half-made was left behind."),
        (PermissionError(13, "Permission denied", "out.json"), 1, "failed: Permission denied: out.json"),
        (MemoryError("of no use"), 1, "failed: MemoryError: of no use"),
        (ValueError("two\nlines\x1b[2J"), 1, "ValueError: two lines [2J)"),
    ],
)
def test_an_error_ends_as_one_line_and_an_exit_code(
    error: BaseException,
    exit_code: int,
    line: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(module, "new_parser", lambda: parser_of(error))

    assert module.main(["run"]) == exit_code
    printed = capsys.readouterr()
    assert (printed.out, printed.err.count("\n")) == ("", 1)
    assert line in printed.err


@pytest.mark.parametrize("arguments", [[], ["fly"], ["render", "a.mp4", "--start", "-1", "--end", "2", "--out", "b"]])
def test_bad_usage_is_one_line_with_a_hint(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        module.main(arguments)

    assert ended.value.code == 2
    printed = capsys.readouterr().err
    assert printed.startswith("usage: ") and printed.endswith("--help)\n") and printed.count("\n") == 1


def test_help_lists_every_command_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        module.main(["--help"])

    assert ended.value.code == 0
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines() if line.startswith("    ")]
    assert listed == ["process", "silences", "propose", "render", "serve", "migrate", "move"]
