"""The set-up, and the files it and the settings are described by."""

from __future__ import annotations

import ast
import importlib.util
import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from clipper_core.settings import Settings

ROOT = Path(__file__).parents[3]
SCRIPT = ROOT / "tools" / "setup.py"


@pytest.fixture
def setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script, at work in a clone of its own with a space in its name, where installing is writing one folder."""
    script = load()
    root = tmp_path / "my clone"
    (root / "tools").mkdir(parents=True)
    for name in ("requirements.txt", "requirements-dev.txt"):
        (root / name).write_text("thing==1\n")
    monkeypatch.setattr(script, "ROOT", root)
    monkeypatch.setattr(script, "VENV", root / ".venv")
    monkeypatch.setattr(script, "PYTHON", root / ".venv" / "bin" / "python")
    monkeypatch.setattr(script, "STAMP", root / ".venv" / "clipper-setup.json")
    script.installed = []

    def install(file: str) -> None:
        script.installed.append(file)
        library = next((root / ".venv" / "lib").glob("python3*")) / "site-packages" / "thing-1.dist-info"
        library.mkdir(parents=True, exist_ok=True)
        (library / "RECORD").write_text("")

    monkeypatch.setattr(script, "install", install)
    return script


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("clipper_setup", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_setting_up_twice_installs_once(setup):
    assert setup.main([]) == 0
    assert setup.version_of(setup.PYTHON) == "{}.{}.{}".format(*sys.version_info[:3])

    assert setup.main([]) == 0
    assert setup.installed == ["requirements.txt"]


def test_the_packages_for_tests_include_the_runtime(setup):
    setup.main(["--tests"])
    setup.main([])

    assert setup.installed == ["requirements-dev.txt"]


def test_changed_requirements_are_installed_into_the_environment(setup):
    setup.main([])
    keepsake = setup.VENV / "keepsake"
    keepsake.write_text("")
    (setup.ROOT / "requirements.txt").write_text("thing==1\nother==2\n")

    setup.main([])

    assert setup.installed == ["requirements.txt"] * 2
    assert keepsake.exists()


def lose_a_package(setup):
    shutil.rmtree(next(setup.VENV.glob("lib/*/site-packages/thing-1.dist-info")))


def lose_the_interpreter(setup):
    for path in (setup.VENV / "bin").glob("python*"):
        path.unlink()


def be_interrupted(setup):
    setup.STAMP.unlink()


def be_moved(setup):
    setup.STAMP.write_text(setup.STAMP.read_text().replace("my clone", "another place"))


def be_a_file(setup):
    shutil.rmtree(setup.VENV)
    setup.VENV.write_text("")


def have_a_broken_stamp(setup):
    setup.STAMP.write_text("[1, ")


@pytest.mark.slow
@pytest.mark.parametrize(
    "damage", [lose_a_package, lose_the_interpreter, be_interrupted, be_moved, be_a_file, have_a_broken_stamp]
)
def test_a_damaged_environment_is_made_again(setup, damage):
    setup.main([])
    damage(setup)
    assert not setup.is_ready("requirements.txt")

    assert setup.main([]) == 0

    assert setup.is_ready("requirements.txt")


def test_a_failed_update_leaves_the_working_environment(setup, capsys, monkeypatch):
    setup.main([])
    before = json.loads(setup.STAMP.read_text())
    (setup.ROOT / "requirements.txt").write_text("unheard-of==9\n")
    monkeypatch.setattr(setup, "attempt", lambda *_: "no such host")
    monkeypatch.setattr(setup, "install", load_install(setup))
    capsys.readouterr()

    assert setup.main([]) == 1

    assert json.loads(setup.STAMP.read_text()) == before
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith("setup_problem: The packages could not be installed (no such host).")


def load_install(setup: ModuleType):
    """The script's own installing, bound to the changed module, with an installer that needs no network."""
    fresh = load()
    fresh.attempt, fresh.find_uv = setup.attempt, lambda: "uv"
    fresh.pips = lambda: iter([["pip"]])
    fresh.uv_names = dict

    def install(file: str) -> None:
        try:
            fresh.install(file)
        except fresh.Problem as problem:
            raise setup.Problem(str(problem)) from None

    return install


def test_without_an_installer_the_error_says_which(monkeypatch):
    script = load()
    monkeypatch.setattr(script, "find_uv", lambda: None)
    monkeypatch.setattr(script, "pips", lambda: iter(()))

    with pytest.raises(script.Problem, match="Install uv, or the package python3-venv"):
        script.install("requirements.txt")


def test_without_a_fitting_python_the_error_names_some(setup, monkeypatch):
    monkeypatch.setattr(setup, "find_uv", lambda: None)
    monkeypatch.setattr(setup, "find_python", lambda uv: (None, "3.8.18"))

    with pytest.raises(setup.Problem, match=r"needs Python 3.11, 3.12 or 3.13, not 3.8.18"):
        setup.new_environment()


@given(st.integers(2, 4), st.integers(0, 30), st.integers(0, 30))
def test_only_pythons_3_11_to_3_13_fit(major, minor, patch):
    assert load().fits(f"{major}.{minor}.{patch}") == (major == 3 and 11 <= minor <= 13)


def test_uv_uses_the_mirror_set_for_pip(monkeypatch):
    script = load()
    listed = "global.index-url='https://mirror.example/simple'\n:env:.cert='/etc/ours.pem'\n"
    monkeypatch.setattr(script, "run", lambda *_, **__: subprocess.CompletedProcess([], 0, listed, ""))
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)

    assert script.uv_names() == {"UV_DEFAULT_INDEX": "https://mirror.example/simple", "SSL_CERT_FILE": "/etc/ours.pem"}


def test_the_script_uses_stdlib_and_python_3_7_syntax():
    tree = ast.parse(SCRIPT.read_text(encoding="utf-8"), feature_version=(3, 7))

    modules = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    modules |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in modules} <= set(sys.stdlib_module_names)


def test_tests_run_on_the_pinned_shipped_packages():
    runtime, tests = (
        {line for line in (ROOT / name).read_text().splitlines() if line and not line.startswith("#")}
        for name in ("requirements.txt", "requirements-dev.txt")
    )

    assert all(re.match(r"[A-Za-z0-9._-]+(\[[a-z,]+\])?==[^\s;]+( ;.*)?$", line) for line in tests)
    assert {line.split(" ;")[0] for line in runtime} <= {line.split(" ;")[0] for line in tests}


def test_every_dependency_of_pyproject_is_pinned():
    wishes = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    pinned = {line.split("==")[0].lower() for line in (ROOT / "requirements.txt").read_text().splitlines()}

    assert {re.match(r"[A-Za-z0-9._-]+", wish).group().lower() for wish in wishes} <= pinned


def example() -> dict[str, str]:
    return dict(re.findall(r"^# ([A-Z0-9_]+)=(.*)$", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE))


def name_of(field: str) -> str:
    alias = Settings.model_fields[field].validation_alias
    return str(alias.choices[0]) if alias is not None else f"CLIPPER_{field.upper()}"


def test_the_example_environment_names_exactly_every_setting():
    assert set(example()) == {name_of(field) for field in Settings.model_fields}


@pytest.mark.parametrize("field", Settings.model_fields)
def test_the_example_environment_shows_the_defaults(field):
    default = Settings.model_fields[field].default
    shown = example()[name_of(field)]

    assert not isinstance(default, SecretStr)
    if isinstance(default, bool):
        assert shown == str(default).lower()
    elif isinstance(default, Path):
        assert Path(shown) == default
    else:
        assert shown == ("" if default is None else f"{default:g}" if isinstance(default, float) else str(default))


def test_a_copied_example_changes_nothing(tmp_path):
    copied = tmp_path / ".env"
    copied.write_text(
        (ROOT / ".env.example").read_text(encoding="utf-8").replace("\n# C", "\nC").replace("\n# O", "\nO")
    )

    assert Settings(_env_file=copied) == Settings(_env_file=None)


def test_streamlit_shows_no_traces_and_loads_nothing_external():
    text = (ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8")
    config = tomllib.loads(text)

    assert config["client"]["showSidebarNavigation"] is False
    assert config["client"]["showErrorDetails"] == "none"
    assert config["browser"]["gatherUsageStats"] is False
    assert {"light", "dark"} <= set(config["theme"])
    assert "://" not in text


TEXT = ["text", "link", "redText", "greenText", "orangeText", "grayText"]
SHAPES = ["primary", "red", "green", "orange", "gray"]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("name", "least"), [*((n, 4.5) for n in TEXT), *((n, 3.0) for n in SHAPES)])
def test_every_colour_is_readable_on_both_grounds(theme, name, least):
    colours = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))["theme"][theme]

    for ground in ("backgroundColor", "secondaryBackgroundColor"):
        assert contrast(colours[f"{name}Color"], colours[ground]) >= least


def contrast(one: str, other: str) -> float:
    """The ratio that WCAG 2 defines."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_alone_lists_what_there_is():
    listed = subprocess.run(["make", "-C", str(ROOT)], capture_output=True, text=True, check=True).stdout

    assert {"run", "test", "setup", "check", "bench", "lock"} <= set(
        re.findall(r"^make ([a-z]+) ", listed, re.MULTILINE)
    )
