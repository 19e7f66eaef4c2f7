"""Files in a folder: whole or not at all, and never outside it."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from clipper_core.adapters.store.local import PART, LocalStorage
from clipper_core.errors import DiskFull, StoredFileMissing


def test_a_key_never_leads_out_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("ours")
    storage = LocalStorage(tmp_path / "files")

    for key in ("../secret", "projects/../../secret", "/etc/passwd"):
        with pytest.raises(StoredFileMissing):
            storage.on_disk(key)


@pytest.mark.parametrize(("start", "end", "expected"), [(0, None, b"0123456789"), (3, 6, b"345"), (8, 40, b"89")])
def test_a_range_of_a_file_is_read(start: int, end: int | None, expected: bytes, tmp_path: Path) -> None:
    (tmp_path / "new").write_bytes(b"0123456789")
    storage = LocalStorage(tmp_path / "files")

    assert storage.put(tmp_path / "new", "projects/a/source") == 10
    assert b"".join(storage.read("projects/a/source", start, end)) == expected
    assert not (tmp_path / "new").exists()


def test_a_full_disk_is_said_and_leaves_the_file_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "new").write_bytes(b"x")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(DiskFull):
        LocalStorage(tmp_path / "files").put(tmp_path / "new", "a")

    assert (tmp_path / "new").read_bytes() == b"x"


def test_a_sweep_removes_only_old_remains(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    (tmp_path / f"begun{PART}").touch()
    (tmp_path / "whole").touch()

    assert [f.key for f in storage.files()] == ["whole"]
    assert storage.sweep(older_than_s=60) == 0
    assert storage.sweep(older_than_s=-1) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["whole"]
