"""Makes the environment Clipper runs in: ``python3 tools/setup.py [--tests]``, which `make` does by itself.

Only the standard library, and readable by any Python since 3.7, because it runs before anything is installed. It writes
to ``.venv`` alone (and ``.python``, if uv has to bring one; uv keeps its cache too), needs no rights and no compiler,
and does nothing if all is up to date.
Exit 0, or 1 with one sentence on stderr.
"""

from __future__ import annotations

import argparse
import ast
import configparser
import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from urllib.parse import urljoin, urlsplit

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without importing what only annotations need
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any

    Finished = subprocess.CompletedProcess[str]

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "clipper-setup.json"
RUNTIME, TESTS = "requirements.txt", "requirements-dev.txt"

LOWEST, TOO_HIGH = (3, 11), (3, 14)
WANTED = "Python 3.11, 3.12 or 3.13"
NAMES = ("python3.12", "python3.11", "python3.13", "python3", "python")
# Variables that would point Python, pip or uv away from .venv.
MISLEADING = (
    *("VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONHOME", "PYTHONPATH", "UV_PYTHON", "UV_SYSTEM_PYTHON"),
    *("PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_REQUIRE_VIRTUALENV", "UV_PROJECT_ENVIRONMENT"),
)


class Problem(Exception):
    """A failure of the set-up, with one sentence that says what to do."""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Makes the environment Clipper runs in, in .venv.")
    parser.add_argument("--tests", action="store_true", help="also what the tests need")
    file = TESTS if parser.parse_args(arguments).tests else RUNTIME
    try:
        with alone():
            if not is_ready(file):
                make(file)
    except Problem as problem:
        print(f"setup_problem: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted: Setting up was stopped; the next `make` goes on.", file=sys.stderr)
        return 130
    return 0


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Hold a lock on the folder of this file for one set-up at a time; it ends with the process and its children."""
    handle = os.open(ROOT / "tools", os.O_RDONLY)
    os.set_inheritable(handle, True)  # an installer that outlives us must not meet the next one
    try:
        with contextlib.suppress(OSError):  # some network file systems have no locks
            wait_for_turn(handle)
        yield
    finally:
        os.close(handle)


def wait_for_turn(handle: int) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say("Another set-up is at work here; waiting until it is done.")
        fcntl.flock(handle, fcntl.LOCK_EX)


# -- what is there


def is_ready(file: str) -> bool:
    """True if .venv works, lies where it was made, and holds the packages that ``file`` asks for now."""
    stamp = read_stamp()
    return (
        stamp.get("place") == str(VENV)
        and stamp.get("files", {}).get(file) == digest(file)
        and set(stamp.get("packages", [])) <= packages()
        and stamp.get("python") == version_of(PYTHON)
    )


def read_stamp() -> dict[str, Any]:
    try:
        stamp = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def write_stamp(file: str) -> None:
    files = {name: digest(name) for name in ((RUNTIME, TESTS) if file == TESTS else (RUNTIME,))}
    stamp = {"place": str(VENV), "python": version_of(PYTHON), "files": files, "packages": sorted(packages())}
    STAMP.write_text(json.dumps(stamp))


def digest(file: str) -> str:
    return hashlib.sha256((ROOT / file).read_bytes()).hexdigest()


def packages() -> set[str]:
    """The installed packages, by the folder that each leaves once it is complete."""
    return {path.parent.name for path in VENV.glob("lib/python3*/site-packages/*.dist-info/RECORD")}


def version_of(python: Path | str) -> str | None:
    """The version of a Python that works, as ``3.11.2``; None if it doesn't."""
    done = run([python, "-c", "import sys, venv; print('%d.%d.%d' % sys.version_info[:3])"], timeout_s=30)
    return done.stdout.strip() if done.returncode == 0 and re.fullmatch(r"[\d.]+\s*", done.stdout) else None


def fits(version: str | None) -> bool:
    return version is not None and LOWEST <= tuple(int(part) for part in version.split(".")[:2]) < TOO_HIGH


# -- making it


def make(file: str) -> None:
    began = time.monotonic()
    complete = is_whole()
    before = packages()
    stamp = STAMP.read_bytes() if complete else b""
    if not complete:
        new_environment()
    with contextlib.suppress(FileNotFoundError):
        STAMP.unlink()
    say(f"Installing the packages of {file} for Python {version_of(PYTHON)} in .venv; the first time takes a while.")
    try:
        install(file)
    except Problem:
        if complete and packages() == before:
            STAMP.write_bytes(stamp)  # nothing was changed: what worked, works on
        raise
    write_stamp(file)
    say(f"Done in {time.monotonic() - began:.0f} s.")


def is_whole() -> bool:
    """True if .venv was once completed here, from either list, so that packages can be added to it."""
    stamp = read_stamp()
    whole = stamp.get("place") == str(VENV) and set(stamp.get("packages", ["?"])) <= packages()
    return whole and fits(version_of(PYTHON)) and stamp.get("python") == version_of(PYTHON)


def new_environment() -> None:
    """Replace .venv by an empty one: the old one is incomplete, was moved here, or lost its Python."""
    uv = find_uv()
    python, version = find_python(uv)
    remove(VENV)
    if python is None and uv:
        python, version = fetch_python(uv)
    if python is None:
        found = f", not {version}" if version else ""
        way = "as uv could not fetch it" if uv else "or uv, which fetches it"
        raise Problem(f"Clipper needs {WANTED}{found}. Install it, {way}, and run `make` again.")
    done = run([python, "-m", "venv", "--without-pip", VENV], timeout_s=120)
    if done.returncode != 0 or not fits(version_of(PYTHON)):
        raise Problem(f"Python could not make {VENV}: {last_line(done) or 'it does not start'}.")


def remove(path: Path) -> None:
    try:
        if path.is_symlink() or path.is_file():
            path.unlink()
        elif path.exists():
            say("The environment in .venv is not complete or not of this place; it is made anew.")
            shutil.rmtree(path)
    except OSError as error:
        raise Problem(
            f"The old environment {path} can't be removed ({error.strerror}). Delete it, and run `make` again."
        ) from error


def find_python(uv: str | None) -> tuple[Path | str | None, str | None]:
    """A Python that fits, and its version; or None and the version of one that doesn't."""
    names = [getattr(sys, "_base_executable", None), sys.executable, *(shutil.which(name) for name in NAMES)]
    if uv:
        wanted = f">={dotted(LOWEST)},<{dotted(TOO_HIGH)}"
        done = run([uv, "python", "find", "--system", "--no-python-downloads", wanted], timeout_s=60)
        names.append(done.stdout.strip() if done.returncode == 0 else None)
    unfit = None
    for name in names:
        version = version_of(name) if name and not inside(name) else None
        if fits(version):
            return name, version
        unfit = unfit or version
    return None, unfit


def fetch_python(uv: str) -> tuple[Path | str | None, str | None]:
    """Let uv fetch a Python into this folder, so that nothing is written elsewhere. Returns it and its version."""
    home = ROOT / ".python"
    say("No Python that fits is installed here; uv fetches one.")
    run([uv, "python", "install", "--no-bin", "--install-dir", home, "3.12"], timeout_s=900)
    for path in sorted(home.glob("*/bin/python3.12")):
        return path, version_of(path)
    return None, version_of(sys.executable)


def inside(name: str) -> bool:
    """True for the Python of .venv itself, which is found first while .venv is activated."""
    return VENV in Path(name).absolute().parents


def dotted(version: Iterable[int]) -> str:
    return ".".join(map(str, version))


# -- installing


def install(file: str) -> None:
    """Fill .venv by uv, which is fast; if it is missing or fails, by pip, which knows more ways to reach an index."""
    uv = find_uv() or fetch_uv()
    failure = attempt([uv, "pip", "install", "--python", PYTHON], file, uv_names()) if uv else "no uv"
    if failure and uv:
        say("uv could not install them; trying pip.")
    for pip in pips() if failure else ():
        failure = attempt([*pip, "install", "--no-cache-dir", "--prefer-binary"], file, {})
        break
    if failure == "no uv":
        raise Problem(
            "There is neither uv nor pip here. Install uv, or the package python3-venv, and run `make` again."
        )
    if failure:
        raise Problem(f"The packages could not be installed ({failure}). Check the network, and run `make` again.")


def attempt(command: Sequence[Path | str], file: str, names: Mapping[str, str]) -> str | None:
    """Run an installer. Nothing is ever built, since that could need a compiler.

    Args:
        command: the installer, without the packages
        file: the list of packages
        names: more of the environment, such as a mirror

    Returns:
        None if it worked, otherwise the last line of its output.
    """
    command = [*command, "--only-binary", ":all:", "-r", ROOT / file]
    if sys.stderr.isatty():
        done = run(command, names=names, timeout_s=3600, show=True)
        return None if done.returncode == 0 else "see above"
    done = run(command, names=names, timeout_s=3600)
    return None if done.returncode == 0 else last_line(done)


def find_uv() -> str | None:
    places = [VENV / "bin", Path.home() / ".local" / "bin", Path.home() / ".cargo" / "bin"]
    names = [shutil.which("uv"), *(shutil.which("uv", path=str(place)) for place in places)]
    return next((name for name in names if name and run([name, "--version"], timeout_s=30).returncode == 0), None)


def fetch_uv() -> str | None:
    """Install uv into .venv by a pip; None if there is no pip that can."""
    say("Getting uv, which installs faster than pip.")
    for pip in pips():
        if run([*pip, "install", "--no-cache-dir", "--only-binary", ":all:", "uv"], timeout_s=600).returncode == 0:
            return find_uv()
    return None


def pips() -> Iterator[list[Path | str]]:
    """Commands that run pip in .venv: the pip of its Python, the bundled one, or a wheel."""
    base = PYTHON.resolve()
    if pip_version(base) >= (22, 3):
        yield [base, "-m", "pip", "--python", VENV]
    if run([PYTHON, "-m", "ensurepip"], timeout_s=300).returncode == 0:
        yield [PYTHON, "-m", "pip"]
    wheels = sorted(Path("/usr/share/python-wheels").glob("pip-*.whl"))  # where Debian keeps it
    wheel = wheels[-1] if wheels else fetch_pip()
    if wheel:
        yield [PYTHON, f"{wheel}/pip"]


def pip_version(python: Path) -> tuple[int, int]:
    done = run([python, "-m", "pip", "--version"], timeout_s=60)
    found = re.match(r"pip (\d+)\.(\d+)", done.stdout) if done.returncode == 0 else None
    return (int(found[1]), int(found[2])) if found else (0, 0)


def fetch_pip() -> Path | None:
    """Download pip's wheel from an index set for pip or uv and check its hash; None if no index has it."""
    for index in configured_indexes():
        page_url = index.rstrip("/") + "/pip/"
        with contextlib.suppress(OSError, ValueError):
            with urllib.request.urlopen(page_url, timeout=60) as answer:
                page = answer.read().decode("utf-8", "replace")
            links = re.findall(r'href="([^"#]*/(pip-[\d.]+-py3-none-any\.whl))#sha256=([0-9a-f]{64})"', page)
            link, name, wanted = max(links, key=lambda found: [int(part) for part in found[1].split("-")[1].split(".")])
            with urllib.request.urlopen(urljoin(page_url, link), timeout=120) as answer:
                content = answer.read()
            if hashlib.sha256(content).hexdigest() == wanted:
                wheel = VENV / str(name)
                wheel.write_bytes(content)
                return wheel
    return None


def configured_indexes() -> list[str]:
    """Addresses of indexes from the environment and pip's files, where there is no pip to ask."""
    names = ("PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_EXTRA_INDEX_URL")
    text = [os.environ.get(name, "") for name in names]
    files = [
        os.environ.get("PIP_CONFIG_FILE", ""),
        *(str(Path.home() / f) for f in (".config/pip/pip.conf", ".pip/pip.conf")),
    ]
    parser = configparser.RawConfigParser()
    with contextlib.suppress(configparser.Error):
        parser.read([file for file in (*files, "/etc/pip.conf") if file])
    text += [parser.get("global", key, fallback="") for key in ("index-url", "extra-index-url")]
    return [url for url in " ".join(text).split() if urlsplit(url).scheme in ("https", "http")]


def uv_names() -> dict[str, str]:
    """pip's index and certificates under uv's names, so that uv uses a mirror set for pip; uv's own settings win."""
    names = {}
    done = run([sys.executable, "-m", "pip", "config", "list"], timeout_s=60)
    set_for_pip = {}
    for key, value in re.findall(r"^\S*?([a-z-]+)='(.*)'$", done.stdout if done.returncode == 0 else "", re.MULTILINE):
        set_for_pip[key] = ast.literal_eval(f"'{value}'").replace("\n", " ")
    if "index-url" in set_for_pip and not any(os.environ.get(n) for n in ("UV_DEFAULT_INDEX", "UV_INDEX_URL")):
        names["UV_DEFAULT_INDEX"] = set_for_pip["index-url"]
        if set_for_pip.get("extra-index-url"):
            names.update(UV_INDEX=set_for_pip["extra-index-url"], UV_INDEX_STRATEGY="unsafe-best-match")
    if "cert" in set_for_pip and not os.environ.get("SSL_CERT_FILE"):
        names["SSL_CERT_FILE"] = set_for_pip["cert"]
    return names


# -- running


def run(
    command: Sequence[Path | str], *, timeout_s: float, names: Mapping[str, str] | None = None, show: bool = False
) -> Finished:
    """Run a command to its end. One that can't be started or takes too long counts as failed.

    Args:
        command: the program and its arguments
        timeout_s: seconds after which it is killed
        names: more of the environment
        show: whether its output goes to the terminal instead of the result
    """
    environment = {name: value for name, value in os.environ.items() if name not in MISLEADING}
    environment.update(names or {}, PIP_DISABLE_PIP_VERSION_CHECK="1", PIP_NO_INPUT="1")
    command = [str(word) for word in command]
    pipe = None if show else subprocess.PIPE
    try:
        return subprocess.run(
            command, env=environment, cwd=str(ROOT), stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe,
            text=True, timeout=timeout_s, close_fds=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        return subprocess.CompletedProcess(command, 1, "", str(error))


def last_line(done: Finished) -> str:
    lines = [line.strip() for line in (done.stderr or done.stdout or "").splitlines() if line.strip()]
    return lines[-1].rstrip(".") if lines else ""


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
