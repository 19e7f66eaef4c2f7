"""The media route over a real S3 server, through a real web server."""

from __future__ import annotations

import random
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
import uvicorn

from clipper_core.app import build_app
from clipper_core.db.models import Asset, Project, Show
from clipper_core.domain.ids import DEFAULT_SHOW
from clipper_core.settings import Settings
from clipper_core.web.api import make_api
from tests.s3_server import NO_S3, FlakyProxy, S3Server, running_s3, s3_programs

MIB = 1 << 20
SIZE = 96 * MIB
SMALL = random.Random(1).randbytes(100_000)


@dataclass
class Served:
    """A Clipper on S3 that answers at ``url``, with ``ast_small`` and ``ast_large``; ``wire`` is what it gets S3 by."""

    url: str
    wire: FlakyProxy


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    if s3_programs() is None:
        pytest.skip(NO_S3)
    with tempfile.TemporaryDirectory(prefix="clipper-s3-") as folder, running_s3(Path(folder)) as running:
        running.make_bucket("media")
        client = running.client()
        client.put_object(Bucket="media", Key="p/projects/prj_1/small", Body=SMALL)
        client.put_object(Bucket="media", Key="p/projects/prj_1/large", Body=bytes(SIZE))
        yield running


@pytest.fixture(params=["route", "presigned"])
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


Serve = Callable[[str], Any]


@pytest.fixture
def serve(server: S3Server, tmp_path: Path) -> Serve:
    @contextmanager
    def served(way: str) -> Iterator[Served]:
        with FlakyProxy(server.port) as wire:
            app = build_app(
                Settings(
                    data_dir=tmp_path,
                    redis_url=f"unix://{tmp_path}/none.sock",
                    storage_url="s3://media/p",
                    s3_endpoint_url=wire.endpoint,
                    s3_region=server.region,
                    aws_access_key_id=server.access_key,
                    aws_secret_access_key=server.secret_key,
                    media_links=way,
                )
            )
            _with_assets(app)
            with _answering(make_api(app)) as url:
                yield Served(url, wire)
            app.database.close()

    return served


def _with_assets(app: Any) -> None:
    from clipper_core.db.migrate import migrate

    migrate(app.database)
    with app.database.write() as session:
        session.add(Show(id=DEFAULT_SHOW, name="Show", defaults={}))
        session.flush()
        session.add(Project(id="prj_1", show_id=DEFAULT_SHOW, title="T", filename="t.mp4", preferences={}))
        session.flush()
        for name, size in (("small", len(SMALL)), ("large", SIZE), ("lost", 5)):
            key = f"projects/prj_1/{name}"
            session.add(
                Asset(id=f"ast_{name}", project_id="prj_1", kind="render", key=key, mime="video/mp4", size=size)
            )


@contextmanager
def _answering(api: Any) -> Iterator[str]:
    listener = socket.create_server(("127.0.0.1", 0))
    web = uvicorn.Server(uvicorn.Config(api, lifespan="off", log_level="error"))
    thread = threading.Thread(target=web.run, args=([listener],), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        web.should_exit = True
        thread.join(30)
        listener.close()


def eventually(what: Callable[[], bool], seconds: float = 30) -> bool:
    end = time.monotonic() + seconds
    while not what() and time.monotonic() < end:
        threading.Event().wait(0.02)
    return what()


def test_a_player_gets_the_range_it_requests(serve: Serve, way: str) -> None:
    with serve(way) as served, httpx.Client(base_url=served.url, follow_redirects=True) as client:
        part = client.get("/media-files/ast_small", headers={"Range": "bytes=500-999"})
        tail = client.get("/media-files/ast_small", headers={"Range": "bytes=-10"})
        beyond = client.get("/media-files/ast_small", headers={"Range": "bytes=100000-"})
        whole = client.get("/media-files/ast_small")
        head = client.head("/media-files/ast_small")

    assert (part.status_code, part.content) == (206, SMALL[500:1000])
    assert part.headers["content-range"] == "bytes 500-999/100000"
    assert (tail.status_code, tail.content) == (206, SMALL[-10:])
    assert beyond.status_code == 416
    assert (whole.status_code, whole.content) == (200, SMALL)
    assert whole.headers["content-type"] == head.headers["content-type"] == "video/mp4"
    assert head.headers["content-length"] == "100000"


def test_links_are_used_only_when_switched_on(serve: Serve, way: str) -> None:
    with serve(way) as served:
        answer = httpx.get(f"{served.url}/media-files/ast_small?download=1", follow_redirects=False)

    assert answer.status_code == (307 if way == "presigned" else 200)
    assert ("X-Amz-Signature" in answer.headers.get("location", "")) is (way == "presigned")


def test_a_file_missing_from_the_store_is_reported(serve: Serve) -> None:
    with serve("route") as served:
        answer = httpx.get(f"{served.url}/media-files/ast_lost")

    assert answer.status_code == 500
    assert answer.json()["code"] == "stored_file_missing"


def test_a_client_that_leaves_stops_the_reading(serve: Serve) -> None:
    with serve("route") as served:
        with httpx.stream("GET", f"{served.url}/media-files/ast_large") as answer:
            next(answer.iter_raw())

        assert eventually(lambda: served.wire.open == 0)
        assert served.wire.down < SIZE * 2 // 3


def test_a_stalled_client_pauses_reading(serve: Serve) -> None:
    process = psutil.Process()
    with serve("route") as served, httpx.stream("GET", f"{served.url}/media-files/ast_large") as answer:
        blocks = answer.iter_raw(64 * 1024)
        received = len(next(blocks))
        before = process.memory_info().rss

        assert eventually(lambda: stands_still(served.wire))
        assert served.wire.down < SIZE // 2
        received += sum(len(block) for block in blocks)

        assert received == SIZE
        assert process.memory_info().rss - before < 30 * MIB


def stands_still(wire: FlakyProxy) -> bool:
    before = wire.down
    threading.Event().wait(0.5)
    return wire.down == before
