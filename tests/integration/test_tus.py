"""The tus protocol, spoken to real server processes."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.client
import json
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from clipper_core.db.session import Database
from tests.services import fresh_settings

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.servers

SERVER = """
    import sys, types
    from pathlib import Path
    import uvicorn
    from fastapi import FastAPI
    from clipper_core.db.models import Show
    from clipper_core.db.session import Database
    from clipper_core.services.uploads.uploads import UploadLimits, Uploads
    from clipper_core.web import problems
    from clipper_core.web.routes import uploads

    folder, port, database = Path(sys.argv[1]), int(sys.argv[2]), Database(sys.argv[3])
    with database.write() as session:
        if session.get(Show, "shw_default") is None:
            session.add(Show(id="shw_default", name="My recordings"))

    class Intake:
        def store(self, upload_id, path, captions):
            path.replace(folder / "store" / upload_id)

        def complete(self, session, upload, kept):
            return "prj_" + upload.id[4:]

        def announce(self, project_id):
            pass

        def discard(self, upload_id):
            pass

    api = FastAPI()
    limits = UploadLimits(max_bytes=3 << 30, spare_bytes=0)
    api.state.clipper = types.SimpleNamespace(
        uploads=Uploads(database, folder / "staging", Intake(), limits)
    )
    api.include_router(uploads.router)
    problems.install(api)

    @api.get("/broken")
    def broken():
        raise RuntimeError("secret inside")

    uvicorn.run(api, host="127.0.0.1", port=port, log_level="warning")
"""


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> str:
        assert self.headers["content-type"] == "application/problem+json"
        return str(json.loads(self.body)["code"])

    @property
    def project(self) -> str | None:
        return self.headers.get("clipper-project-id")

    @property
    def offset(self) -> int:
        return int(self.headers["upload-offset"])


@dataclass
class Server:
    folder: Path
    port: int
    process: psutil.Process

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        sent = {"Tus-Resumable": "1.0.0", **{k.replace("_", "-"): v for k, v in headers.items()}}
        with contextlib.closing(connection):
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            found = {k.lower(): v for k, v in response.getheaders()}
            return Answer(response.status, found, response.read())

    def create(self, size: int, name: str = "talk.mp4", filetype: str = "video/mp4", **headers: str) -> Answer:
        pairs = {"filename": name, "filetype": filetype}
        metadata = ",".join(f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in pairs.items())
        return self.ask("POST", "/uploads", Upload_Length=str(size), Upload_Metadata=metadata, **headers)

    def patch(self, path: str, at: int, body: bytes, **headers: str) -> Answer:
        sent = {"Content_Type": "application/offset+octet-stream", "Upload_Offset": str(at), **headers}
        return self.ask("PATCH", path, body, **sent)

    def stored(self, location: str) -> bytes:
        return (self.folder / "store" / location.rsplit("/", 1)[-1]).read_bytes()

    def half_a_piece(self, path: str, at: int, body: bytes, announced: int, **headers: str) -> socket.socket:
        """A PATCH whose connection stays open with only ``body`` of the ``announced`` bytes sent."""
        lines = [f"PATCH {path} HTTP/1.1", "Host: x", "Tus-Resumable: 1.0.0", f"Content-Length: {announced}"]
        lines += ["Content-Type: application/offset+octet-stream", f"Upload-Offset: {at}"]
        lines += [f"{k.replace('_', '-')}: {v}" for k, v in headers.items()]
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        return connection


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(condition: Callable[[], bool], what: str, within_s: float = 30) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {within_s} s: {what}"
        time.sleep(0.05)


def start(folder: Path, database: str) -> tuple[Server, subprocess.Popen[bytes]]:
    port = free_port()
    command = [sys.executable, "-c", textwrap.dedent(SERVER), str(folder), str(port), database]
    process = subprocess.Popen(command, cwd=ROOT)

    def answers() -> bool:
        assert process.poll() is None, "the server ended"
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return True
        return False

    until(answers, "the server answers")
    return Server(folder, port, psutil.Process(process.pid)), process


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Server]]:
    """Two web processes that share database, staging folder and store."""
    folder = tmp_path_factory.mktemp("clipper")
    (folder / "store").mkdir()
    with fresh_settings(folder) as settings:
        started = [start(folder, settings.database) for _ in range(2)]
        yield started[0][0], started[1][0]
        for _, process in started:
            process.terminate()
            process.wait(30)


@pytest.fixture
def server(servers: tuple[Server, Server]) -> Server:
    return servers[0]


def checksum(algorithm: str, data: bytes) -> str:
    return f"{algorithm} {base64.b64encode(hashlib.new(algorithm, data).digest()).decode()}"


# -- the protocol


def test_options_say_what_the_server_can_do(server: Server):
    answer = server.ask("OPTIONS", "/uploads")

    assert answer.status == 204
    assert answer.headers["tus-version"] == "1.0.0"
    assert answer.headers["tus-max-size"] == str(3 << 30)
    assert set(answer.headers["tus-extension"].split(",")) >= {"creation", "termination", "checksum"}
    assert set(answer.headers["tus-checksum-algorithm"].split(",")) >= {"sha1", "md5"}


def test_the_last_piece_answers_with_the_project(server: Server):
    created = server.create(6)
    location = created.headers["location"]

    first = server.patch(location, 0, b"abc")
    last = server.patch(location, 3, b"def")

    assert (created.status, created.project, created.offset) == (201, None, 0)
    assert (first.status, first.project, first.offset) == (204, None, 3)
    assert (last.status, last.offset) == (204, 6)
    assert last.project
    assert server.stored(location) == b"abcdef"


def test_head_reports_the_offset_and_forbids_caching(server: Server):
    location = server.create(6).headers["location"]
    server.patch(location, 0, b"abc")

    answer = server.ask("HEAD", location)

    assert (answer.status, answer.offset, answer.headers["upload-length"]) == (200, 3, "6")
    assert answer.headers["cache-control"] == "no-store"


def test_a_lost_final_answer_is_given_again(server: Server):
    location = server.create(3).headers["location"]
    project = server.patch(location, 0, b"abc").project

    assert server.ask("HEAD", location).project == project
    again = server.patch(location, 3, b"")
    assert (again.status, again.project) == (204, project)


def test_an_empty_recording_has_its_project_at_once(server: Server):
    created = server.create(0)

    assert created.status == 201
    assert created.project


def test_the_first_piece_may_come_with_the_announcement(server: Server):
    piece = {"Upload_Length": "3", "Content_Type": "application/offset+octet-stream"}

    created = server.ask("POST", "/uploads", b"abc", **piece)

    assert (created.status, created.offset) == (201, 3)
    assert created.project


def test_an_upload_that_was_given_up_is_gone(server: Server):
    location = server.create(3).headers["location"]

    assert server.ask("DELETE", location).status == 204
    assert server.ask("HEAD", location).status == 404
    assert server.patch(location, 0, b"abc").code == "upload_not_found"


def test_the_method_may_be_overridden_in_a_post(server: Server):
    location = server.create(3).headers["location"]
    piece = {"Content_Type": "application/offset+octet-stream", "Upload_Offset": "0"}

    answer = server.ask("POST", location, b"abc", X_HTTP_Method_Override="PATCH", **piece)

    assert answer.status == 204
    assert answer.project
    assert server.ask("POST", location, b"abc").status == 405


def test_another_tus_version_is_refused(server: Server):
    location = server.create(3).headers["location"]

    refused = server.patch(location, 0, b"abc", Tus_Resumable="0.2.2")

    assert refused.status == 412
    assert refused.headers["tus-version"] == "1.0.0"
    assert server.ask("HEAD", location).offset == 0


def test_a_piece_with_wrong_offset_or_type_is_refused(server: Server):
    location = server.create(6).headers["location"]

    assert (a := server.patch(location, 2, b"abc")).status == 409
    assert a.code == "upload_conflict"
    assert server.patch(location, 0, b"abc", Content_Type="text/plain").status == 415
    assert server.patch(location, -1, b"abc").status == 400
    assert server.ask("HEAD", location).offset == 0


def test_bytes_beyond_the_announced_length_are_never_written(server: Server):
    location = server.create(3).headers["location"]

    refused = server.patch(location, 0, b"abcdef")

    assert refused.status == 413
    assert server.ask("HEAD", location).offset == 0


def test_bytes_beyond_the_announced_length_are_not_written(server: Server):
    location = server.create(3).headers["location"]
    chunked = b"6\r\nabcdef\r\n0\r\n\r\n"
    request = f"PATCH {location} HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\nTransfer-Encoding: chunked\r\n"
    request += "Content-Type: application/offset+octet-stream\r\nUpload-Offset: 0\r\n\r\n"

    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(request.encode() + chunked)
        line = connection.recv(4096).split(b"\r\n")[0]

    assert b" 413 " in line
    assert server.ask("HEAD", location).offset == 0


def test_a_piece_with_a_wrong_checksum_is_dropped(server: Server):
    location = server.create(6).headers["location"]

    good = server.patch(location, 0, b"abc", Upload_Checksum=checksum("sha1", b"abc"))
    damaged = server.patch(location, 3, b"dXf", Upload_Checksum=checksum("sha256", b"def"))
    unknown = server.patch(location, 3, b"def", Upload_Checksum="sha9 AAAA")

    assert good.offset == 3
    assert damaged.status == 460
    assert damaged.code == "checksum_mismatch"
    assert unknown.status == 400
    assert server.ask("HEAD", location).offset == 3


# -- refused before a byte is sent


@pytest.mark.parametrize(
    ("size", "name", "filetype", "status", "code"),
    [
        (4 << 30, "talk.mp4", "video/mp4", 413, "too_large"),
        (10, "notes.txt", "text/plain", 422, "not_media"),
        (10, "me.jpg", "image/jpeg", 422, "not_audio_video"),
    ],
)
def test_an_impossible_recording_is_refused_in_a_sentence(
    server: Server, size: int, name: str, filetype: str, status: int, code: str
):
    answer = server.create(size, name, filetype)

    assert (answer.status, answer.code) == (status, code)
    assert json.loads(answer.body)["detail"].endswith(".")


@pytest.mark.parametrize("length", ["", "-1", "many", "1" * 30])
def test_an_announcement_without_a_usable_length_is_refused(server: Server, length: str):
    assert server.ask("POST", "/uploads", Upload_Length=length).code == "bad_upload"


def test_a_file_name_cannot_inject_headers(server: Server):
    answer = server.create(0, "a\r\nSet-Cookie: x=1.wav", "audio/wav")

    assert answer.status == 201
    assert "set-cookie" not in answer.headers


# -- things break


def test_a_lost_connection_keeps_the_bytes_that_arrived(server: Server):
    data = bytes(range(256)) * (3 << 12)  # 3 MB
    location = server.create(len(data)).headers["location"]
    staged = server.folder / "staging" / f"{location.rsplit('/', 1)[-1]}.part"
    connection = server.half_a_piece(location, 0, data[: 2 << 20], announced=len(data))
    until(lambda: staged.exists() and staged.stat().st_size >= 1 << 20, "the first of it is written")

    connection.close()

    until(lambda: server.ask("HEAD", location).offset >= 1 << 20, "what arrived is kept")
    at = server.ask("HEAD", location).offset
    assert server.patch(location, at, data[at:]).project
    assert server.stored(location) == data


def test_a_lost_connection_drops_an_unfinished_checked_piece(server: Server):
    location = server.create(6).headers["location"]

    server.half_a_piece(location, 0, b"abcd", 6, Upload_Checksum=checksum("sha1", b"abcdef")).close()

    again = server.patch(location, 0, b"abcdef")
    assert again.project
    assert server.stored(location) == b"abcdef"


@pytest.mark.parametrize("other", [0, 1], ids=["same process", "another process"])
def test_a_new_request_replaces_a_hanging_one(servers: tuple[Server, Server], other: int):
    server, successor = servers[0], servers[other]
    location = server.create(6).headers["location"]
    hanging = server.half_a_piece(location, 0, b"abc", announced=6)

    def taken_over() -> bool:
        at = successor.ask("HEAD", location).offset
        answer = successor.patch(location, at, b"abcdef"[at:])
        assert answer.status in (204, 409)
        return answer.project is not None

    until(taken_over, "the second request has won", within_s=20)

    hanging.close()
    assert server.stored(location) == b"abcdef"


def test_what_was_acknowledged_survives_a_killed_server(tmp_path: Path, database: Database):
    (tmp_path / "store").mkdir()
    first, process = start(tmp_path, database.url)
    location = first.create(6).headers["location"]
    assert first.patch(location, 0, b"abc").offset == 3
    hanging = first.half_a_piece(location, 3, b"de", announced=3)
    process.kill()
    process.wait(30)
    hanging.close()

    second, process = start(tmp_path, database.url)
    try:
        assert second.ask("HEAD", location).offset == 3
        assert second.patch(location, 3, b"def").project
        assert second.stored(location) == b"abcdef"
    finally:
        process.terminate()
        process.wait(30)


def test_memory_stays_flat_during_a_large_piece(server: Server):
    size, block = 300 << 20, b"x" * (1 << 20)
    location = server.create(size).headers["location"]
    before = server.process.memory_info().rss

    connection = server.half_a_piece(location, 0, b"", announced=size)
    most = 0
    for _ in range(size // len(block)):
        connection.sendall(block)
        most = max(most, server.process.memory_info().rss)
    answer = connection.recv(4096)
    connection.close()

    assert b" 204 " in answer.split(b"\r\n")[0]
    assert most - before < 50 << 20
    (server.folder / "store" / location.rsplit("/", 1)[-1]).unlink()


# -- captions and other answers


def test_broken_captions_are_refused_at_once(server: Server):
    pytest.importorskip("clipper_core.adapters.captions")
    location = server.create(6).headers["location"]

    assert server.ask("PUT", f"{location}/captions", b"\x00\x01 no captions").code == "bad_captions"
    assert server.ask("PUT", f"{location}/captions", b"x" * (6 << 20)).code == "bad_captions"
    good = b"1\n00:00:00,000 --> 00:00:01,000\nHello\n"
    assert server.ask("PUT", f"{location}/captions", good).status == 204


def test_every_error_is_problem_json_without_a_traceback(server: Server):
    nowhere, broken = server.ask("GET", "/nowhere"), server.ask("GET", "/broken")

    assert (nowhere.status, nowhere.code) == (404, "not_found")
    assert (broken.status, broken.code) == (500, "error")
    assert b"secret inside" not in broken.body
