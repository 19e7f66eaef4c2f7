"""The Dockerfile, .dockerignore and the compose file, read as Docker reads them."""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from tests.servers import ROOT


@dataclass(frozen=True)
class Instruction:
    """One instruction of a Dockerfile: its word, and the rest with continued lines joined."""

    word: str
    rest: str

    @property
    def words(self) -> list[str]:
        """The arguments without options, in either of the two forms."""
        if self.rest.startswith("["):
            return [str(word) for word in json.loads(self.rest)]
        return [word for word in self.rest.split() if not word.startswith("--")]

    @property
    def options(self) -> dict[str, str]:
        found = re.findall(r"(?:^|\s)--([a-z-]+)(?:=(\S+))?(?=\s|$)", self.rest.split("[")[0])
        return dict(found)


def instructions(path: Path = ROOT / "Dockerfile") -> list[Instruction]:
    """The instructions of a Dockerfile in order."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.lstrip().startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    found = [line.split(maxsplit=1) for line in joined.splitlines() if line.strip()]
    return [Instruction(word.upper(), rest.strip()) for word, rest in found]


def last_stage(found: list[Instruction]) -> list[Instruction]:
    """The instructions of the stage that becomes the image."""
    start = max(number for number, one in enumerate(found) if one.word == "FROM")
    return found[start:]


def ignored(path: str, patterns: list[str]) -> bool:
    """True if a ``.dockerignore`` excludes a path (relative, with ``/``): the last pattern that matches decides."""
    out = False
    for pattern in patterns:
        keep, plain = pattern.startswith("!"), pattern.lstrip("!").strip("/")
        if any(_matches(part, plain) for part in (path, *map(str, PurePosixPath(path).parents))):
            out = not keep
    return out


def _matches(path: str, pattern: str) -> bool:
    if pattern.startswith("**/"):
        return fnmatch.fnmatchcase(PurePosixPath(path).name, pattern.removeprefix("**/"))
    return path.count("/") == pattern.count("/") and fnmatch.fnmatchcase(path, pattern)


def ignore_patterns(path: Path = ROOT / ".dockerignore") -> list[str]:
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def copied() -> list[Instruction]:
    """The paths that are copied from this folder."""
    return [one for one in instructions() if one.word in ("COPY", "ADD") and "from" not in one.options]


def in_the_image() -> set[str]:
    """The files that the last stage copies, as paths below this folder; the same below its working directory."""
    files = set()
    for one in last_stage(instructions()):
        if one.word == "COPY" and "from" not in one.options:
            *sources, target = one.words
            assert all(target in ("./", f"{source}/") for source in sources)
            files |= {file for source in sources for file in below(source)}
    return files


def below(source: str) -> Iterator[str]:
    paths = [ROOT / source] if (ROOT / source).is_file() else (ROOT / source).rglob("*")
    names = (path.relative_to(ROOT).as_posix() for path in paths if path.is_file())
    patterns = ignore_patterns()
    return (name for name in names if not ignored(name, patterns))


def environment_of_the_image() -> dict[str, str]:
    said = " ".join(one.rest for one in last_stage(instructions()) if one.word == "ENV")
    return dict(word.split("=", 1) for word in said.split())


def filled_in(value: Any, given: dict[str, str]) -> Any:
    """A part of a compose file with ``${NAME:-default}`` replaced, as Compose does it."""
    if isinstance(value, dict):
        return {key: filled_in(part, given) for key, part in value.items()}
    if isinstance(value, list):
        return [filled_in(part, given) for part in value]
    if isinstance(value, str):
        return re.sub(r"\$\{(\w+):-([^}]*)\}", lambda m: given.get(m[1]) or m[2], value)
    return value


def base_suite() -> str:
    """The release of Debian that the Dockerfile builds on."""
    asked = next(one.rest for one in instructions() if one.word == "ARG" and one.rest.startswith("BASE="))
    found = re.fullmatch(r"BASE=debian:([a-z]+)-\d{8}-slim", asked)
    assert found is not None, asked
    return found[1]
