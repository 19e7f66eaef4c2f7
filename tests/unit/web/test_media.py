"""The media route: the same answers whether a file lies on this disk or has to be read from elsewhere."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from clipper_core.errors import StorageUnreachable, StoredFileMissing
from clipper_core.services.exports.files import ServedFile
from clipper_core.web import media as media_route
from clipper_core.web import problems
from clipper_core.web.ranges import MAX_RANGES
from tests.budget import budget

CONTENT = bytes(range(200))
MADE = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
LINK = "https://bucket.example/key?X-Amz-Signature=abc%2Fdef"


@dataclass
class FakeMedia:
    """One file, ``ast_1``: at a path, behind a link, or to be read in blocks of seven bytes."""

    content: bytes = CONTENT
    mime: str = "video/mp4"
    path: Path | None = None
    linked: bool = False
    failure: Exception | None = None
    asked: list[Any] = field(default_factory=list)
    closed: int = 0

    def get(self, asset_id: str) -> ServedFile:
        return ServedFile(asset_id, "key", self.mime, len(self.content), "a b.mp4", MADE)

    def on_disk(self, file: ServedFile) -> Path | None:
        return self.path

    def link(self, file: ServedFile, *, mime: str, disposition: str) -> str | None:
        self.asked.append((mime, disposition))
        return LINK if self.linked else None

    def read(self, file: ServedFile, start: int, end: int) -> Iterator[bytes]:
        try:
            if self.failure is not None:
                raise self.failure
            for at in range(start, end, 7):
                yield self.content[at : min(at + 7, end)]
        finally:
            self.closed += 1


def client_of(media: FakeMedia) -> TestClient:
    api = FastAPI()
    api.state.clipper = SimpleNamespace(media=media, settings=SimpleNamespace(link_minutes=60))
    api.include_router(media_route.router)
    problems.install(api)
    return TestClient(api, follow_redirects=False)


@pytest.fixture
def local(tmp_path: Path) -> TestClient:
    path = tmp_path / "file"
    path.write_bytes(CONTENT)
    os.utime(path, (MADE.timestamp(), MADE.timestamp()))
    return client_of(FakeMedia(path=path))


@pytest.fixture
def remote() -> TestClient:
    return client_of(FakeMedia())


NUMBER = st.integers(0, 260).map(str)
ONE_RANGE = st.one_of(
    st.tuples(NUMBER, NUMBER).map("-".join),
    NUMBER.map(lambda n: f"{n}-"),
    NUMBER.map(lambda n: f"-{n}"),
    st.tuples(NUMBER, NUMBER).map(lambda r: f" {r[0]} - {r[1]} "),
)
JUNK = st.sampled_from(["", "-", "abc", "1-x", "x-1", "5", "1-2-3", "9" * 30 + "-", "0-" + "9" * 30, "1.5-3"])
RANGES = st.tuples(
    st.sampled_from(["bytes=", "bytes=", "bytes=", "Bytes =", "bytes", "items=", ""]),
    st.lists(st.one_of(ONE_RANGE, ONE_RANGE, JUNK), min_size=0, max_size=4).map(",".join),
).map("".join)
SAME = ("content-type", "content-length", "content-range", "accept-ranges", "content-disposition", "last-modified")


@settings(
    max_examples=budget(normal=100, long=300),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(header=RANGES, method=st.sampled_from(["GET", "HEAD"]))
def test_remote_and_local_files_are_answered_alike(
    local: TestClient, remote: TestClient, header: str, method: str
) -> None:
    here = local.request(method, "/media-files/ast_1", headers={"Range": header})
    there = remote.request(method, "/media-files/ast_1", headers={"Range": header})

    if here.status_code == 206 and "content-range" not in here.headers:  # several at once: the whole is given instead
        assert there.status_code == 200
        assert there.content == (CONTENT if method == "GET" else b"")
        return
    assert there.status_code == here.status_code
    if here.status_code in (200, 206):
        assert there.content == here.content
        assert {n: there.headers.get(n) for n in SAME} == {n: here.headers.get(n) for n in SAME}
    else:
        assert there.headers.get("content-range") == here.headers.get("content-range")
        assert there.headers["content-type"] == "application/problem+json"


def test_too_many_ranges_get_the_whole_file(remote: TestClient) -> None:
    header = "bytes=" + ",".join(["0-0"] * (MAX_RANGES + 1))

    assert remote.get("/media-files/ast_1", headers={"Range": header}).status_code == 200


def test_if_range_matches_only_the_same_file(local: TestClient, remote: TestClient) -> None:
    for client in (local, remote):
        etag = client.head("/media-files/ast_1").headers["etag"]
        for condition, status in (
            (etag, 206),
            (format_datetime(MADE, usegmt=True), 206),
            ('"another"', 200),
            (f"W/{etag}", 200),
            ("Thu, 01 Jan 1970 00:00:00 GMT", 200),
        ):
            headers = {"Range": "bytes=5-9", "If-Range": condition}
            assert client.get("/media-files/ast_1", headers=headers).status_code == status


def test_a_block_reader_is_closed_after_a_whole_answer() -> None:
    media = FakeMedia()

    assert client_of(media).get("/media-files/ast_1").content == CONTENT
    assert media.closed == 1


@pytest.mark.parametrize(("failure", "status"), [(StoredFileMissing(), 500), (StorageUnreachable(), 503)])
def test_an_unreadable_file_is_answered_with_an_error_status(failure: Exception, status: int) -> None:
    answer = client_of(FakeMedia(failure=failure)).get("/media-files/ast_1", headers={"Range": "bytes=0-1"})

    assert answer.status_code == status
    assert answer.json()["code"] in ("stored_file_missing", "storage_unreachable")
    assert "content-range" not in answer.headers


def test_an_empty_file_is_answered_empty() -> None:
    client = client_of(FakeMedia(content=b""))

    assert client.get("/media-files/ast_1").headers["content-length"] == "0"
    assert client.get("/media-files/ast_1", headers={"Range": "bytes=0-"}).status_code == 416


def test_a_signed_link_may_be_reused_for_half_its_life() -> None:
    media = FakeMedia(linked=True)

    answer = client_of(media).get("/media-files/ast_1?download=1", headers={"Range": "bytes=0-1"})

    assert answer.status_code == 307
    assert answer.headers["location"] == LINK
    assert answer.headers["cache-control"] == "private, max-age=1800"
    assert media.asked == [("video/mp4", "attachment; filename=\"a b.mp4\"; filename*=UTF-8''a%20b.mp4")]


def test_head_is_answered_without_a_link() -> None:
    answer = client_of(FakeMedia(linked=True)).head("/media-files/ast_1")

    assert answer.status_code == 200
    assert answer.headers["content-length"] == "200"


def test_files_a_browser_might_run_are_downloads() -> None:
    media = FakeMedia(mime="text/html", linked=True)

    client_of(media).get("/media-files/ast_1")

    assert media.asked == [("application/octet-stream", "attachment; filename=\"a b.mp4\"; filename*=UTF-8''a%20b.mp4")]
    assert client_of(FakeMedia(mime="text/html")).get("/media-files/ast_1").headers["content-type"] == (
        "application/octet-stream"
    )
