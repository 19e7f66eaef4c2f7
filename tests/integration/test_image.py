"""The image is built from its file and run as the compose file says, without a container engine.

What differs from `docker compose up`: the base is debootstrap's Debian of the same release, the builder is buildah, the
servers are those of this machine, and the network is shared, so that names become 127.0.0.1 and ports are free ones.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import yaml

from tests.containers import Builder, Container, Image, Machine, lacking
from tests.image import filled_in
from tests.servers import ROOT, free_port, redis_binary, until
from tests.services import Services, only_on_services, services

pytestmark = [
    only_on_services,
    pytest.mark.first,
    pytest.mark.slow,
    pytest.mark.servers,
    pytest.mark.timeout(1200),
]

USER = 10001
OURS = ("web", "api", "worker")
MOST_MB = 1300


def compose() -> dict[str, dict[str, Any]]:
    read = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    return dict(filled_in(read["services"], {}))


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    if missing := lacking():
        pytest.skip(f"the image can't be built here without {', '.join(missing)}")
    try:
        socket.create_connection(("deb.debian.org", 80), timeout=10).close()
    except OSError:
        pytest.skip("the image can't be built here: Debian's archive can't be reached")
    with tempfile.TemporaryDirectory(prefix="ci-") as folder:
        yield Builder(Path(folder)).build()


@dataclass
class Composed:
    """The services of the compose file as containers; their addresses and ports are those of this machine."""

    machine: Machine
    services: dict[str, dict[str, Any]]
    places: dict[str, str]
    ports: dict[str, int]
    running: dict[str, Container] = field(default_factory=dict)

    def up(self, name: str) -> Container:
        """A service that is well, with what it waits for; started where it isn't running."""
        if name not in self.running:
            if not self.running:
                self.migrate()
            started = self.running[name] = self.machine.start(name, self.service(name))
            until(lambda: self.is_well(name, started), seconds=120, every=0.5, saying=f"{name} is well: {started.log}")
        return self.running[name]

    def migrate(self) -> None:
        migrate = self.machine.start("migrate", self.service("migrate"))
        assert migrate.process.popen.wait(120) == 0, migrate.log

    def service(self, name: str) -> dict[str, Any]:
        """A service as it is told to run: 8000, for one, becomes a port that is free here."""
        asked = self.services[name]
        moved = {str(port): str(self.ports[name]) for port in (8000, 8501) if name in self.ports}
        command = [moved.get(word, word) for word in asked["command"]]
        environment = {k: self.places.get(k, v) for k, v in asked["environment"].items()}
        return {**asked, "command": command, "environment": environment}

    def is_well(self, service: str, container: Container) -> bool:
        """The answer of a service's health check."""
        kind, *words = self.services[service]["healthcheck"]["test"]
        assert kind == "CMD"
        if service in self.ports:
            words = [word.replace("8501", str(self.ports[service])) for word in words]
            words = [word.replace("8000", str(self.ports[service])) for word in words]
        return container.execute(words).returncode == 0

    def client(self, service: str) -> httpx.Client:
        return httpx.Client(base_url=f"http://localhost:{self.ports[service]}", timeout=30)

    def stop(self) -> None:
        for container in self.running.values():
            container.process.stop()


@pytest.fixture(scope="module")
def composed(image: Image) -> Iterator[Composed]:
    """Everything is there but what is ours: a database, a queue and a file store, all empty."""
    servers = services()
    asked = compose()
    with tempfile.TemporaryDirectory(prefix="cv-") as folder, servers.database(empty=True) as database:
        queue = Queue(asked["redis"], Path(folder))
        queue.start()
        places = places_of(servers, database, queue.url)
        ports = {"web": free_port(), "api": free_port()}
        made = Composed(Machine(image, volume(folder), Path(folder)), asked, places, ports)
        try:
            yield made
        finally:
            made.stop()
            queue.stop()


def volume(folder: str | Path) -> Path:
    """An empty volume as an engine makes it: it belongs to whoever owns the folder of the image."""
    made = Path(folder, "data")
    made.mkdir(mode=0o750)
    os.chown(made, USER, USER)
    return made


def places_of(servers: Services, database: str, queue: str) -> dict[str, str]:
    """The addresses of the compose file's servers on this machine."""
    store = servers.s3.environment
    return {**store, "DATABASE_URL": database, "REDIS_URL": queue, "CLIPPER_STORAGE_URL": "s3://clipper-image"}


@dataclass
class Queue:
    """A Redis started with the arguments of the compose file, but for its port and folder."""

    service: dict[str, Any]
    folder: Path
    port: int = field(default_factory=free_port)
    popen: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://:{self.service['environment']['REDISCLI_AUTH']}@127.0.0.1:{self.port}/0"

    def start(self) -> None:
        program, *words = self.service["command"]
        assert program == "redis-server"
        words[words.index("--port") + 1] = str(self.port)
        here = ["--bind", "127.0.0.1", "--dir", str(self.folder), "--loglevel", "warning"]
        self.popen = subprocess.Popen([str(redis_binary()), *words, *here])
        until(self._answers, seconds=10, saying="Redis answers")

    def _answers(self) -> bool:
        import redis

        try:
            with redis.Redis.from_url(self.url) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def stop(self) -> None:
        if self.popen is not None:
            self.popen.kill()
            self.popen.wait(10)


# -- the image


def test_the_image_holds_no_build_tools(image: Image) -> None:
    app, packages = image.root / "app", next((image.root / "opt/clipper/lib").glob("python3.*")) / "site-packages"

    assert {p.name for p in app.iterdir()} == {
        *(".streamlit", "LICENSE", "THIRD_PARTY.md", "__pycache__"),
        *("clipper_core", "pages", "sample", "streamlit_app.py", "worker.py"),
    }
    assert not (packages / "pip").exists()
    assert not list(image.root.glob("usr/bin/pip*"))
    assert not list(image.root.glob("usr/bin/gcc*"))
    assert not list(image.root.glob("var/lib/apt/lists/*"))
    assert not (image.root / "root/.cache").exists()
    size = sum(p.lstat().st_size for p in image.root.rglob("*") if not p.is_symlink() and p.is_file())
    assert size < MOST_MB * 1e6


def test_the_image_user_owns_only_the_data(image: Image) -> None:
    owned = [p for p in image.root.rglob("*") if p.lstat().st_uid == USER]

    assert image.config["User"] == f"{USER}:{USER}"
    assert owned == [image.root / "data"]
    assert not [p for p in (image.root / "app").rglob("*") if p.stat().st_mode & 0o022]


def test_every_module_is_compiled_in_the_image(image: Image) -> None:
    for source in (image.root / "app").rglob("*.py"):
        assert list((source.parent / "__pycache__").glob(f"{source.stem}.cpython-*.pyc")), source


# -- the services


def test_migrate_ends_well_however_often_it_runs(composed: Composed) -> None:
    composed.migrate()
    composed.migrate()


def test_the_sample_runs_on_an_http_request(composed: Composed) -> None:
    worker = composed.up("worker")
    composed.up("api")
    with composed.client("api") as client:
        assert client.get("/health").status_code == 200

        answer = client.post("/jobs/enqueue", json={"project_id": "prj_test"})

        assert answer.status_code == 202, answer.text
        run = f"/api/runs/{answer.json()['id']}"
        until(lambda: client.get(run).json()["state"] == "succeeded", seconds=120, every=0.5, saying="it succeeds")
        assert client.get("/api/projects/prj_test/clips").json()["clips"]
        assert client.get("/docs").status_code == 200
    for step in ("probe", "map_silence", "align", "propose"):
        assert f"kind={step} project=prj_test" in worker.log


def test_the_pages_show_the_job_at_the_published_address(composed: Composed, browser: Any) -> None:
    composed.up("web")
    page = browser.new_page()

    page.goto(f"http://localhost:{composed.ports['web']}/jobs")

    page.get_by_text("Sample: a sonnet by Shakespeare").first.wait_for(timeout=60_000)
    page.close()


def test_an_upload_that_begins_at_the_pages_goes_on_at_the_api(composed: Composed, media: Path) -> None:
    for name in OURS:
        composed.up(name)
    whole = (media / "jfk.flac").read_bytes()
    half = len(whole) // 2
    tus = {"Tus-Resumable": "1.0.0"}
    piece = {**tus, "Content-Type": "application/offset+octet-stream"}
    about = {"Upload-Length": str(len(whole)), "Upload-Metadata": "filename amZrLmZsYWM="}
    with composed.client("web") as web, composed.client("api") as api:
        path = urlsplit(web.post("/uploads", headers={**tus, **about}).headers["Location"]).path

        web.patch(path, content=whole[:half], headers={**piece, "Upload-Offset": "0"}).raise_for_status()
        done = api.patch(path, content=whole[half:], headers={**piece, "Upload-Offset": str(half)})

        assert done.status_code == 204
        project = f"/api/projects/{done.headers['Clipper-Project-Id']}"
        until(lambda: api.get(project).json()["state"] == "succeeded", seconds=180, every=0.5, saying="it succeeds")


def test_a_worker_unknown_to_the_queue_is_unhealthy(composed: Composed) -> None:
    composed.up("worker")
    idle = composed.machine.start("idle", {**composed.service("worker"), "command": ["sleep", "60"]})

    try:
        assert not composed.is_well("worker", idle)
    finally:
        idle.process.stop()


@pytest.mark.parametrize("name", OURS)
def test_a_service_stops_in_time(composed: Composed, name: str) -> None:
    patience_s = float(composed.services[name]["stop_grace_period"].removesuffix("s"))
    container = composed.up(name)

    in_time = composed.running.pop(name).stop(patience_s)

    assert in_time, container.log[-2000:]


def test_alone_the_image_serves_everything(image: Image) -> None:
    port = free_port()
    service = {**compose()["worker"], "command": image.config["Cmd"], "environment": {"CLIPPER_PORT": str(port)}}
    with tempfile.TemporaryDirectory(prefix="cv-") as folder:
        serving = Machine(image, volume(folder), Path(folder)).start("alone", service)

        try:
            until(lambda: "Clipper is ready" in serving.log, seconds=90, saying="it is ready")
            health = httpx.get(f"http://localhost:{port}/health")
            assert health.status_code == 200, json.dumps(health.json())
            assert serving.stop(15)
        finally:
            serving.process.stop()
