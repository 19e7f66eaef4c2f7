"""The file store's promises, kept by the local disk and by a real S3 server; and what S3 alone can do wrong."""

from __future__ import annotations

import hashlib
import itertools
import multiprocessing
import os
import random
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import botocore.auth
import httpx
import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clipper_core.adapters.store.host_cache import HostCache
from clipper_core.adapters.store.local import LocalStorage
from clipper_core.adapters.store.s3 import S3Options, S3Storage
from clipper_core.adapters.store.s3_parts import MIB, PART, etag_of_file
from clipper_core.adapters.store.storage import Storage
from clipper_core.errors import (
    BucketMissing,
    StorageFailed,
    StorageForbidden,
    StorageKeyRefused,
    StorageUnreachable,
    StoredFileMissing,
)
from tests.s3_server import NO_S3, Break, FlakyProxy, S3Server, running_s3, s3_programs
from tests.servers import free_port

BUCKET = "recordings"
BIG_GB = float(os.environ.get("BIG_FILE_GB", "0.25"))  # 5 takes minutes: the server is not a quick one
NUMBERS = itertools.count()
ODD_KEYS = (
    "a b/c  d",
    "plus+and%20percent%2F",
    "ümlaut/日本語/🎧",
    "quo\"te'd <&>;",
    "question?mark#hash",
    "=equal,comma:colon@at!$*()",
    "tilde~/back\\slash",
    "projects/prj_1/tsk_2-1/map.json.gz",
    "dots../..dots/a..b",
    "x" * 200,
)


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    if s3_programs() is None:
        pytest.skip(NO_S3)
    with tempfile.TemporaryDirectory(prefix="clipper-s3-") as folder, running_s3(Path(folder)) as running:
        running.make_bucket(BUCKET)
        yield running


Make = Callable[..., S3Storage]


@pytest.fixture
def s3(server: S3Server, tmp_path: Path) -> Make:
    """Makes S3 storages under a prefix of the test's own; options can be changed one by one."""
    prefix = f"test {next(NUMBERS)}/ü"

    def make(cache: HostCache | None = None, **changes: Any) -> S3Storage:
        usual = {
            "bucket": BUCKET,
            "prefix": prefix,
            "endpoint_url": server.endpoint,
            "region": server.region,
            "key_id": server.access_key,
            "secret": server.secret_key,
            "look_s": 60,
        }
        return S3Storage(S3Options(**(usual | changes)), cache or HostCache(tmp_path / "cache", 1 << 30))

    return make


@pytest.fixture(params=["local", "s3"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    if request.param == "local":
        return LocalStorage(tmp_path / "files")
    made: S3Storage = request.getfixturevalue("s3")()
    return made


@pytest.fixture
def staged(tmp_path: Path) -> Callable[[bytes], Path]:
    def make(content: bytes) -> Path:
        path = tmp_path / f"staged-{next(NUMBERS)}"
        path.write_bytes(content)
        return path

    return make


def noise(size: int, seed: int = 1) -> bytes:
    """Bytes that no two places have in common."""
    return random.Random(seed).randbytes(size)


def content_of(storage: Storage, key: str, start: int = 0, end: int | None = None) -> bytes:
    return b"".join(storage.read(key, start, end))


# -- promises of both


def test_a_stored_file_reads_back_and_staging_empties(storage: Storage, staged: Any) -> None:
    path = staged(noise(100_000))

    size = storage.put(path, "projects/prj_1/source")

    assert size == storage.size("projects/prj_1/source") == 100_000
    assert content_of(storage, "projects/prj_1/source") == noise(100_000)
    assert not path.exists()


def test_an_empty_file_is_a_file(storage: Storage, staged: Any) -> None:
    storage.put(staged(b""), "empty")

    assert storage.size("empty") == 0
    assert content_of(storage, "empty") == content_of(storage, "empty", 0, 10) == b""
    with storage.local("empty") as path:
        assert path.read_bytes() == b""


def test_a_second_put_replaces_the_first(storage: Storage, staged: Any) -> None:
    storage.put(staged(b"old content"), "a")
    with storage.local("a") as path:
        assert path.read_bytes() == b"old content"

    storage.put(staged(b"new content"), "a")

    assert content_of(storage, "a") == b"new content"
    with storage.local("a") as path:
        assert path.read_bytes() == b"new content"


def test_storing_the_same_file_again_changes_nothing(storage: Storage, staged: Any) -> None:
    storage.put(staged(b"the same"), "a")
    again = staged(b"the same")

    assert storage.put(again, "a") == 8
    assert content_of(storage, "a") == b"the same"
    assert not again.exists()


def test_a_missing_file_is_reported_as_missing(storage: Storage) -> None:
    with pytest.raises(StoredFileMissing):
        storage.size("nowhere/a")
    with pytest.raises(StoredFileMissing):
        content_of(storage, "nowhere/a")
    with pytest.raises(StoredFileMissing):
        content_of(storage, "nowhere/a", 5, 5)
    with pytest.raises(StoredFileMissing), storage.local("nowhere/a"):
        pass


def test_deleting_what_is_not_there_does_nothing(storage: Storage) -> None:
    storage.delete("nowhere/a")
    storage.delete_folder("nowhere")

    assert list(storage.files()) == []


def test_a_deleted_file_is_missing_from_the_cache_too(storage: Storage, staged: Any) -> None:
    storage.put(staged(b"x"), "a")
    with storage.local("a"):
        pass

    storage.delete("a")

    with pytest.raises(StoredFileMissing), storage.local("a"):
        pass


def test_deleting_a_folder_spares_similar_names(storage: Storage, staged: Any) -> None:
    for key in ("a/1", "a/b/2", "ab/3", "a.4"):
        storage.put(staged(b"x"), key)

    storage.delete_folder("a")

    assert {f.key for f in storage.files()} == {"ab/3", "a.4"}


def test_stored_files_are_listed_with_their_size_and_time(storage: Storage, staged: Any) -> None:
    for key, size in (("projects/a/1", 3), ("projects/b/2", 5), ("other", 7)):
        storage.put(staged(b"x" * size), key)

    found = {f.key: f for f in storage.files("projects/")}

    assert {key: f.size for key, f in found.items()} == {"projects/a/1": 3, "projects/b/2": 5}
    assert all(abs(datetime.now(UTC) - f.stored_at) < timedelta(minutes=1) for f in found.values())


@pytest.mark.parametrize("key", ODD_KEYS)
def test_keys_with_odd_characters_work(storage: Storage, staged: Any, key: str) -> None:
    storage.put(staged(b"odd"), key)

    assert content_of(storage, key, 1, 3) == b"dd"
    assert [f.key for f in storage.files()] == [key]
    with storage.local(key) as path:
        assert path.read_bytes() == b"odd"
    storage.delete(key)
    assert list(storage.files()) == []


@pytest.mark.parametrize("key", ["../outside", "a/../../outside", "/etc/passwd"])
def test_a_key_that_leads_out_leads_nowhere(storage: Storage, key: str) -> None:
    with pytest.raises(StoredFileMissing):
        storage.size(key)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=st.integers(0, 70_000), end=st.none() | st.integers(0, 70_000))
def test_any_stretch_is_that_of_the_file(storage: Storage, tmp_path: Path, start: int, end: int | None) -> None:
    content = noise(65_537)
    if "ranged" not in {f.key for f in storage.files("ranged")}:
        (tmp_path / "ranged").write_bytes(content)
        storage.put(tmp_path / "ranged", "ranged")

    assert content_of(storage, "ranged", start, end) == (content[start:end] if end is None or end > start else b"")


def test_a_put_that_fails_leaves_the_staged_file(storage: Storage, staged: Any, tmp_path: Path) -> None:
    with pytest.raises(StorageFailed):
        storage.put(tmp_path / "not there", "a")

    with pytest.raises(StoredFileMissing):
        storage.size("a")


def test_a_store_that_works_passes_its_check(storage: Storage) -> None:
    storage.prepare()
    storage.check()

    assert list(storage.files()) == []


def test_many_put_and_read_at_once(storage: Storage, staged: Any) -> None:
    failed: list[BaseException] = []

    def use(n: int) -> None:
        try:
            storage.put(staged(noise(200_000, n)), f"many/{n}")
            assert content_of(storage, f"many/{n}") == noise(200_000, n)
            with storage.local(f"many/{n}") as path:
                assert path.read_bytes() == noise(200_000, n)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=use, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not failed
    assert len(list(storage.files("many/"))) == 8


class Watched:
    """The most memory this process had while the block lasted, beyond what it had before, in bytes."""

    def __enter__(self) -> Watched:
        self._process = psutil.Process()
        self._before = self.most = self._process.memory_info().rss
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()
        self.growth = self.most - self._before

    def _watch(self) -> None:
        while not self._end.wait(0.02):
            self.most = max(self.most, self._process.memory_info().rss)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_huge_file_needs_constant_memory(storage: Storage, staged: Any, tmp_path: Path) -> None:
    size = int((5 if storage.name == "local" else BIG_GB) * (1 << 30)) + 12_345
    storage.put(staged(noise(20 * MIB)), "warm")  # what a first transfer makes stays
    path = tmp_path / "huge"
    with path.open("wb") as file:
        file.truncate(size)
        file.seek(size - 4)
        file.write(b"tail")

    with Watched() as memory:
        storage.put(path, "huge")
        read = sum(len(block) for block in storage.read("huge", size // 2))

    assert read == size - size // 2
    assert content_of(storage, "huge", size - 10) == b"\0" * 6 + b"tail"
    assert memory.growth < 40 * MIB
    assert not path.exists()
    storage.delete("huge")


# -- sending to S3


def test_a_large_file_is_sent_in_parts_unchanged(s3: Make, server: S3Server, staged: Any) -> None:
    content = noise(2 * PART + 5)
    path = staged(content)
    etag = etag_of_file(path)
    storage = s3()

    storage.put(path, "a")

    about = server.client().head_object(Bucket=BUCKET, Key=f"{storage.options.base}a")
    assert about["ETag"].strip('"') == etag
    assert etag.endswith("-3")
    assert content_of(storage, "a", PART - 3, 2 * PART + 3) == content[PART - 3 : 2 * PART + 3]


def test_what_is_there_already_is_not_sent_again(s3: Make, server: S3Server, staged: Any) -> None:
    with FlakyProxy(server.port) as wire:
        storage = s3(endpoint_url=wire.endpoint)
        storage.put(staged(noise(PART + 1)), "a")
        sent = wire.up

        storage.put(staged(noise(PART + 1)), "a")

        assert wire.up - sent < 10_000
        storage.put(staged(noise(PART + 1, seed=2)), "a")
        assert wire.up - sent > PART


def test_a_part_that_is_cut_off_is_sent_again(s3: Make, server: S3Server, staged: Any) -> None:
    content = noise(3 * PART)
    with FlakyProxy(server.port) as wire:
        wire.breaks.extend([Break(), Break(up=2 * MIB), Break(up=5 * MIB), Break(up=PART + MIB)])
        storage = s3(endpoint_url=wire.endpoint)

        storage.put(staged(content), "a")

        assert not wire.breaks
    assert content_of(s3(), "a") == content


def test_a_failed_put_keeps_the_local_file_only(s3: Make, server: S3Server, staged: Any) -> None:
    path = staged(noise(3 * PART))
    with FlakyProxy(server.port, always=Break(up=4 * MIB)) as wire:
        storage = s3(endpoint_url=wire.endpoint, attempts=2)

        with pytest.raises(StorageUnreachable):
            storage.put(path, "a")

    assert path.read_bytes() == noise(3 * PART)
    assert list(s3().files()) == []
    assert uploads_of(server, s3().options) == []


def uploads_of(server: S3Server, options: S3Options) -> list[str]:
    found = server.client().list_multipart_uploads(Bucket=BUCKET, Prefix=options.base).get("Uploads", ())
    return [str(upload["Key"]) for upload in found]


class Client:
    """A client some of whose calls a test replaces."""

    def __init__(self, real: Any, **replaced: Callable[..., Any]) -> None:
        self._real = real
        self._replaced = replaced

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._real, name)
        return (lambda **asked: self._replaced[name](real, **asked)) if name in self._replaced else real


def with_client(storage: S3Storage, **replaced: Callable[..., Any]) -> S3Storage:
    storage._clients[(os.getpid(), "main")] = Client(storage._client(), **replaced)
    return storage


def test_a_damaged_part_is_refused_and_not_kept(s3: Make, server: S3Server, staged: Any) -> None:
    def damaged(send: Any, *, Body: Any, **asked: Any) -> Any:
        body = bytearray(Body.read())
        body[len(body) // 2] ^= 1
        return send(Body=bytes(body), **asked)

    for size, call in ((1000, "put_object"), (PART + 1000, "upload_part")):
        path = staged(noise(size))
        with pytest.raises(StorageFailed, match="damaged"):
            with_client(s3(), **{call: damaged}).put(path, "a")
        assert path.exists()
    assert list(s3().files()) == []
    assert uploads_of(server, s3().options) == []


def test_a_store_that_alters_bytes_is_detected(s3: Make, staged: Any) -> None:
    def shortened(send: Any, *, Body: Any, ContentMD5: str, ContentLength: int, **asked: Any) -> Any:
        return send(Body=Body.read()[:-1], **asked)

    path = staged(noise(1000))
    with pytest.raises(StorageFailed, match="damaged") as failure:
        with_client(s3(), put_object=shortened).put(path, "a")

    assert failure.value.detail is not None
    assert "999 bytes are stored, 1000 were sent" in failure.value.detail
    assert path.exists()
    assert list(s3().files()) == []


def test_a_lost_answer_to_the_last_step_is_no_failure(s3: Make, staged: Any) -> None:
    def lost(complete: Any, **asked: Any) -> Any:
        complete(**asked)
        return complete(**asked)  # as botocore does when no answer came: there is no such upload any more

    storage = with_client(s3(), complete_multipart_upload=lost)
    storage.put(staged(noise(PART + 1)), "a")

    assert content_of(storage, "a") == noise(PART + 1)


def test_an_upload_that_fails_to_complete_is_aborted(s3: Make, server: S3Server, staged: Any) -> None:
    def refused(complete: Any, *, MultipartUpload: Any, **asked: Any) -> Any:
        tags = [{**part, "ETag": '"' + "0" * 32 + '"'} for part in MultipartUpload["Parts"]]
        return complete(MultipartUpload={"Parts": tags}, **asked)

    path = staged(noise(PART + 1))
    with pytest.raises(StorageFailed):
        with_client(s3(), complete_multipart_upload=refused).put(path, "a")

    assert path.exists()
    assert uploads_of(server, s3().options) == []


def test_a_store_with_checksums_of_its_own_is_not_mistrusted(s3: Make, staged: Any) -> None:
    def by_key_service(head: Any, **asked: Any) -> Any:
        return {**head(**asked), "ServerSideEncryption": "aws:kms", "ETag": '"' + "f" * 32 + '"'}

    storage = with_client(s3(), head_object=by_key_service)
    storage.put(staged(b"encrypted there"), "a")

    assert content_of(s3(), "a") == b"encrypted there"


def test_the_sweep_aborts_only_old_unfinished_uploads(s3: Make, server: S3Server) -> None:
    storage = s3()
    ours, beside = (f"{storage.options.base}{name}" for name in ("projects/prj_1/source", "backup/begun"))
    for key in (ours, beside, "of somebody else/begun"):
        server.client().create_multipart_upload(Bucket=BUCKET, Key=key)

    assert storage.sweep(3600) == 0
    assert sorted(uploads_of(server, storage.options)) == sorted([ours, beside])
    assert storage.sweep(-60) == 1
    assert uploads_of(server, storage.options) == [beside]
    assert uploads_of(server, S3Options(BUCKET, "of somebody else")) == ["of somebody else/begun"]


# -- reading from S3


def test_a_read_goes_on_where_it_was_cut_off(s3: Make, server: S3Server, staged: Any) -> None:
    content = noise(9 * MIB)
    s3().put(staged(content), "a")
    with FlakyProxy(server.port) as wire:
        wire.breaks.extend([Break(down=3 * MIB), Break(down=100_000), Break(down=200), Break(down=4 * MIB)])

        assert content_of(s3(endpoint_url=wire.endpoint), "a", 5) == content[5:]
        assert not wire.breaks


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(1, 1500))
def test_reads_stay_exact_wherever_an_answer_is_cut(s3: Make, server: S3Server, cut: int) -> None:
    name = f"{s3().options.base}small"
    server.client().put_object(Bucket=BUCKET, Key=name, Body=noise(1000))
    with FlakyProxy(server.port) as wire:
        wire.breaks.append(Break(down=cut))

        assert content_of(s3(endpoint_url=wire.endpoint), "small") == noise(1000)


def test_a_stalled_read_fails_with_a_sentence(s3: Make, server: S3Server, staged: Any) -> None:
    s3().put(staged(noise(MIB)), "a")
    with FlakyProxy(server.port, always=Break(down=300)) as wire, pytest.raises(StorageUnreachable):
        content_of(s3(endpoint_url=wire.endpoint, attempts=1), "a")


def test_a_reader_never_mixes_two_versions(s3: Make, server: S3Server, staged: Any) -> None:
    s3().put(staged(noise(8 * MIB)), "a")
    with FlakyProxy(server.port, always=Break(down=3 * MIB)) as wire:
        blocks = s3(endpoint_url=wire.endpoint).read("a")
        next(blocks)
        s3().put(staged(noise(8 * MIB, seed=2)), "a")

        with pytest.raises(StorageFailed, match="replaced"):
            for _ in blocks:
                pass


def test_a_reader_that_stops_early_frees_its_connection(s3: Make, server: S3Server, staged: Any) -> None:
    s3().put(staged(noise(64 * MIB)), "a")
    with FlakyProxy(server.port) as wire:
        storage = s3(endpoint_url=wire.endpoint)

        with closing(storage.read("a")) as blocks:  # type: ignore[type-var]
            next(blocks)

        assert eventually(lambda: wire.open == 0)
        assert wire.down < 40 * MIB


def eventually(what: Callable[[], bool], seconds: float = 10) -> bool:
    end = time.monotonic() + seconds
    while not what() and time.monotonic() < end:
        threading.Event().wait(0.02)
    return what()


def fetch_in_process(storage: S3Storage, key: str, begin: Any, said: Any) -> None:
    begin.wait()
    with storage.local(key) as path:
        said.put((str(path), hashlib.sha256(path.read_bytes()).hexdigest()))


def test_a_file_is_fetched_once_per_computer(s3: Make, server: S3Server, staged: Any, tmp_path: Path) -> None:
    content = noise(12 * MIB)
    s3().put(staged(content), "a")
    fork = multiprocessing.get_context("fork")
    begin, said = fork.Event(), fork.Queue()
    with FlakyProxy(server.port) as wire:
        storage = s3(endpoint_url=wire.endpoint)
        storage.size("a")  # a client with an open connection, which the forks must not share
        asking = [fork.Process(target=fetch_in_process, args=(storage, "a", begin, said)) for _ in range(4)]
        for process in asking:
            process.start()
        begin.set()
        answers = [said.get(timeout=60) for _ in asking]
        for process in asking:
            process.join(30)

        assert len(set(answers)) == 1
        assert answers[0][1] == hashlib.sha256(content).hexdigest()
        assert wire.down < 13 * MIB


def test_an_interrupted_fetch_is_resumed(s3: Make, server: S3Server, staged: Any, tmp_path: Path) -> None:
    content = noise(12 * MIB)
    s3().put(staged(content), "a")
    with FlakyProxy(server.port, always=Break(down=8 * MIB)) as wire:
        storage = s3(endpoint_url=wire.endpoint, attempts=1)
        with pytest.raises(StorageUnreachable), with_client(storage, get_object=once()).local("a"):
            pass
        wire.always = None

        with s3(endpoint_url=wire.endpoint).local("a") as path:
            assert path.read_bytes() == content
        assert wire.down < 14 * MIB


def once() -> Callable[..., Any]:
    """Lets a call through the first time; after that the store does not answer."""
    times = itertools.count()

    def call(real: Any, **asked: Any) -> Any:
        if next(times):
            raise StorageUnreachable
        return real(**asked)

    return call


def test_a_damaged_partial_copy_is_fetched_again(s3: Make, staged: Any, tmp_path: Path) -> None:
    content = noise(3 * MIB)
    storage = s3()
    storage.put(staged(content), "a")
    with storage.local("a") as path:
        pass
    path.rename(path.with_name(path.name + ".part"))
    with path.with_name(path.name + ".part").open("r+b") as part:
        part.truncate(2 * MIB)
        part.write(b"damage")

    with storage.local("a") as path:
        assert path.read_bytes() == content


# -- links


def test_a_link_serves_ranges_under_the_file_name(s3: Make, staged: Any) -> None:
    s3().put(staged(noise(1000)), "a")
    disposition = "attachment; filename=\"a b.mp4\"; filename*=UTF-8''%C3%BC.mp4"

    link = s3(link_s=60).link("a", mime="video/mp4", disposition=disposition)

    assert link is not None
    answer = httpx.get(link, headers={"Range": "bytes=10-19"})
    assert answer.status_code == 206
    assert answer.content == noise(1000)[10:20]
    assert answer.headers["Content-Type"] == "video/mp4"
    assert answer.headers["Content-Disposition"] == disposition


def test_a_changed_or_expired_link_opens_nothing(s3: Make, staged: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    s3().put(staged(b"secret"), "a")
    s3().put(staged(b"another"), "b")
    storage = s3(link_s=60)
    link = storage.link("a", mime="video/mp4", disposition="inline")
    turn_clock(monkeypatch, minutes=-2)
    late = storage.link("a", mime="video/mp4", disposition="inline")

    assert link is not None
    assert late is not None
    assert httpx.get(link).content == b"secret"
    assert httpx.get(link.replace("/a?", "/b?")).status_code == 403
    assert httpx.get(link.replace("video%2Fmp4", "text%2Fhtml")).status_code == 403
    assert httpx.get(late).status_code == 403


def test_a_link_leads_to_the_address_that_browsers_know(s3: Make, server: S3Server, staged: Any) -> None:
    s3().put(staged(b"content"), "a")
    with FlakyProxy(server.port) as public:
        link = s3(link_s=60, public_endpoint_url=public.endpoint).link("a", mime="audio/wav", disposition="inline")

        assert link is not None
        assert link.startswith(public.endpoint)
        assert httpx.get(link).content == b"content"


def test_links_are_off_unless_presigned(s3: Make, staged: Any) -> None:
    s3().put(staged(b"content"), "a")

    assert s3().link("a", mime="audio/wav", disposition="inline") is None
    assert s3().on_disk("a") is None


def turn_clock(monkeypatch: pytest.MonkeyPatch, minutes: float) -> None:
    """Let botocore sign as if it were another time."""
    real = botocore.auth.get_current_datetime

    def turned(*args: Any, **more: Any) -> datetime:
        return real(*args, **more) + timedelta(minutes=minutes)

    monkeypatch.setattr(botocore.auth, "get_current_datetime", turned)


# -- what may be wrong with the settings


USES: dict[str, Callable[[S3Storage, Path], Any]] = {
    "check": lambda storage, path: storage.check(),
    "prepare": lambda storage, path: storage.prepare(),
    "put": lambda storage, path: storage.put(path, "a"),
    "read": lambda storage, path: content_of(storage, "a"),
    "size": lambda storage, path: storage.size("a"),
    "list": lambda storage, path: list(storage.files()),
    "delete": lambda storage, path: storage.delete("a"),
    "sweep": lambda storage, path: storage.sweep(0),
}


def wrong(server: S3Server, what: str) -> dict[str, Any]:
    return {
        "key": {"key_id": "test:nobody"},
        "secret": {"secret": "wrong" * 8},
        "guest": {"key_id": server.guest_key, "secret": server.guest_secret},
        "bucket": {"bucket": "no-such-bucket"},
        "name": {"bucket": "no such bucket"},
        "nobody": {"endpoint_url": f"http://127.0.0.1:{free_port()}", "attempts": 2},
        "address": {"endpoint_url": "localhost 9000"},
        "region": {"region": "somewhere nice"},
        "letters": {"secret": "wrong\nkey"},
    }[what]


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize(
    ("what", "kind", "sentence"),
    [
        ("key", StorageKeyRefused, "AWS_SECRET_ACCESS_KEY"),
        ("secret", StorageKeyRefused, "AWS_SECRET_ACCESS_KEY"),
        ("guest", StorageForbidden, "Allow it to read, write, list and delete"),
        ("bucket", BucketMissing, "does not exist"),
        ("name", BucketMissing, "CLIPPER_STORAGE_URL"),
        ("nobody", StorageUnreachable, "S3_ENDPOINT_URL"),
        ("address", StorageFailed, "S3_ENDPOINT_URL is not an address"),
        ("region", StorageFailed, "S3_REGION is not"),
        ("letters", StorageKeyRefused, "a character that no key has"),
    ],
)
def test_wrong_settings_are_reported_in_a_sentence(
    s3: Make, server: S3Server, staged: Any, use: str, what: str, kind: type[StorageFailed], sentence: str
) -> None:
    path = staged(b"content")
    storage = s3(**wrong(server, what))

    with pytest.raises(kind, match=sentence) as failure:
        USES[use](storage, path)

    said = f"{failure.value.message} {failure.value.detail}"
    assert storage.options.secret is not None
    assert storage.options.secret not in said
    assert storage.options.secret not in repr(storage.options)
    assert path.exists()


def test_no_key_at_all_is_said(s3: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))

    with pytest.raises(StorageKeyRefused, match="No access key"):
        s3(key_id=None, secret=None).check()
    with pytest.raises(StorageKeyRefused, match="AWS_SECRET_ACCESS_KEY"):
        s3(secret=None).check()


@pytest.mark.parametrize("use", USES)
def test_a_wrong_clock_is_said(s3: Make, staged: Any, use: str, monkeypatch: pytest.MonkeyPatch) -> None:
    turn_clock(monkeypatch, minutes=-40)

    with pytest.raises(StorageFailed, match="clock"):
        USES[use](s3(), staged(b"content"))


def test_a_bucket_is_made_only_where_that_is_allowed(s3: Make) -> None:
    name = f"made-by-us-{next(NUMBERS)}"
    with pytest.raises(BucketMissing):
        s3(bucket=name).prepare()

    s3(bucket=name, create_bucket=True).prepare()
    s3(bucket=name, create_bucket=True).prepare()

    s3(bucket=name).check()


def test_a_check_writes_only_now_and_then(s3: Make) -> None:
    written: list[str] = []

    def counted(put: Any, **asked: Any) -> Any:
        written.append(asked["Key"])
        return put(**asked)

    def checked(storage: S3Storage) -> S3Storage:
        storage._clients[(os.getpid(), "quick")] = Client(storage._client("quick"), put_object=counted)
        storage.check()
        storage.check()
        return storage

    checked(s3())
    assert len(written) == 1
    checked(s3(prove_every_s=0))
    assert len(written) == 3
