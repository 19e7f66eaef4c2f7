"""``serve`` and ``migrate``: they take no options, and hand over to the wiring."""

from __future__ import annotations

import pytest

from clipper_core import app
from clipper_core.command_line.main import main
from clipper_core.errors import PortInUse


def test_serve_ends_with_the_exit_code_of_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "serve_here", lambda settings: 0)

    assert main(["serve"]) == 0


def test_a_server_that_can_not_start_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(_: object) -> int:
        raise PortInUse

    monkeypatch.setattr(app, "serve_here", refused)

    assert main(["serve"]) == 1
    assert capsys.readouterr().err == f"port_in_use: {PortInUse.__doc__}\n"


def test_migrate_brings_the_tables_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    migrated: list[bool] = []

    class Built:
        def migrate(self) -> None:
            migrated.append(True)

    monkeypatch.setattr(app, "build_app", lambda settings, *, keep_connections: Built())

    assert main(["migrate"]) == 0
    assert migrated == [True]
