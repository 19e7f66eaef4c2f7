"""Joining ES modules into one script."""

from __future__ import annotations

from pathlib import Path

import pytest

from pages.components.scripts import in_order, joined


def write(folder: Path, **sources: str) -> None:
    for name, source in sources.items():
        (folder / f"{name}.js").write_text(source)


def test_joined_modules_lose_imports_and_keep_the_default_export(tmp_path: Path) -> None:
    write(
        tmp_path,
        sums='import {\n  one,\n} from "./numbers.js";\nexport default function two() { return one + one; }\n',
        numbers="export const one = 1;\n",
    )

    script = joined(tmp_path, ("numbers.js", "sums.js"))

    assert script == "const one = 1;\n\nexport default function two() { return one + one; }\n"


def test_a_script_follows_those_it_imports(tmp_path: Path) -> None:
    write(tmp_path, a='import { b } from "./b.js";\n', b='import { c } from "./c.js";\n', c="export const c = 1;\n")

    assert in_order(tmp_path) == ("c.js", "b.js", "a.js")


def test_scripts_of_folders_are_found_by_relative_paths(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    write(tmp_path, main='import { r } from "./rules/r.js";\n')
    write(tmp_path / "rules", r='import { dom } from "../dom.js";\n')
    write(tmp_path, dom="export const dom = 1;\n")

    assert in_order(tmp_path) == ("dom.js", "rules/r.js", "main.js")


@pytest.mark.parametrize("wanted", ["a", "gone"])
def test_a_circle_or_a_missing_script_is_refused(tmp_path: Path, wanted: str) -> None:
    write(tmp_path, a='import { b } from "./b.js";\n', b=f'import {{ x }} from "./{wanted}.js";\n')

    with pytest.raises(ValueError, match=r"cycle|gone\.js"):
        in_order(tmp_path)
