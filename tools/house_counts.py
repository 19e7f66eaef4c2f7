"""Counts of a source tree: sizes, parameters, branches, prose and the tests of each module, by reading its syntax."""

from __future__ import annotations

import ast
import io
import re
import statistics
import tokenize
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

LONG_FUNCTION = 40
MANY_PARAMETERS = 6
DOCUMENTED_PARAMETERS = 3
RELATIVE_CLAUSE = re.compile(r"(What|Where|Whether|Who|Whoever|Those|That)\b")
BRANCHES = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler)
# A package's face holds nothing but these, and needs no test of its own.
FACE = (ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign)
# The command line is tested under the name that its users know.
TESTED_AS = {"__main__": "command_line"}

Function = ast.FunctionDef | ast.AsyncFunctionDef
Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Spread:
    """A list of numbers by its mean, median, ninth decile and greatest value; all 0 for an empty list."""

    mean: float
    median: float
    p90: float
    max: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        if not values:
            return cls(0, 0, 0, 0)
        ordered = sorted(values)
        p90 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.9))]
        return cls(statistics.fmean(ordered), statistics.median(ordered), p90, ordered[-1])


@dataclass(frozen=True, slots=True)
class Module:
    """One Python file, with its path inside the repository."""

    path: Path
    text: str
    tree: ast.Module

    @classmethod
    def read(cls, root: Path, path: Path) -> Module:
        text = path.read_text(encoding="utf-8")
        return cls(path.relative_to(root), text, ast.parse(text))

    @property
    def line_count(self) -> int:
        return len(self.text.splitlines())


@dataclass(slots=True)
class Counts:
    """The counts of a list of modules. Lists hold one number for each module or function."""

    modules: int = 0
    lines: int = 0
    filled_lines: int = 0
    module_lines: list[float] = field(default_factory=list)
    function_lines: list[float] = field(default_factory=list)
    parameters: list[float] = field(default_factory=list)
    branches: list[float] = field(default_factory=list)
    dataclasses: int = 0
    frozen_dataclasses: int = 0
    handlers: int = 0
    broad_handlers: int = 0
    comments: int = 0
    module_docstrings: int = 0
    docstrings: int = 0
    relative_clauses: int = 0
    public_functions: int = 0
    public_docstrings: int = 0
    annotated_returns: int = 0
    needing_args: int = 0
    having_args: int = 0
    folders: Counter[str] = field(default_factory=Counter)

    @property
    def functions(self) -> int:
        return len(self.function_lines)

    @property
    def long_functions(self) -> int:
        return sum(lines > LONG_FUNCTION for lines in self.function_lines)

    @property
    def many_parameters(self) -> int:
        return sum(count >= MANY_PARAMETERS for count in self.parameters)


def python_files(root: Path, *places: str) -> Iterator[Path]:
    """Python files of ``places``, folders or files below ``root``; migrations and empty files are left out."""
    for place in places:
        start = root / place
        for path in [start] if start.is_file() else sorted(start.rglob("*.py")):
            if "migrations" not in path.parts and path.read_text(encoding="utf-8").strip():
                yield path


def read_modules(root: Path, *places: str) -> list[Module]:
    return [Module.read(root, path) for path in python_files(root, *places)]


def count(modules: Sequence[Module]) -> Counts:
    """Everything that is counted module by module."""
    counts = Counts()
    for module in modules:
        _count_lines(counts, module)
        for node in ast.walk(module.tree):
            if isinstance(node, Documented):
                _count_prose(counts, node)
            if isinstance(node, Function):
                _count_function(counts, node)
            elif isinstance(node, ast.ClassDef):
                _count_class(counts, node)
            elif isinstance(node, ast.ExceptHandler):
                counts.handlers += 1
                counts.broad_handlers += is_broad(node)
        for function in _outer_functions(module.tree):
            _count_args(counts, function)
    return counts


def _count_lines(counts: Counts, module: Module) -> None:
    counts.modules += 1
    counts.lines += module.line_count
    counts.module_lines.append(module.line_count)
    counts.filled_lines += sum(bool(line.strip()) for line in module.text.splitlines())
    tokens = tokenize.generate_tokens(io.StringIO(module.text).readline)
    counts.comments += sum(token.type == tokenize.COMMENT for token in tokens)
    if module.path.name != "__init__.py":
        counts.folders[str(module.path.parent)] += 1


def _count_prose(counts: Counts, node: Documented) -> None:
    docstring = ast.get_docstring(node)
    if docstring is None:
        return
    counts.docstrings += 1
    counts.module_docstrings += isinstance(node, ast.Module)
    counts.relative_clauses += bool(RELATIVE_CLAUSE.match(docstring))


def _count_function(counts: Counts, function: Function) -> None:
    counts.function_lines.append(body_lines(function))
    counts.parameters.append(parameter_count(function))
    counts.branches.append(branch_count(function))
    counts.annotated_returns += function.returns is not None
    if is_public(function):
        counts.public_functions += 1
        counts.public_docstrings += ast.get_docstring(function) is not None


def _count_class(counts: Counts, node: ast.ClassDef) -> None:
    for decorator in node.decorator_list:
        written = ast.unparse(decorator)
        if written.removeprefix("dataclasses.").startswith("dataclass"):
            counts.dataclasses += 1
            counts.frozen_dataclasses += "frozen=True" in written


def _count_args(counts: Counts, function: Function) -> None:
    if is_public(function) and parameter_count(function) >= DOCUMENTED_PARAMETERS:
        counts.needing_args += 1
        counts.having_args += has_args_section(function)


def _outer_functions(node: ast.AST) -> Iterator[Function]:
    """Functions and methods that are not inside another function: only these can be called from elsewhere."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function):
            yield child
        else:
            yield from _outer_functions(child)


def is_public(function: Function) -> bool:
    return not function.name.startswith("_")


def body_lines(function: Function) -> int:
    """Lines of a function without its signature and its docstring."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return (function.end_lineno or 0) - body[0].lineno + 1 if body else 0


def parameter_count(function: Function) -> int:
    """Parameters without ``self`` and ``cls``; ``*args`` and ``**kwargs`` are not counted."""
    arguments = function.args
    names = [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    return len([name for name in names if name not in ("self", "cls")])


def branch_count(function: Function) -> int:
    """Ways through a function: one, and one more for each condition, loop, handler and filter in it."""
    ways = 1
    for node in ast.walk(function):
        if isinstance(node, BRANCHES):
            ways += 1
        elif isinstance(node, ast.BoolOp):
            ways += len(node.values) - 1
        elif isinstance(node, ast.comprehension):
            ways += 1 + len(node.ifs)
    return ways


def is_broad(handler: ast.ExceptHandler) -> bool:
    """True for an ``except`` that catches everything."""
    if handler.type is None:
        return True
    names = {node.id for node in ast.walk(handler.type) if isinstance(node, ast.Name)}
    return bool(names & {"Exception", "BaseException"})


def has_args_section(function: Function) -> bool:
    return bool(re.search(r"^Args:$", ast.get_docstring(function) or "", re.MULTILINE))


def is_face(module: Module) -> bool:
    """True for a package's ``__init__`` that only hands on names of other modules."""
    if module.path.name != "__init__.py":
        return False
    body = module.tree.body
    if body and isinstance(body[0], ast.Expr):
        body = body[1:]  # the docstring
    return all(isinstance(node, FACE) for node in body)


def places_of_tests(path: Path) -> list[Path]:
    """Folders and file name of the tests a module may have as its own.

    Unit tests mirror the module's folder, without ``clipper_core`` (or ``components``) itself; integration and browser
    tests lie flat.
    """
    module = path.parent if path.name == "__init__.py" else path.with_suffix("")
    name = f"test_{TESTED_AS.get(module.name, module.name.strip('_'))}.py"
    folder = Path(*[part for part in module.parts[:-1] if part not in ("clipper_core", "components")])
    return [Path("tests") / kind / name for kind in (Path("unit") / folder, "integration", "browser")]


def untested(root: Path, modules: Sequence[Module]) -> tuple[list[Path], int]:
    """Modules without a test file of their name, and how many modules should have one."""
    wanted = [m.path for m in modules if not is_face(m)]
    return [p for p in wanted if not any((root / place).is_file() for place in places_of_tests(p))], len(wanted)


def words_of_test_names(root: Path) -> list[float]:
    """Words in the name of each test function, without the leading ``test``."""
    return [
        len(node.name.split("_")) - 1
        for path in sorted((root / "tests").rglob("test_*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, Function) and node.name.startswith("test_")
    ]
