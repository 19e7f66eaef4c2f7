"""ES modules joined into the one script that Streamlit mounts for a component."""

from __future__ import annotations

import re
from collections.abc import Sequence
from graphlib import TopologicalSorter
from pathlib import Path

IMPORT = re.compile(r"^import\s[^;]*?;\n", re.MULTILINE)
IMPORTED = re.compile(r'^import\s[^;]*?from "(\.[^"]*)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?!default)", re.MULTILINE)


def joined(folder: Path, modules: Sequence[str]) -> str:
    """The modules of ``folder`` as one, in this order: imports of each other left out, one default export."""
    sources = (folder.joinpath(name).read_text(encoding="utf-8") for name in modules)
    return "\n".join(EXPORT.sub("", IMPORT.sub("", source)) for source in sources)


def in_order(folder: Path) -> tuple[str, ...]:
    """All scripts below ``folder``, each after those it imports; the same order on every computer.

    Raises:
        ValueError: if scripts import each other in a circle (``graphlib.CycleError``), or import one that is missing.
    """
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.js"))
    imports = {name: imports_of(folder, name) for name in names}
    for name, wanted in imports.items():
        if missing := set(wanted) - set(names):
            raise ValueError(f"{name} imports what is not there: {', '.join(sorted(missing))}")
    return tuple(TopologicalSorter(imports).static_order())


def imports_of(folder: Path, module: str) -> tuple[str, ...]:
    """The scripts that one imports, as paths below ``folder``."""
    root = folder.resolve()
    path = root / module
    wanted = IMPORTED.findall(path.read_text(encoding="utf-8"))
    return tuple((path.parent / one).resolve().relative_to(root).as_posix() for one in wanted)
