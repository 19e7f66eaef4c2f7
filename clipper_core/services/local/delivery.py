"""Puts finished files where the user wants them."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

from clipper_core.errors import DiskFull, FolderNotWritable


def deliver(file: Path, target: Path) -> None:
    """Move a file to ``target``, whole or not at all, over what is there. Raises DiskFull, FolderNotWritable."""
    make_folder(target.parent)
    part = target.with_name(target.name + ".part")
    try:
        shutil.copyfile(file, part)
        part.replace(target)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise (DiskFull if error.errno == errno.ENOSPC else FolderNotWritable)(detail=str(error)) from error
    file.unlink(missing_ok=True)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, where they are missing. Raises FolderNotWritable."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FolderNotWritable(
            f"The folder {folder} can't be written to. Choose another one with --out.", detail=str(error)
        ) from error
