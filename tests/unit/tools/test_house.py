"""The counts behind ``make house``, on sources small enough to count by eye."""

from __future__ import annotations

import ast
import json
import textwrap
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools import house, house_names
from tools.house_counts import (
    Counts,
    Function,
    Module,
    Spread,
    body_lines,
    branch_count,
    count,
    has_args_section,
    is_face,
    parameter_count,
    places_of_tests,
    read_modules,
    untested,
    words_of_test_names,
)


def module(source: str, path: str = "clipper_core/services/clips/views.py") -> Module:
    text = textwrap.dedent(source)
    return Module(Path(path), text, ast.parse(text))


def function(source: str) -> Function:
    (node,) = module(source).tree.body
    assert isinstance(node, Function)
    return node


def counted(source: str) -> Counts:
    return count([module(source)])


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
    return root


# -- functions


def test_a_function_is_measured_without_signature_and_docstring() -> None:
    long_head = function('''
        def add(
            one: int,
            other: int,
        ) -> int:
            """The sum.

            Of both.
            """
            both = one + other
            return both
    ''')

    assert body_lines(long_head) == 2


def test_a_function_of_a_docstring_alone_has_no_lines() -> None:
    assert body_lines(function('def nothing() -> None:\n    """Nothing."""')) == 0


@pytest.mark.parametrize(
    ("head", "expected"),
    [("()", 0), ("(self, a)", 1), ("(cls, a, *, b=1)", 2), ("(a, /, b, *rest, c, **more)", 3)],
)
def test_self_and_star_arguments_are_no_parameters(head: str, expected: int) -> None:
    assert parameter_count(function(f"def f{head}: ...")) == expected


def test_every_condition_loop_and_filter_is_a_branch() -> None:
    branchy = function("""
        def f(values):
            if values and values[0]:
                return [v for v in values if v]
            for v in values:
                try:
                    v()
                except ValueError:
                    pass
    """)

    assert branch_count(branchy) == 1 + 2 + 2 + 1 + 1


def test_functions_at_the_limits_are_counted_on_the_right_side() -> None:
    body = "\n".join("    x = 1" for _ in range(41))

    counts = counted(f"def long():\n{body}\n\n\ndef five(a, b, c, d, e): ...\n\n\ndef six(a, b, c, d, e, f): ...\n")

    assert (counts.functions, counts.long_functions, counts.many_parameters) == (3, 1, 1)


def test_args_are_asked_of_public_functions_of_three_parameters() -> None:
    counts = counted('''
        def documented(a, b, c):
            """Join.

            Args:
                a: one
            """

        def bare(a, b, c): ...
        def _private(a, b, c): ...
        def short(a, b):
            def inside(a, b, c): ...
    ''')

    assert (counts.needing_args, counts.having_args) == (2, 1)


def test_the_word_args_in_a_sentence_is_no_section() -> None:
    assert not has_args_section(function('def f(a, b, c):\n    """Takes Args: three."""'))


# -- prose and manners


@pytest.mark.parametrize(
    ("docstring", "expected"),
    [
        ("What came of it.", 1),
        ("Whoever asks.", 1),
        ("Those that fit.", 1),
        ("Whatever is left.", 0),
        ("The clips that fit.", 0),
    ],
)
def test_a_relative_clause_at_the_beginning_is_counted(docstring: str, expected: int) -> None:
    assert counted(f'def f():\n    """{docstring}"""').relative_clauses == expected


def test_broad_handlers_are_told_from_narrow_ones() -> None:
    counts = counted("""
        try:
            pass
        except (ValueError, Exception):
            pass
        try:
            pass
        except KeyError:
            pass
        except:
            pass
    """)

    assert (counts.handlers, counts.broad_handlers) == (3, 2)


def test_frozen_dataclasses_are_told_from_open_ones() -> None:
    counts = counted("""
        @dataclass(frozen=True, slots=True)
        class Value: ...

        @dataclasses.dataclass
        class Open: ...

        @final
        class Plain: ...
    """)

    assert (counts.dataclasses, counts.frozen_dataclasses) == (2, 1)


def test_a_hash_in_a_string_is_no_comment() -> None:
    counts = counted('colour = "#fff"  # white\n\n# why\nother = 1\n')

    assert (counts.comments, counts.filled_lines) == (2, 3)


@given(st.lists(st.integers(0, 500), min_size=1))
def test_a_spread_is_in_order(values: list[float]) -> None:
    spread = Spread.of(values)

    assert min(values) <= spread.median <= spread.max == max(values)
    assert spread.p90 in values and spread.p90 >= spread.median


# -- rooms and tests of their name


@pytest.mark.parametrize(
    ("path", "first"),
    [
        ("clipper_core/services/clips/changes.py", "tests/unit/services/clips/test_changes.py"),
        ("clipper_core/pipeline.py", "tests/unit/test_pipeline.py"),
        ("clipper_core/__main__.py", "tests/unit/test_command_line.py"),
        ("pages/jobs.py", "tests/unit/pages/test_jobs.py"),
        ("pages/components/runs/progress.py", "tests/unit/pages/runs/test_progress.py"),
        ("pages/components/desk/__init__.py", "tests/unit/pages/test_desk.py"),
    ],
)
def test_the_tests_of_a_module_lie_in_the_mirrored_folder(path: str, first: str) -> None:
    assert places_of_tests(Path(path))[0] == Path(first)


def test_a_module_is_untested_without_a_file_of_its_name(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        {
            "clipper_core/__init__.py": '"""The core."""\nfrom clipper_core.a import A\n__all__ = ["A"]',
            "clipper_core/a.py": "A = 1",
            "clipper_core/room/b.py": "B = 1",
            "clipper_core/room/c.py": "C = 1",
            "clipper_core/db/migrations/first.py": "D = 1",
            "tests/unit/test_b.py": "",
            "tests/unit/room/test_c.py": "",
            "tests/browser/test_a.py": "",
        },
    )

    missing, wanted = untested(root, read_modules(root, "clipper_core"))

    assert (missing, wanted) == ([Path("clipper_core/room/b.py")], 3)


def test_an_init_with_code_of_its_own_is_no_face() -> None:
    assert is_face(module("from a import b\n", "pages/components/x/__init__.py"))
    assert not is_face(module("def f(): ...\n", "pages/components/x/__init__.py"))


def test_words_of_a_test_name_leave_out_the_first(tmp_path: Path) -> None:
    write(tmp_path, {"tests/unit/test_a.py": "def test_one_two(): ...\ndef helper_of_tests(): ...\n"})

    assert words_of_test_names(tmp_path) == [2]


# -- old names


def names_in(source: str, path: str = "clipper_core/services/clips/views.py") -> list[str]:
    return [old.name for old in house_names.old_names(Path("/nowhere"), [module(source, path)])]


def test_old_names_are_found_where_they_are_defined() -> None:
    assert names_in("def f(most, least=1):\n    told = 1\n    return told") == ["least", "most", "told"]
    assert names_in("class Evidence: ...") == ["Evidence"]


def test_a_field_keeps_its_name_since_it_may_be_stored() -> None:
    assert names_in("class Lengths:\n    most: int = 12") == []


def test_names_of_one_room_are_free_elsewhere() -> None:
    assert names_in("def make(): ...") == ["make"]
    assert names_in("def make(): ...", "clipper_core/db/session.py") == []


def test_seen_is_old_only_for_a_revision() -> None:
    assert names_in("def f(seen: int): ...") == ["seen"]
    assert names_in("def f(seen: Seen): ...") == []


def test_one_name_with_two_meanings_is_named_at_both() -> None:
    part = module("class Part: ...", "clipper_core/a.py")
    other = module("class Part: ...", "clipper_core/b.py")

    assert house_names.old_names(Path("/nowhere"), [part]) == []
    assert [o.place for o in house_names.old_names(Path("/nowhere"), [part, other])] == [
        "clipper_core/a.py:1",
        "clipper_core/b.py:1",
    ]


# -- the command


@pytest.fixture
def small_house(tmp_path: Path) -> Path:
    return write(
        tmp_path,
        {
            "clipper_core/a.py": '"""One number."""\n\nA = 1\n',
            "pages/components/b.py": "B = 1\n",
            "tests/unit/test_a.py": "def test_a_is_one(): ...\n",
            "tests/unit/pages/test_b.py": "",
        },
    )


def test_a_house_in_order_passes_the_check(small_house: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert house.main(["--root", str(small_house), "--check"]) == 0

    assert "MISSED" not in capsys.readouterr().out


def test_a_missed_goal_fails_only_the_check(small_house: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (small_house / "clipper_core/work.py").write_text("def f(most): ...\n")

    assert house.main(["--root", str(small_house), "--check"]) == 1
    assert house.main(["--root", str(small_house)]) == 0
    assert "work (clipper_core/work.py)" in capsys.readouterr().out


def test_json_has_every_row_and_goal(small_house: Path, capsys: pytest.CaptureFixture[str]) -> None:
    house.main(["--root", str(small_house), "--json"])

    report = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in report["rows"]] == list(house.GIVEN)
    assert all(goal["met"] for goal in report["goals"])
    assert (report["old_names"], report["untested"]) == ([], [])
