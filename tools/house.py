"""Measures the house: how large, how documented and how findable the code is, beside three public projects.

    python -m tools.house [--root DIR] [--check] [--json]

Figures are counts of the syntax tree of ``clipper_core``: function sizes without docstring and signature, parameters
without ``self``, migrations and empty files left out. Names and relative clauses are looked for in the pages and the
entry files too. ``--check`` exits 1 if a goal is missed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from tools import house_counts, house_names
from tools.house_counts import Counts, Spread

ROOT = Path(__file__).parents[1]
CORE, COMPONENTS = "clipper_core", "pages/components"
PRODUCT = (CORE, "pages", "worker.py", "streamlit_app.py")
BEFORE = "d66c028"
COLUMNS = (f"before ({BEFORE})", "Fava b12bd6f4", "Mopidy b0875567", "Procrastinate f099a753")

# Counted once at these commits: relative clauses, Args, components and old names by this script, the rest by the survey
# that came before it. The survey took a test of the right name in any folder; the script wants it in the mirrored one,
# and so finds 6 of 157 at d66c028.
GIVEN: dict[str, tuple[str, ...]] = {
    "modules / lines": ("158 / 23,371", "61 / 10,749", "80 / 11,839", "63 / 8,977"),
    "module lines, median / p90 / max": ("117 / 310 / 538", "127 / 398 / 938", "99 / 380 / 755", "45 / 358 / 1,042"),
    "function lines, median / p90 / max": ("4 / 13 / 59", "3 / 17 / 139", "4 / 21 / 97", "5 / 20 / 122"),
    "functions over 40 lines": ("2 of 1,654", "5 of 621", "21 of 623", "11 of 485"),
    "parameters, mean / p90 / max": ("1.76 / 4 / 10", "1.12 / 3 / 10", "1.05 / 2 / 6", "1.29 / 3 / 16"),
    "functions with 6 or more": ("45 (2.7%)", "6 (1.0%)", "1 (0.2%)", "9 (1.9%)"),
    "branches, p90 / max": ("6 / 17", "5 / 17", "6 / 30", "4 / 15"),
    "dataclasses (frozen)": ("132 (123)", "62 (59)", "2, pydantic", "6 (3), attrs"),
    "broad except of all": ("12 of 144", "3 of 49", "27 of 103", "10 of 55"),
    "comments per 100 lines": ("2.7", "4.4", "5.1", "4.9"),
    "module docstrings": ("158 of 158", "61 of 61", "1 of 80", "6 of 63"),
    "public functions with docstring": ("68%", "87%", "45%", "33%"),
    "public functions of 3+ with Args": ("0%", "", "", ""),
    "return annotations": ("100%", "100%", "100%", "71%"),
    "modules in the fullest folder": ("47", "22", "10", "24"),
    "the same without domain": ("47", "", "", ""),
    "median folder": ("21", "10", "4", "3"),
    "modules with a test of their name": ("63 of 157", "19 of 23", "9 of 10", "20 of 24"),
    "the same, components of pages": ("2 of 21", "", "", ""),
    "words in a test's name, median / p90": ("10 / 13", "3 / 5", "4 / 7", "4 / 6"),
    "docstrings with a relative clause": ("215 of 1,463", "", "", ""),
    "commit subject, median / p90 / max": ("76 / 113 / 192", "39 / 60 / 124", "48 / 63 / 80", "42 / 61 / 94"),
    "commits with a body": ("4 of 184", "59 of 200", "50 of 200", "80 of 200"),
    "old names still used": ("180", "", "", ""),
}


@dataclass(frozen=True, slots=True)
class Goal:
    """A limit, and what was measured against it; ``at_least`` is false where less is better."""

    name: str
    measured: float
    limit: float
    at_least: bool = False

    @property
    def met(self) -> bool:
        return self.measured >= self.limit if self.at_least else self.measured <= self.limit

    def in_words(self) -> str:
        sign = "≥" if self.at_least else "≤"
        return f"{'met   ' if self.met else 'MISSED'}  {self.name}: {self.measured:g} (goal {sign} {self.limit:g})"


@dataclass(frozen=True, slots=True)
class Measured:
    """Everything that was measured in one tree. ``untested`` and ``wanted`` are of core and components."""

    core: Counts
    product: Counts
    untested: tuple[list[Path], list[Path]]
    wanted: tuple[int, int]
    test_names: Spread
    commits: list[tuple[str, str]]
    old_names: list[house_names.OldName]

    @property
    def domain_aside(self) -> list[int]:
        return [count for folder, count in self.core.folders.items() if folder != f"{CORE}/domain"]


def measure(root: Path) -> Measured:
    """Measure the working tree at ``root``."""
    core = house_counts.read_modules(root, CORE)
    product = house_counts.read_modules(root, *PRODUCT)
    untested, wanted = house_counts.untested(root, core)
    untested_pages, wanted_pages = house_counts.untested(root, house_counts.read_modules(root, COMPONENTS))
    return Measured(
        core=house_counts.count(core),
        product=house_counts.count(product),
        untested=(untested, untested_pages),
        wanted=(wanted, wanted_pages),
        test_names=Spread.of(house_counts.words_of_test_names(root)),
        commits=commits_since(root, BEFORE),
        old_names=house_names.old_names(root, product),
    )


def commits_since(root: Path, commit: str) -> list[tuple[str, str]]:
    """Subject and body of every commit since ``commit``; none where git or the commit isn't there."""
    command = ["git", "-C", str(root), "log", "--no-merges", "--format=%s%x00%b%x1e", f"{commit}..HEAD"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return []
    records = [record.strip("\n").partition("\0") for record in done.stdout.split("\x1e")]
    return [(subject, body.strip()) for subject, _, body in records if subject]


def goals(measured: Measured) -> list[Goal]:
    core, product = measured.core, measured.product
    missing, wanted = sum(map(len, measured.untested)), sum(measured.wanted)
    return [
        Goal("modules in the fullest folder, domain aside", max(measured.domain_aside, default=0), 14),
        Goal("modules in the median folder", median(core.folders.values()) if core.folders else 0, 7),
        Goal("% of modules with a test of their name", _percent(wanted - missing, wanted), 90, at_least=True),
        Goal("% of functions with six or more parameters", _percent(core.many_parameters, core.functions), 1),
        Goal("old names still used", len(measured.old_names), 0),
        Goal("docstrings with a relative clause", product.relative_clauses, 5),
    ]


def figures(measured: Measured) -> dict[str, str]:
    """The figures of this tree in words, by the names of the table's rows."""
    core, product = measured.core, measured.product
    subjects = [len(subject) for subject, _ in measured.commits]
    bodies = sum(bool(body) for _, body in measured.commits)
    return {
        **_sizes(core),
        **_manners(core),
        "modules in the fullest folder": _whole(max(core.folders.values(), default=0)),
        "the same without domain": _whole(max(measured.domain_aside, default=0)),
        "median folder": f"{median(core.folders.values()):g}" if core.folders else "0",
        "modules with a test of their name": _of(measured.wanted[0] - len(measured.untested[0]), measured.wanted[0]),
        "the same, components of pages": _of(measured.wanted[1] - len(measured.untested[1]), measured.wanted[1]),
        "words in a test's name, median / p90": f"{measured.test_names.median:g} / {measured.test_names.p90:g}",
        "docstrings with a relative clause": _of(product.relative_clauses, product.docstrings),
        "commit subject, median / p90 / max": _spread(subjects) if subjects else "not known",
        "commits with a body": _of(bodies, len(subjects)) if subjects else "not known",
        "old names still used": _whole(len(measured.old_names)),
    }


def _sizes(core: Counts) -> dict[str, str]:
    parameters, branches = Spread.of(core.parameters), Spread.of(core.branches)
    many = core.many_parameters
    return {
        "modules / lines": f"{core.modules:,} / {core.lines:,}",
        "module lines, median / p90 / max": _spread(core.module_lines),
        "function lines, median / p90 / max": _spread(core.function_lines),
        "functions over 40 lines": _of(core.long_functions, core.functions),
        "parameters, mean / p90 / max": f"{parameters.mean:.2f} / {parameters.p90:g} / {parameters.max:g}",
        "functions with 6 or more": f"{many} ({_percent(many, core.functions):.1f}%)",
        "branches, p90 / max": f"{branches.p90:g} / {branches.max:g}",
    }


def _manners(core: Counts) -> dict[str, str]:
    return {
        "dataclasses (frozen)": f"{core.dataclasses} ({core.frozen_dataclasses})",
        "broad except of all": _of(core.broad_handlers, core.handlers),
        "comments per 100 lines": f"{_percent(core.comments, core.filled_lines):.1f}",
        "module docstrings": _of(core.module_docstrings, core.modules),
        "public functions with docstring": f"{_percent(core.public_docstrings, core.public_functions):.0f}%",
        "public functions of 3+ with Args": f"{_percent(core.having_args, core.needing_args):.0f}%",
        "return annotations": f"{_percent(core.annotated_returns, core.functions):.0f}%",
    }


def _percent(part: float, whole: float) -> float:
    return round(100 * part / whole, 2) if whole else 0.0


def _whole(number: float) -> str:
    return f"{number:,}"


def _of(part: int, whole: int) -> str:
    return f"{part:,} of {whole:,}"


def _spread(values: Sequence[float]) -> str:
    spread = Spread.of(values)
    return f"{spread.median:g} / {spread.p90:g} / {spread.max:,g}"


def table(now: dict[str, str]) -> str:
    """The figures of this tree beside the given ones, as lines of columns."""
    rows = [("", "now", *COLUMNS), *((name, now[name], *given) for name, given in GIVEN.items())]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows)


def as_json(measured: Measured) -> dict[str, Any]:
    now = figures(measured)
    return {
        "rows": [
            {"name": name, "now": now[name], **dict(zip(COLUMNS, given, strict=True))} for name, given in GIVEN.items()
        ],
        "goals": [{"name": g.name, "now": g.measured, "limit": g.limit, "met": g.met} for g in goals(measured)],
        "old_names": [{"name": old.name, "place": old.place} for old in measured.old_names],
        "untested": [str(path) for paths in measured.untested for path in paths],
    }


def print_report(measured: Measured) -> None:
    print(table(figures(measured)))
    print()
    for goal in goals(measured):
        print(goal.in_words())
    if measured.old_names:
        print("\nold names: " + ", ".join(f"{old.name} ({old.place})" for old in measured.old_names))
    if missing := [str(path) for paths in measured.untested for path in paths]:
        print("\nwithout a test of their name: " + ", ".join(missing))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, default=ROOT, help="another tree to measure")
    parser.add_argument("--check", action="store_true", help="exit 1 if a goal is missed")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    options = parser.parse_args(arguments)
    measured = measure(options.root)
    if options.json:
        print(json.dumps(as_json(measured), indent=1, ensure_ascii=False))
    else:
        print_report(measured)
    return 1 if options.check and not all(goal.met for goal in goals(measured)) else 0


if __name__ == "__main__":
    raise SystemExit(main())
