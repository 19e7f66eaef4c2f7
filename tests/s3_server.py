"""A real S3 server for tests, with signatures, rights and checksums, and a wire that breaks where a test wants it to.

The server is OpenStack Swift as Debian packages it (``python3-swift``), run by s3_swift.py under the system's Python.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import selectors
import shutil
import socket
import subprocess
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

NEEDED = ("swift", "eventlet", "pyeclib", "xattr")
NO_S3 = "no S3 server can be had here without root: install python3-swift"
START_S = 30


@cache
def s3_programs() -> Path | None:
    """The Python that can run the server; None where it is not installed, and NO_S3 says so."""
    for python in (Path("/usr/bin/python3"), Path(shutil.which("python3") or "/usr/bin/python3")):
        ask = f"import importlib.util as u; exit(any(u.find_spec(m) is None for m in {NEEDED!r}))"
        if python.is_file() and subprocess.run([python, "-I", "-c", ask], check=False).returncode == 0:
            return python
    return None


@dataclass
class S3Server:
    """An S3 of the test's own on a free port of loopback. ``guest_key`` belongs to a user who may do nothing.

    It ends at the latest with the thread that started it.
    """

    folder: Path
    access_key: str = "test:owner"
    secret_key: str = field(default_factory=lambda: secrets.token_hex(16))
    guest_key: str = "test:guest"
    guest_secret: str = field(default_factory=lambda: secrets.token_hex(16))
    region: str = "us-east-1"
    port: int = 0
    popen: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """The environment with which a process of ours uses this server, without the bucket."""
        return {
            "S3_ENDPOINT_URL": self.endpoint,
            "S3_REGION": self.region,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
        }

    def start(self) -> None:
        python = s3_programs()
        assert python is not None, NO_S3
        data = self.folder / f"s3-{secrets.token_hex(4)}"
        data.mkdir(parents=True)
        environment = {"PATH": os.defpath, "S3_OWNER": self.secret_key, "S3_GUEST": self.guest_secret}
        with (data / "log").open("wb") as log:
            self.popen = subprocess.Popen(
                [python, "-I", Path(__file__).with_name("s3_swift.py"), data],
                env=environment,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        self.port = self._told(data / "log")

    def _told(self, log: Path) -> int:
        """The port the server says it listens on. It holds the socket by then, so nobody needs to ask again."""
        assert self.popen is not None
        assert self.popen.stdout is not None
        with selectors.DefaultSelector() as waiting:
            waiting.register(self.popen.stdout, selectors.EVENT_READ)
            waiting.select(START_S)
            line = self.popen.stdout.readline() if waiting.select(0) else b""
        if not line.strip().isdigit():
            self.stop()
            raise AssertionError(f"the S3 server did not start: {log.read_text(errors='replace')[-3000:]}")
        return int(line)

    def stop(self) -> None:
        """The processes below end with the one that was started here."""
        if self.popen is None:
            return
        if self.popen.poll() is None:
            self.popen.kill()
            self.popen.wait(10)
        if self.popen.stdout is not None:
            self.popen.stdout.close()

    def client(self, endpoint: str | None = None) -> Any:
        """A plain client with all rights, to look at what a test has done."""
        import boto3
        from botocore.config import Config

        return boto3.client(
            "s3",
            endpoint_url=endpoint or self.endpoint,
            region_name=self.region,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            config=Config(
                s3={"addressing_style": "path"},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )

    def make_bucket(self, name: str) -> str:
        self.client().create_bucket(Bucket=name)
        return name


@contextlib.contextmanager
def running_s3(folder: Path) -> Iterator[S3Server]:
    """A started server, stopped at the end, with everything it stored removed."""
    server = S3Server(folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        for data in folder.glob("s3-*"):
            shutil.rmtree(data, ignore_errors=True)


@dataclass
class Break:
    """How one connection ends: after so many bytes to the server (``up``) or from it (``down``)."""

    up: int | None = None
    down: int | None = None


@dataclass
class FlakyProxy:
    """A wire to a server on loopback that breaks: each new connection takes the next of ``breaks``, then none do.

    ``always`` breaks every connection that finds no break of its own. ``up`` and ``down`` count the bytes passed on,
    ``connections`` those made so far, ``open`` those that are there now.
    """

    target: int
    breaks: deque[Break] = field(default_factory=deque)
    always: Break | None = None
    up: int = 0
    down: int = 0
    connections: int = 0
    open: int = 0

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            sockets = list(self._sockets)
        for one in sockets:
            _end(one)

    def __enter__(self) -> FlakyProxy:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:  # stopped
                return
            threading.Thread(target=self._carry, args=(near,), daemon=True).start()

    def _carry(self, near: socket.socket) -> None:
        """Pass bytes both ways until one side ends or the wire breaks."""
        with self._lock:
            self.connections += 1
            self.open += 1
            rule = self.breaks.popleft() if self.breaks else self.always or Break()
        try:
            far = socket.create_connection(("127.0.0.1", self.target))
        except OSError:
            _end(near)
            with self._lock:
                self.open -= 1
            return
        with self._lock:
            self._sockets |= {near, far}
        back = threading.Thread(target=self._pass, args=(far, near, "down", rule.down), daemon=True)
        back.start()
        self._pass(near, far, "up", rule.up)
        back.join()
        with self._lock:
            self.open -= 1
            self._sockets -= {near, far}
        near.close()
        far.close()

    def _pass(self, source: socket.socket, sink: socket.socket, way: str, most: int | None) -> None:
        left = most
        with contextlib.suppress(OSError):
            while block := source.recv(65_536 if left is None else max(1, min(65_536, left))):
                sink.sendall(block)
                with self._lock:
                    setattr(self, way, getattr(self, way) + len(block))
                if left is not None and (left := left - len(block)) <= 0:
                    break
        _end(source)
        _end(sink)


def _end(one: socket.socket) -> None:
    """Shut both ways, so that whoever waits on it wakes up."""
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
