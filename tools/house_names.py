"""The names that were replaced because they did not explain themselves, and where each is still used."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.house_counts import Function, Module

# Names of classes that were one word for several things, or named the event and not the thing.
CLASSES = (
    *("Evidence", "Heard", "HeardPiece", "HeardStretch", "Listening"),
    *("Work", "Bench", "Heart", "Bell", "Taker", "Kept", "Arrived"),
)
# Names that two modules used with two meanings: one module at most may define each.
COLLIDING = ("choose", "Patience", "Part", "Reading", "Seen", "Wishes")
# Parameters, local names and functions. Fields are left out, since many are stored or read from outside.
ANYWHERE = ("most", "least", "told", "said", "ours", "fine", "stretch", "stretches", "all_stretches", "count_by_status")
# As a parameter, the revision that the client last saw; what was looked at of a recording keeps the word, as its type.
SEEN = "seen"


@dataclass(frozen=True, slots=True)
class OldFunctions:
    """Functions that have better names in one room; elsewhere the same words may be right."""

    room: str
    names: tuple[str, ...]


FUNCTIONS = (
    OldFunctions(
        "clipper_core/services/clips",
        ("step", "look", "again", "make", "planned", "shown", "only", "answered", "remember"),
    ),
)

# Modules by their old names, with the rooms in which they had them.
MODULES = {
    "clipper_core": ("evidence", "hearing", "work", "stretches", "one_file", "here", "offline", "paid", "listening"),
    "clipper_core/services/clips": ("requests",),
    "pages": ("stretch", "words", "judge_wording", "about", "machine", "changes", "steps", "overview"),
    "pages/components/desk": ("known.js", "wishes.js", "calls.js", "refusals.js", "link.js", "words.js", "wording.js"),
}
# DOM helpers that lay in components.
SCRIPT_FUNCTIONS = {"details.js": "make", "stage.js": "setText"}


@dataclass(frozen=True, slots=True)
class OldName:
    """A replaced name and the place where it is still defined, as ``path:line``."""

    name: str
    place: str


def old_names(root: Path, modules: Sequence[Module]) -> list[OldName]:
    """Every place that still defines one of the replaced names, sorted by place."""
    found = [*_old_modules(root), *_old_scripts(root), *_collisions(modules)]
    for module in modules:
        found.extend(_old_definitions(module))
    return sorted(set(found), key=lambda name: (name.place, name.name))


def _old_modules(root: Path) -> Iterator[OldName]:
    for room, names in MODULES.items():
        for name in names:
            file = name if name.endswith(".js") else f"{name}.py"
            for path in sorted((root / room).rglob(file)):
                yield OldName(name, str(path.relative_to(root)))


def _old_scripts(root: Path) -> Iterator[OldName]:
    for file, name in SCRIPT_FUNCTIONS.items():
        for path in sorted((root / "pages/components/desk").rglob(file)):
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                if re.match(rf"export function {name}\b", line):
                    yield OldName(name, f"{path.relative_to(root)}:{number}")


def _collisions(modules: Sequence[Module]) -> Iterator[OldName]:
    """Each place of a name that more than one module defines as a class or function."""
    for name in COLLIDING:
        places = [
            f"{module.path}:{node.lineno}"
            for module in modules
            for node in module.tree.body
            if isinstance(node, ast.ClassDef | Function) and node.name == name
        ]
        if len(places) > 1:
            yield from (OldName(name, place) for place in places)


def _old_definitions(module: Module) -> Iterator[OldName]:
    local = {name for old in FUNCTIONS if str(module.path).startswith(old.room) for name in old.names}
    for name, line, kind in definitions(module.tree):
        old = {
            "class": name in CLASSES,
            "function": name in ANYWHERE or name in local,
            "parameter": name in ANYWHERE,
            "revision": name == SEEN,
            "variable": name in ANYWHERE,
        }
        if old[kind]:
            yield OldName(name, f"{module.path}:{line}")


def definitions(tree: ast.Module) -> Iterator[tuple[str, int, str]]:
    """Names a module defines, each with its line and its kind; the fields of classes are left out."""
    fields = {
        id(statement.target)
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        for statement in node.body
        if isinstance(statement, ast.AnnAssign)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            yield node.name, node.lineno, "class"
        elif isinstance(node, Function):
            yield node.name, node.lineno, "function"
        elif isinstance(node, ast.arg):
            is_revision = node.arg == SEEN and ast.unparse(node.annotation or node) != "Seen"
            yield node.arg, node.lineno, "revision" if is_revision else "parameter"
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and id(node) not in fields:
            yield node.id, node.lineno, "variable"
