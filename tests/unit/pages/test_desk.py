"""The review desk's Python side, and the shape of its scripts."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pages.components import desk
from pages.components.scripts import imports_of, in_order

MAY_IMPORT = {  # a room of the desk (a folder, or a script at the top), and the rooms whose scripts it may import
    "dom.js": "",
    "rules": "",
    "state": "rules",
    "player": "rules state dom.js",
    "timeline": "rules state dom.js",
    "clips": "rules state dom.js",
    "words": "rules state dom.js",
    "shell": "rules state dom.js",
    "desk.js": "rules state dom.js player timeline clips words shell",
}
NAME = re.compile(r"^(?:export )?(?:async )?(?:function|class|const|let)\s+(\w+)", re.MULTILINE)


def sources() -> dict[str, str]:
    """The text of each script, page and style sheet of the desk, by its path below the component."""
    files = (p for p in desk.HERE.rglob("*") if p.suffix in {".js", ".html", ".css"})
    return {p.relative_to(desk.HERE).as_posix(): p.read_text(encoding="utf-8") for p in files}


def test_every_script_beside_the_component_is_mounted():
    beside = {name for name in sources() if name.endswith(".js")}

    assert set(desk.MODULES) == beside


def test_the_joined_script_imports_nothing_and_exports_one_function():
    joined = desk.joined(desk.HERE, desk.MODULES)

    assert not re.search(r"^import\b", joined, re.MULTILINE)
    assert re.findall(r"^export.*", joined, re.MULTILINE) == ["export default function mount(component) {"]


def test_no_two_scripts_use_the_same_name_at_the_top():
    names = Counter(name for module in desk.MODULES for name in NAME.findall(sources()[module]))

    assert [name for name, count in names.items() if count > 1] == []


def test_a_script_uses_only_what_was_joined_before_it():
    for number, module in enumerate(desk.MODULES):
        assert set(imports_of(desk.HERE, module)) <= set(desk.MODULES[:number]), module
        used_at_once = re.findall(r"^export class \w+ extends (?!Error)(\w+)", sources()[module], re.MULTILINE)
        before = "\n".join(sources()[m] for m in desk.MODULES[:number])
        assert all(f"class {name} " in before for name in used_at_once), module


@pytest.mark.parametrize("module", desk.MODULES)
def test_a_script_imports_only_what_its_room_may(module: str):
    room = module.split("/")[0]
    used = {name.split("/")[0] for name in imports_of(desk.HERE, module)}

    assert used <= {room, *MAY_IMPORT[room].split()}


def test_scripts_that_import_each_other_are_an_error(tmp_path: Path):
    (tmp_path / "one.js").write_text('import { b } from "./room/two.js";\nexport const a = () => b;\n')
    (tmp_path / "room").mkdir()
    (tmp_path / "room/two.js").write_text('import { a } from "../one.js";\nexport const b = () => a;\n')

    with pytest.raises(ValueError, match="cycle"):
        in_order(tmp_path)


def test_a_script_that_imports_a_missing_one_is_an_error(tmp_path: Path):
    (tmp_path / "one.js").write_text('import {\n  b,\n} from "./two.js";\n')

    with pytest.raises(ValueError, match=r"one\.js imports what is not there: two\.js"):
        in_order(tmp_path)


@pytest.mark.parametrize(
    "forbidden", ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "//cdn"]
)
def test_untrusted_text_never_becomes_markup(forbidden: str):
    assert [name for name, text in sources().items() if forbidden in text] == []


def test_nothing_is_loaded_from_another_origin():
    assert [name for name, text in sources().items() if re.search(r"https?://(?!www\.w3\.org)", text)] == []


def test_a_stored_change_is_read():
    change = desk.change_of({"kind": "decision", "clip_id": "clp_1"})

    assert change == desk.Change("decision", "clp_1")


@given(st.none() | st.text() | st.integers() | st.lists(st.text()) | st.dictionaries(st.text(), st.integers()))
def test_nonsense_from_the_browser_is_no_change(value: object):
    assert desk.change_of(value) is None
