"""The image without a container engine: built by buildah, and containers made of namespaces.

The base image is made with debootstrap, since no registry is needed for that. A container is what the compose file asks
for: its user, no capabilities, a root that can't be written, its own processes and host name. The network is this
machine's.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from tests.image import base_suite
from tests.servers import ROOT, Process

NEEDED = ("buildah", "debootstrap", "unshare", "nsenter", "setpriv")
BASE_TAG = "localhost/debian:base"
A_DAY_S = 86_400
DEBIAN = ("http://deb.debian.org/debian", "http://deb.debian.org/debian-security")

# -- building


def lacking() -> list[str]:
    """The programs this machine lacks to build the image, by name."""
    programs = [name for name in NEEDED if shutil.which(name) is None]
    return programs + (["root's rights"] if os.geteuid() != 0 else [])


def base_tree(suite: str, folder: Path) -> Path:
    """A minimal Debian, made once a day on one machine. Raises CalledProcessError where Debian can't be reached."""
    kept = Path(tempfile.gettempdir(), f"clipper-tests-{os.geteuid()}")
    kept.mkdir(mode=0o700, exist_ok=True)
    if kept.stat().st_uid != os.geteuid():
        raise PermissionError(f"{kept} belongs to somebody else")
    archive = kept / f"{suite}.tar"
    if not archive.exists() or time.time() - archive.stat().st_mtime > A_DAY_S:
        tree = folder / "made"
        _run("debootstrap", "--variant=minbase", suite, tree, DEBIAN[0])
        fresh = archive.with_suffix(f".{os.getpid()}")
        _run("tar", "--create", "--file", fresh, "--directory", tree, "--exclude=./var/cache/apt/archives/*.deb", ".")
        fresh.replace(archive)
        shutil.rmtree(tree)
    tree = folder / "base"
    tree.mkdir()
    _run("tar", "--extract", "--file", archive, "--directory", tree)
    return tree


def make_at_home(tree: Path, suite: str) -> None:
    """Let a bare Debian reach what this machine reaches: Debian's fixes, and the authorities that are trusted here."""
    fixes = f"deb {DEBIAN[0]} {suite}-updates main\ndeb {DEBIAN[1]} {suite}-security main\n"
    (tree / "etc/apt/sources.list").write_text(f"deb {DEBIAN[0]} {suite} main\n{fixes}")
    trusted = tree / "usr/local/share/ca-certificates"
    trusted.mkdir(parents=True, exist_ok=True)
    for authority in Path("/usr/local/share/ca-certificates").glob("*.crt"):
        shutil.copy(authority, trusted)
    if Path("/etc/pip.conf").is_file():
        shutil.copy("/etc/pip.conf", tree / "etc/pip.conf")


@dataclass(frozen=True)
class Image:
    """A built image as a folder, and what its file says about running it."""

    root: Path
    config: dict[str, Any]

    @property
    def environment(self) -> dict[str, str]:
        return dict(entry.split("=", 1) for entry in self.config["Env"])


class Builder:
    """buildah with a store of its own below ``folder``, which is all it leaves."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # Plain copies of folders: no mounts to be left behind, and they work on every file system.
        store = ["--root", folder / "store", "--runroot", folder / "run", "--storage-driver", "vfs"]
        self._buildah = ("buildah", *map(str, store))

    def build(self) -> Image:
        """Run the Dockerfile from its first line to its last. Raises CalledProcessError with buildah's last words."""
        suite = base_suite()
        tree = base_tree(suite, self._folder)
        make_at_home(tree, suite)
        bare = self._ask("from", "scratch")
        _run("cp", "--archive", f"{tree}/.", self._ask("mount", bare))
        self._ask("commit", "--quiet", "--rm", bare, BASE_TAG)
        shutil.rmtree(tree)
        how = ["--format", "docker", "--isolation", "chroot", "--pull=never", "--build-arg", f"BASE={BASE_TAG}"]
        self._ask("build", *how, "--tag", "clipper", str(ROOT))
        made = self._ask("from", "--pull-never", "localhost/clipper")
        about = json.loads(_run(*self._buildah, "inspect", "--type", "image", "localhost/clipper"))
        return Image(Path(self._ask("mount", made)), about["Docker"]["config"])

    def _ask(self, *words: str) -> str:
        """Run buildah; the last line of its answer."""
        return _run(*self._buildah, *words).strip().splitlines()[-1]


def _run(*command: object) -> str:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=900)
    if done.returncode != 0:
        raise subprocess.CalledProcessError(done.returncode, command[0], done.stdout, done.stderr[-3000:])
    return done.stdout


# -- containers

ENTER = """set -e
hostname "$2"
mount --bind "$1" "$1"
cd "$1"
mount --bind "$3" "$1/data"
mount -o remount,bind,ro "$1"
mount -t tmpfs tmpfs "$1/tmp"
mount -t proc proc "$1/proc"
mount --rbind /dev "$1/dev"
root=$1
shift 3
exec chroot "$root" "$@"
"""
ALONE = ("unshare", "--mount", "--uts", "--ipc", "--pid", "--fork", "--kill-child", "sh", "-c", ENTER, "sh")


@dataclass(frozen=True)
class Container:
    """A process of a service that runs in the image, with everything below it."""

    process: Process
    inner: int
    harness: tuple[str, ...]

    @property
    def log(self) -> str:
        return self.process.log.read_text(errors="replace")

    def execute(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        """Run a command inside, as a health check is."""
        enter = ["nsenter", f"--target={self.inner}", "--mount", "--uts", "--ipc", "--pid", "--root", "--wd"]
        return subprocess.run([*enter, *self.harness, *command], capture_output=True, text=True, timeout=60)

    def stop(self, patience_s: float) -> bool:
        """Ask it to end, as an engine does; whether it did in time. What is left is killed."""
        try:
            psutil.Process(self.inner).terminate()
            self.process.popen.wait(patience_s)
            return True
        except (psutil.NoSuchProcess, subprocess.TimeoutExpired):
            return self.process.popen.poll() is not None
        finally:
            self.process.stop()


@dataclass(frozen=True)
class Machine:
    """Starts services of the compose file in the image: ``volume`` is what they share as ``/data``."""

    image: Image
    volume: Path
    logs: Path

    def start(self, name: str, service: dict[str, Any]) -> Container:
        """A container of a service whose variables are filled in."""
        harness = self._harness(service)
        log = self.logs / f"{name}.log"
        command = [*ALONE, str(self.image.root), name, str(self.volume), *harness, *service["command"]]
        with log.open("ab") as out:
            popen = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)
        process = Process(popen, log)
        return Container(process, _first_child(process), harness)

    def _harness(self, service: dict[str, Any]) -> tuple[str, ...]:
        """The rights and the environment of a service, as words to put before its command."""
        uid, gid = service["user"].split(":")
        rights = ("setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups")
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        rights += ("--no-new-privs", "--bounding-set=-all", "--inh-caps=-all")
        names = {**self.image.environment, "HOME": "/data", **service["environment"]}
        told = (f"{name}={value}" for name, value in names.items())
        return (*rights, "env", "-i", "-C", self.image.config["WorkingDir"], *told)


def _first_child(process: Process) -> int:
    """The process that is number 1 inside."""
    end = time.monotonic() + 10
    while time.monotonic() < end and process.popen.poll() is None:
        for child in process.children():
            return child.pid
        time.sleep(0.02)
    raise AssertionError(f"it did not start: {process.log.read_text(errors='replace')[-2000:]}")
