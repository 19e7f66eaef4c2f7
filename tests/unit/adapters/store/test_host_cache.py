"""Copies of stored files on one computer: fetched once, bounded, and never taken from under a reader."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clipper_core.adapters.store.host_cache import HostCache
from clipper_core.errors import DiskFull, StorageFailed, StorageUnreachable


class Source:
    """Stands for the store: gives content in blocks of ten bytes, and remembers from where it was asked for."""

    def __init__(self, content: bytes, *, breaks_at: int | None = None) -> None:
        self.content = content
        self.breaks_at = breaks_at
        self.asked: list[int] = []

    def __call__(self, start: int) -> Iterator[bytes]:
        self.asked.append(start)
        for at in range(start, len(self.content), 10):
            if self.breaks_at is not None and at >= self.breaks_at:
                raise StorageUnreachable
            yield self.content[at : at + 10]


def content(name: str, size: int = 100) -> bytes:
    return (name.encode() * size)[:size]


def use(cache: HostCache, name: str, size: int = 100) -> Source:
    """Have one file and let go of it; what was asked of the store for that."""
    source = Source(content(name, size))
    with cache.file(name, size, source) as path:
        assert path.read_bytes() == content(name, size)
    return source


def taken(cache: HostCache) -> int:
    return sum(path.stat().st_size for path in cache.folder.iterdir())


@pytest.fixture
def cache(tmp_path: Path) -> HostCache:
    return HostCache(tmp_path / "cache", 300)


def test_a_file_is_fetched_once_and_then_there(cache: HostCache) -> None:
    assert use(cache, "a").asked == [0]
    assert use(cache, "a").asked == []


def test_an_empty_file_needs_no_fetching(cache: HostCache) -> None:
    assert use(cache, "empty", 0).asked == []


def test_any_name_is_a_name(cache: HostCache) -> None:
    for name in ("../outside", "a/b\n", "ü" * 500, "\udcff"):
        with cache.file(name, 3, lambda start: iter([b"abc"[start:]])) as path:
            assert path.parent == cache.folder


def test_what_was_not_used_for_longest_goes_first(cache: HostCache) -> None:
    for age, name in enumerate(("a", "b", "c")):
        use(cache, name)
        with cache.file(name, 100, Source(b"")) as path:
            pass
        os.utime(path, (age, age))
    use(cache, "a")

    use(cache, "d")

    assert taken(cache) == 300
    assert [use(cache, name).asked for name in ("a", "c", "d")] == [[], [], []]
    assert use(cache, "b").asked == [0]


def test_what_is_being_read_stays_even_if_the_bound_is_passed(cache: HostCache) -> None:
    with ExitStack() as reading:
        held = [reading.enter_context(cache.file(n, 100, Source(content(n)))) for n in ("a", "b", "c")]

        use(cache, "d")

        assert all(path.exists() for path in held)
    use(cache, "e")
    assert taken(cache) <= 300


def test_a_file_larger_than_the_bound_is_there_as_long_as_it_is_used(cache: HostCache) -> None:
    with cache.file("huge", 1000, Source(content("huge", 1000))) as path:
        assert path.read_bytes() == content("huge", 1000)
        use(cache, "b")
        assert path.exists()

    assert not path.exists()


def test_a_fetch_that_broke_off_is_gone_on_with(cache: HostCache) -> None:
    broken = Source(content("a"), breaks_at=50)
    with pytest.raises(StorageUnreachable), cache.file("a", 100, broken):
        pass

    assert use(cache, "a").asked == [50]


def test_a_begun_file_that_turns_out_damaged_is_fetched_anew(cache: HostCache) -> None:
    with pytest.raises(StorageUnreachable), cache.file("a", 100, Source(b"X" * 100, breaks_at=50)):
        pass
    good = Source(content("a"))

    with cache.file("a", 100, good, lambda path: path.read_bytes() == content("a")) as path:
        assert path.read_bytes() == content("a")
    assert good.asked == [50, 0]


@pytest.mark.parametrize("came", [0, 99, 101])
def test_a_file_of_another_size_than_announced_is_not_served(cache: HostCache, came: int) -> None:
    with pytest.raises(StorageFailed, match="did not arrive whole"), cache.file("a", 100, Source(content("a", came))):
        pass

    assert use(cache, "a").asked == [0]


def test_a_full_disk_is_said_before_anything_is_fetched(cache: HostCache, monkeypatch: pytest.MonkeyPatch) -> None:
    use(cache, "a")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(1000, 950, 50))  # type: ignore[attr-defined]
    source = Source(content("b"))

    with pytest.raises(DiskFull), cache.file("b", 100, source):
        pass

    assert source.asked == []
    assert list(cache.folder.iterdir()) == []


def test_a_disk_that_fills_up_meanwhile_is_said_and_what_came_is_given_back(
    cache: HostCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)

    with pytest.raises(DiskFull), cache.file("a", 100, Source(content("a"))):
        pass
    assert list(cache.folder.iterdir()) == []


def test_parts_nobody_goes_on_with_are_swept(cache: HostCache) -> None:
    with pytest.raises(StorageUnreachable), cache.file("a", 100, Source(content("a"), breaks_at=50)):
        pass
    use(cache, "b")

    assert cache.sweep(3600) == 0
    assert cache.sweep(-1) == 1
    assert [path.suffix for path in cache.folder.iterdir()] == [""]


def test_other_files_in_the_folder_are_left_alone(cache: HostCache) -> None:
    cache.folder.mkdir()
    (cache.folder / "README.txt").write_bytes(b"x" * 500)

    for name in "abcdef":
        use(cache, name)

    assert (cache.folder / "README.txt").exists()


def fetch_slowly(cache: HostCache, begun: Any, go_on: Any) -> None:
    def blocks(start: int) -> Iterator[bytes]:
        yield content("a")[start:60]
        begun.set()
        go_on.wait()
        yield content("a")[60:]

    with cache.file("a", 100, blocks):
        pass


def test_a_process_killed_while_fetching_holds_nobody_up(cache: HostCache) -> None:
    fork = multiprocessing.get_context("fork")
    begun, never = fork.Event(), fork.Event()
    process = fork.Process(target=fetch_slowly, args=(cache, begun, never))
    process.start()
    assert begun.wait(30)
    process.kill()
    process.join(30)

    assert use(cache, "a").asked == [60]


def test_who_asks_while_another_fetches_gets_that_ones_copy(cache: HostCache) -> None:
    fork = multiprocessing.get_context("fork")
    begun, go_on = fork.Event(), fork.Event()
    process = fork.Process(target=fetch_slowly, args=(cache, begun, go_on))
    process.start()
    assert begun.wait(30)
    asked: list[list[int]] = []
    waiting = threading.Thread(target=lambda: asked.append(use(cache, "a").asked))
    waiting.start()
    go_on.set()
    waiting.join(30)
    process.join(30)

    assert asked == [[]]


SIZES = {"a": 10, "b": 120, "c": 90, "d": 300, "e": 400}


@settings(max_examples=60, deadline=None)
@given(
    uses=st.lists(st.tuples(st.sampled_from(sorted(SIZES)), st.booleans()), max_size=12),
    bound=st.integers(1, 500),
)
def test_whatever_is_used_in_whatever_order_the_bound_holds_in_the_end(
    tmp_path_factory: pytest.TempPathFactory, uses: list[tuple[str, bool]], bound: int
) -> None:
    cache = HostCache(tmp_path_factory.mktemp("cache"), bound)
    with ExitStack() as reading:
        for name, kept in uses:
            size = SIZES[name]
            with ExitStack() as here:
                path = (reading if kept else here).enter_context(cache.file(name, size, Source(content(name, size))))
                assert path.read_bytes() == content(name, size)
    use(cache, "last", 1)

    assert taken(cache) <= bound


def test_many_threads_under_a_tight_bound_all_get_what_they_ask_for(tmp_path: Path) -> None:
    cache = HostCache(tmp_path / "cache", 150)
    failed: list[BaseException] = []

    def work(seed: int) -> None:
        try:
            for n in range(20):
                use(cache, "abcd"[(seed + n) % 4])
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert not failed
    assert not any(thread.is_alive() for thread in threads)
