"""``serve`` and ``migrate``: Clipper as a server on this computer."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from clipper_core.settings import load_settings

if TYPE_CHECKING:
    from clipper_core.command_line.options import Commands


def add_server(commands: Commands) -> None:
    commands.add_parser("serve", help="run everything on this computer").set_defaults(run=serve)
    commands.add_parser("migrate", help="bring the database up to date").set_defaults(run=migrate)


def serve(_: argparse.Namespace) -> int:
    """Run everything on this computer until it is interrupted. Returns the exit code."""
    from clipper_core.app import serve_here

    return serve_here(load_settings())


def migrate(_: argparse.Namespace) -> int:
    """Bring the database up to date. Returns the exit code."""
    from clipper_core.app import build_app

    build_app(load_settings(), keep_connections=False).migrate()
    return 0
