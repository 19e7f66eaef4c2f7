"""The Dockerfile: what goes into the image, as whom it runs, and that it fits the files that are there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.image import (
    base_suite,
    below,
    copied,
    ignore_patterns,
    ignored,
    in_the_image,
    instructions,
    last_stage,
)
from tests.servers import ROOT

PRODUCT = ("clipper_core", "pages", "worker.py", "streamlit_app.py")


def test_every_copied_path_exists_and_is_not_ignored() -> None:
    for one in copied():
        for source in one.words[:-1]:
            assert list(below(source)), source


def test_every_imported_module_is_in_the_image() -> None:
    files = in_the_image()
    entries = ["worker.py", "streamlit_app.py", "clipper_core/__main__.py", "clipper_core/web/api.py"]
    entries += [path.relative_to(ROOT).as_posix() for path in (ROOT / "pages").glob("*.py")]
    entries += [path.relative_to(ROOT).as_posix() for path in (ROOT / "clipper_core/db/migrations").rglob("*.py")]
    seen: set[str] = set()
    while entries:
        file = entries.pop()
        if file not in seen:
            seen.add(file)
            entries += imported_files(ROOT / file)

    assert len(seen) > 50
    assert seen <= files


def imported_files(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            place = ROOT / name.replace(".", "/")
            for candidate in (place.with_suffix(".py"), place / "__init__.py"):
                if candidate.is_file():
                    yield candidate.relative_to(ROOT).as_posix()


def test_every_file_beside_code_is_in_the_image() -> None:
    beside = [ROOT / ".streamlit/config.toml", *(ROOT / "sample").iterdir()]
    beside += [p for top in ("clipper_core", "pages") for p in (ROOT / top).rglob("*") if p.is_file()]
    wanted = {p.relative_to(ROOT).as_posix() for p in beside if "__pycache__" not in p.parts}

    assert wanted <= in_the_image()


def test_nothing_else_is_in_the_image() -> None:
    files = in_the_image()

    assert {f.split("/")[0] for f in files} == {*PRODUCT, ".streamlit", "sample", "LICENSE", "THIRD_PARTY.md"}
    assert not {f for f in files if f.endswith((".pyc", ".md")) and f not in ("THIRD_PARTY.md", "sample/README.md")}
    assert sum((ROOT / f).stat().st_size for f in files) < 4_000_000


@pytest.mark.parametrize(
    "path",
    [
        ".env",
        ".git/config",
        ".streamlit/secrets.toml",
        ".venv/bin/python",
        "README.md",
        "clipper_core/__pycache__/app.cpython-311.pyc",
        "data/clipper.db",
        "docs/review.png",
        "id_rsa",
        "talk.mp4",
        "tests/media/talk.mp4",
    ],
)
def test_stray_files_never_reach_the_builder(path: str) -> None:
    assert ignored(path, ignore_patterns())


@given(st.from_regex(r"[a-z_.]{1,12}(/[a-z_.]{1,12}){0,3}", fullmatch=True))
def test_only_listed_files_reach_the_builder(path: str) -> None:
    named = {pattern.removeprefix("!") for pattern in ignore_patterns() if pattern.startswith("!")}

    kept = not ignored(path, ignore_patterns())

    assert not kept or any(path == name or path.startswith(f"{name}/") for name in named)


def test_the_image_runs_as_the_owner_of_the_data() -> None:
    stage = last_stage(instructions())
    users = [one.rest for one in stage if one.word == "USER"]
    made = " ".join(one.rest for one in stage if one.word == "RUN")

    assert users == ["10001:10001"]
    assert "--uid 10001 --gid 10001" in made
    assert "install --directory --owner=10001 --group=10001 --mode=0750 /data" in made
    assert stage.index(next(one for one in stage if one.word == "USER")) > max(
        number for number, one in enumerate(stage) if one.word in ("RUN", "COPY")
    )


def test_every_stage_builds_on_one_pinned_debian() -> None:
    found = instructions()
    stages = {one.rest.split(" AS ")[-1] for one in found if one.word == "FROM"}

    assert base_suite() == "bookworm"
    assert all(one.rest.split()[0] in {"${BASE}", *stages} for one in found if one.word == "FROM")


def test_locked_packages_are_a_layer_before_the_code() -> None:
    found = instructions()
    install = next(n for n, one in enumerate(found) if one.word == "RUN" and "--requirement" in one.rest)
    lock = next(n for n, one in enumerate(found) if one.word == "COPY" and "requirements.txt" in one.rest)
    code = min(n for n, one in enumerate(found) if one.word == "COPY" and "clipper_core" in one.rest)

    assert lock < install < code
    assert {"--no-deps", "--no-cache-dir", "--only-binary"} <= set(found[install].rest.split())
    assert all("==" in line for line in (ROOT / "requirements.txt").read_text().splitlines() if line.strip())


def test_no_secret_is_built_in() -> None:
    for one in instructions():
        if one.word in ("ARG", "ENV", "LABEL"):
            assert not re.search(r"(?i)password|secret|token|_key", one.rest)
