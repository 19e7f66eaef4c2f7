"""Files from one store to another: each checked, none copied twice, flaws reported."""

from __future__ import annotations

from pathlib import Path

import pytest

from clipper_core.adapters.store.local import LocalStorage
from clipper_core.errors import DiskFull
from clipper_core.services.server import copy_files
from clipper_core.services.server.copy_files import CopyReport, FileCopier, Flaw, NamedFile


def named(key: str, size: int = 7) -> NamedFile:
    return NamedFile(f"projects/{key}", size, "source", "A talk")


@pytest.fixture
def stores(tmp_path: Path) -> tuple[LocalStorage, LocalStorage]:
    return LocalStorage(tmp_path / "old"), LocalStorage(tmp_path / "new")


@pytest.fixture
def copier(stores: tuple[LocalStorage, LocalStorage], tmp_path: Path) -> FileCopier:
    return FileCopier(*stores, tmp_path / "moving")


def put(store: LocalStorage, file: NamedFile, content: bytes = b"content") -> None:
    path = store.folder / file.key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def nothing(_done: float) -> None:
    pass


def test_files_are_copied_and_the_originals_stay(
    copier: FileCopier, stores: tuple[LocalStorage, LocalStorage], tmp_path: Path
) -> None:
    files = [named("a"), named("b/c")]
    for file in files:
        put(stores[0], file)
    progress: list[float] = []

    report = copier.copy(files, progress.append)

    assert report == CopyReport(copied=2, bytes=14)
    assert progress == sorted(progress) and progress[0] == 0 and progress[-1] == 1
    for store in stores:
        assert all(b"".join(store.read(f.key)) == b"content" for f in files)
    assert not (tmp_path / "moving").exists()


def test_a_file_of_right_size_is_skipped(copier: FileCopier, stores: tuple[LocalStorage, LocalStorage]) -> None:
    there, missing = named("a"), named("b")
    put(stores[1], there, b"CONTENT")
    for file in (there, missing):
        put(stores[0], file)

    report = copier.copy([there, missing], nothing)

    assert report == CopyReport(copied=1, bytes=7, already=1)
    assert b"".join(stores[1].read(there.key)) == b"CONTENT"


def test_damaged_files_are_reported_and_copied_unchanged(
    copier: FileCopier, stores: tuple[LocalStorage, LocalStorage]
) -> None:
    gone, short = named("gone"), named("short")
    put(stores[0], short, b"con")

    report = copier.copy([gone, short], nothing)

    assert report.flaws == (Flaw(gone, missing=True), Flaw(short, missing=False))
    assert [f.to_json()["problem"] for f in report.flaws] == ["missing", "size"]
    assert b"".join(stores[1].read(short.key)) == b"con"


def test_without_room_nothing_is_copied(
    copier: FileCopier, stores: tuple[LocalStorage, LocalStorage], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = named("a")
    put(stores[0], file)
    monkeypatch.setattr(copy_files, "SPARE_BYTES", 1 << 60)

    with pytest.raises(DiskFull, match="Free some space"):
        copier.copy([file], nothing)

    assert list(stores[1].files()) == []
