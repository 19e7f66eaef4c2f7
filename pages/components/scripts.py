"""ES modules joined into the one script that Streamlit mounts for a component."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

IMPORT = re.compile(r"^import\s[^;]*?;\n", re.MULTILINE)
EXPORT = re.compile(r"^export (?!default)", re.MULTILINE)


def joined(folder: Path, modules: Sequence[str]) -> str:
    """The modules of ``folder`` as one, in this order: imports of each other left out, one default export."""
    sources = (folder.joinpath(name).read_text(encoding="utf-8") for name in modules)
    return "\n".join(EXPORT.sub("", IMPORT.sub("", source)) for source in sources)
