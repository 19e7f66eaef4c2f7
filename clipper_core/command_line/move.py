"""``move``: copies everything to another database, file store or data folder."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING

from clipper_core.command_line.output import Progress, print_json, print_message
from clipper_core.errors import BadSettings
from clipper_core.settings import load_settings

if TYPE_CHECKING:
    from clipper_core.command_line.options import Commands
    from clipper_core.settings import Settings

DEFAULT = "default"


def add_move(commands: Commands) -> None:
    parser = commands.add_parser("move", help="copy everything to another database, file store or data folder")
    parser.set_defaults(run=move)
    parser.add_argument("--to-database", metavar="URL", help=f"postgresql://…, or {DEFAULT}: SQLite in the data folder")
    parser.add_argument("--to-storage", metavar="URL", help=f"s3://bucket/prefix, or {DEFAULT}: the data folder")
    parser.add_argument("--to-data-dir", type=Path, metavar="DIR", help="the data folder (default: the present one)")
    parser.add_argument("--json", action="store_true")


def move(args: argparse.Namespace) -> int:
    """Move, and print the lines for ``.env``. Returns the exit code."""
    from clipper_core.app import relocation_for

    settings = load_settings()
    to = _new_place(args, settings)
    with Progress() as progress:
        moved = relocation_for(settings, to).move(progress)
    changed = _changed(settings, to)
    for flaw in moved.flaws:
        state = "was missing" if flaw.missing else "had the wrong size"
        print_message(
            "stored_file_missing", f"A file of {flaw.file.title} ({flaw.file.kind}) {state} before the move already."
        )
    if moved.uploads_left:
        print_message(
            "uploads_left", f"Uploads under way that were not moved, to be started again: {moved.uploads_left}."
        )
    if args.json:
        return print_json({**moved.to_json(), "environment": changed})
    rows, files = sum(moved.rows.values()), moved.files
    print(f"Moved and checked: {rows} database rows, {files.copied} files ({files.bytes / 1e6:.1f} MB).")
    if files.already:
        print(f"Files that were there already: {files.already}.")
    if moved.unfinished_tasks:
        print(f"Steps that go on in the new place: {moved.unfinished_tasks}.")
    hidden = " (… is the password)" if any("…" in value for value in changed.values()) else ""
    print(f"Put this into .env{hidden}, then start Clipper:\n")
    for name, value in changed.items():
        print(f"{name}={value}")
    return 0


def _new_place(args: argparse.Namespace, settings: Settings) -> Settings:
    """The settings after a move: what was asked for, the rest as it is. Raises BadSettings."""
    data = args.to_data_dir.absolute() if args.to_data_dir else None
    asked = {"database_url": args.to_database, "storage_url": args.to_storage, "data_dir": data}
    changes = {name: None if value in ("", DEFAULT) else value for name, value in asked.items() if value is not None}
    if not changes:
        raise BadSettings("Say where to move with --to-database, --to-storage or --to-data-dir.")
    return settings.model_copy(update=changes)


def _changed(settings: Settings, to: Settings) -> dict[str, str]:
    """The variables to set from now on, without passwords; an empty value means the default."""
    names = {"data_dir": "CLIPPER_DATA_DIR", "database_url": "DATABASE_URL", "storage_url": "CLIPPER_STORAGE_URL"}
    values = {
        name: getattr(to, field) for field, name in names.items() if getattr(to, field) != getattr(settings, field)
    }
    return {name: _without_password(str(value or "")) for name, value in values.items()}


def _without_password(url: str) -> str:
    return re.sub(r"(://[^:/@]*:).*@|([?&]\w*password=)[^&]*", lambda m: f"{m[1]}…@" if m[1] else f"{m[2]}…", url)
