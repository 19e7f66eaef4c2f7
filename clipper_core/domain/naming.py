"""File names made from titles."""

from __future__ import annotations

import unicodedata

RESERVED = frozenset(
    [
        "con",
        "prn",
        "aux",
        "nul",
        "com1",
        "com2",
        "com3",
        "com4",
        "com5",
        "com6",
        "com7",
        "com8",
        "com9",
        "lpt1",
        "lpt2",
        "lpt3",
        "lpt4",
    ]
)
MAX_CHARS = 80


def file_name(title: str) -> str:
    """A title as a file name every system accepts, without an extension; ``clip`` if nothing is left of it."""
    normal = unicodedata.normalize("NFC", title)
    allowed = "".join(c if c.isprintable() and c not in '/\\:*?"<>|%' else " " for c in normal)
    name = " ".join(allowed.split())[:MAX_CHARS].strip(" .")
    while len(name.encode()) > 200:
        name = name[:-1]
    if not name or name.split(".")[0].lower() in RESERVED:
        return f"clip {name}".strip()
    return name
