"""The servers of a test: as on a laptop, or, with CLIPPER_TEST_SERVICES=1, PostgreSQL, Redis and S3.

The servers are started once in a session, each when it is first asked for. Every test has a corner of its own there: a
fresh database, a number in Redis, a prefix in the bucket. Once is enough: what is about these servers runs only there,
and what has nothing to do with them only without.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import types
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis

from clipper_core.db.migrate import migrate
from clipper_core.db.session import Database
from clipper_core.settings import Settings
from tests.s3_server import S3Server, s3_programs
from tests.servers import Postgres, Redis, free_port, postgres_folder, redis_binary, until

ON_SERVICES = os.environ.get("CLIPPER_TEST_SERVICES") == "1"
TEMPLATE = "clipper_template"  # migrated once, and copied for every test
ELSEWHERE = "make test-services runs this"
only_on_services = pytest.mark.skipif(not ON_SERVICES, reason=ELSEWHERE)
not_on_services = pytest.mark.skipif(ON_SERVICES, reason="make test runs this")
CORNERS = 2000  # databases in one Redis
BUCKET = "clipper-tests"


FIXTURES = {"database", "redis_server", "services", "shared_stack", "stack"}


def asks_for_them(item: pytest.Item) -> bool:
    """True if a test can meet the services: by a fixture, or by a name its module imports from here."""
    assert isinstance(item, pytest.Function)
    return not FIXTURES.isdisjoint(item.fixturenames) or _reaches_here(item.module, set())


def _reaches_here(module: types.ModuleType, seen: set[str]) -> bool:
    seen.add(module.__name__)
    homes = {
        value.__name__ if isinstance(value, types.ModuleType) else getattr(value, "__module__", None)
        for value in vars(module).values()
    }
    ours = {home for home in homes if isinstance(home, str) and home.startswith("tests.")}
    further = ours - seen - {"tests.conftest"}
    return __name__ in further or any(_reaches_here(sys.modules[home], seen) for home in further)


def missing() -> list[str]:
    """The Debian packages that the services need and this computer lacks."""
    there = {"postgresql": postgres_folder(), "redis-server": redis_binary(), "python3-swift": s3_programs()}
    return [package for package, found in there.items() if found is None]


def tls_redis() -> str | None:
    """A Redis server that speaks TLS, which not every build does, and the means to make certificates for it."""
    program = shutil.which("redis-server")
    if program is None or shutil.which("openssl") is None:
        return None
    done = subprocess.run([program, "--tls-port", "none"], capture_output=True, text=True, check=False)
    return None if "Bad directive" in done.stdout + done.stderr else program


@dataclass
class Certificates:
    """An authority of the test's own, and a certificate for 127.0.0.1 that it signed."""

    folder: Path

    @property
    def authority(self) -> Path:
        return self.folder / "ca.crt"

    @property
    def certificate(self) -> Path:
        return self.folder / "server.crt"

    @property
    def key(self) -> Path:
        return self.folder / "server.key"

    def make(self) -> Certificates:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "names").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
        self._openssl("req -x509 -newkey rsa:2048 -nodes -days 2 -keyout ca.key -out ca.crt -subj /CN=Tests")
        self._openssl("req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=localhost")
        self._openssl(
            "x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.crt"
        )
        return self

    def _openssl(self, arguments: str) -> None:
        subprocess.run(["openssl", *arguments.split()], cwd=self.folder, check=True, capture_output=True)


@dataclass
class RedisServer:
    """A Redis as operators run it: on a port, with a password, append-only; with ``tls`` it speaks nothing else."""

    folder: Path
    password: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    port: int = field(default_factory=free_port)
    tls: Certificates | None = None
    program: str | None = field(default_factory=redis_binary)
    popen: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return self.url_of(0)

    def url_of(self, number: int = 0, password: str | None = None, more: str = "") -> str:
        scheme = "rediss" if self.tls else "redis"
        trusted = [f"ssl_ca_certs={self.tls.authority}"] if self.tls and not more else []
        query = "&".join([*trusted, *([more] if more else [])])
        return f"{scheme}://:{password or self.password}@127.0.0.1:{self.port}/{number}{f'?{query}' if query else ''}"

    def start(self) -> None:
        assert self.program is not None
        place = ["--bind", "127.0.0.1", "--dir", str(self.folder), "--databases", str(CORNERS)]
        place += ["--port", "0", "--tls-port", str(self.port)] if self.tls else ["--port", str(self.port)]
        if self.tls:
            place += ["--tls-cert-file", str(self.tls.certificate), "--tls-key-file", str(self.tls.key)]
            place += ["--tls-ca-cert-file", str(self.tls.authority), "--tls-auth-clients", "no"]
        rules = ["--requirepass", self.password, "--appendonly", "yes", "--save", "", "--loglevel", "warning"]
        self.popen = subprocess.Popen(
            [self.program, *place, *rules], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until(self._answers, seconds=10, saying="Redis answers")

    def _answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def stop(self) -> None:
        if self.popen is not None and self.popen.poll() is None:
            self.popen.kill()
            self.popen.wait(10)


@dataclass(frozen=True)
class RedisCorner:
    """One numbered database of the session's Redis."""

    url: str


class Services:
    """The servers of this session."""

    def __init__(self) -> None:
        self._held = contextlib.ExitStack()
        self._numbers = itertools.count(1)

    def stop(self) -> None:
        self._held.close()

    def _folder(self) -> Path:
        return Path(self._held.enter_context(tempfile.TemporaryDirectory(prefix="cs-")))

    # -- PostgreSQL

    @functools.cached_property
    def postgres(self) -> Postgres:
        programs = postgres_folder()
        assert programs is not None
        server = Postgres(self._folder(), programs)
        self._held.callback(server.stop)
        server.start()
        self._ask(server, f"create database {TEMPLATE}")
        settings = Settings(database_url=server.url_of(TEMPLATE), _env_file=None)
        migrate(Database(settings.database, keep_connections=False))
        return server

    @contextlib.contextmanager
    def database(self, *, empty: bool = False) -> Iterator[str]:
        """The URL of a fresh database, with all tables or ``empty``; it is gone afterwards."""
        name = f"clipper_{next(self._numbers)}"
        self._ask(self.postgres, f"create database {name}" + ("" if empty else self._copied))
        try:
            yield self.postgres.url_of(name)
        finally:
            self._ask(self.postgres, f"drop database {name} with (force)")

    @functools.cached_property
    def _copied(self) -> str:
        """Copying files takes a third of the time of copying rows; it was the only way before PostgreSQL 15."""
        with psycopg.connect(self.postgres.url) as connection:
            strategy = " strategy file_copy" if connection.info.server_version >= 150_000 else ""
        return f" template {TEMPLATE}{strategy}"

    @staticmethod
    def _ask(server: Postgres, statement: str) -> None:
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[arg-type]

    # -- Redis

    @functools.cached_property
    def redis(self) -> RedisServer:
        server = RedisServer(self._folder())
        self._held.callback(server.stop)
        server.start()
        return server

    @contextlib.contextmanager
    def redis_corner(self) -> Iterator[RedisCorner]:
        """A numbered database of the session's Redis, empty before and after."""
        url = self.redis.url_of(next(self._numbers) % CORNERS)
        with redis.Redis.from_url(url) as client:
            client.flushdb()
            try:
                yield RedisCorner(url)
            finally:
                client.flushdb()

    # -- S3

    @functools.cached_property
    def s3(self) -> S3Server:
        server = S3Server(self._folder())
        self._held.callback(server.stop)
        server.start()
        server.make_bucket(BUCKET)
        return server

    def store(self) -> dict[str, Any]:
        """A file store of one's own, as settings."""
        return {
            "storage_url": f"s3://{BUCKET}/{next(self._numbers)}",
            "s3_endpoint_url": self.s3.endpoint,
            "s3_region": self.s3.region,
            "aws_access_key_id": self.s3.access_key,
            "aws_secret_access_key": self.s3.secret_key,
        }


_services: Services | None = None


def services() -> Services:
    """The servers of this session. Skips the test where it is not run on services."""
    global _services
    if not ON_SERVICES:
        pytest.skip(ELSEWHERE)
    if _services is None:
        _services = Services()
    return _services


def stop_services() -> None:
    if _services is not None:
        _services.stop()


@contextlib.contextmanager
def fresh_places(*, empty: bool = False) -> Iterator[dict[str, Any]]:
    """A database and a file store of one's own, as settings; nothing where those of the data folder are meant."""
    if not ON_SERVICES:
        yield {}
        return
    with services().database(empty=empty) as url:
        yield {"database_url": url, **services().store()}


@contextlib.contextmanager
def fresh_redis(*, embedded: bool = not ON_SERVICES) -> Iterator[Redis | RedisCorner]:
    """A Redis of one's own on a socket, or a corner of the session's. Skips the test where there is none."""
    if not embedded:
        with services().redis_corner() as corner:
            yield corner
        return
    if redis_binary() is None:
        pytest.skip("no Redis server can be had here without root")
    with tempfile.TemporaryDirectory(prefix="cr-") as folder:  # a socket's path must not be long
        server = Redis(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop()


@contextlib.contextmanager
def fresh_settings(folder: Path, *, empty: bool = False, **more: Any) -> Iterator[Settings]:
    """Settings for a Clipper of one's own in ``folder``, whose database has all tables unless it is to be ``empty``."""
    with fresh_places(empty=empty) as places:
        settings = Settings(data_dir=folder, _env_file=None, **{**places, **more})
        if not ON_SERVICES and not empty:
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(Path(_prepared_sqlite().name, "clipper.db"), folder / "clipper.db")
        yield settings


@contextlib.contextmanager
def fresh_database(folder: Path) -> Iterator[Database]:
    """A database of one's own with all tables and no rows; where it is a file, it lies in ``folder``."""
    with contextlib.ExitStack() as held:
        if ON_SERVICES:
            url = held.enter_context(services().database())
            settings = Settings(database_url=url, _env_file=None)
        else:
            settings = held.enter_context(fresh_settings(folder))
        yield held.enter_context(contextlib.closing(Database(settings.database)))


@functools.cache
def _prepared_sqlite() -> tempfile.TemporaryDirectory[str]:
    """A folder with an SQLite database that has all tables, made once; it goes when the session ends."""
    folder = tempfile.TemporaryDirectory(prefix="cs-")
    database = Database(f"sqlite:///{folder.name}/clipper.db", keep_connections=False)
    migrate(database)
    return folder
