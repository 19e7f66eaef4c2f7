"""Finished files arrive whole, or not at all."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from clipper_core.errors import DiskFull, FolderNotWritable
from clipper_core.services.local import delivery
from clipper_core.services.local.delivery import deliver, make_folder


def clip(folder: Path) -> Path:
    path = folder / "clip"
    path.write_bytes(b"the new clip")
    return path


def test_a_delivered_file_replaces_an_older_one(tmp_path: Path) -> None:
    target = tmp_path / "clips" / "deep" / "01.mp4"

    for _ in range(2):
        deliver(clip(tmp_path), target)

    assert target.read_bytes() == b"the new clip"
    assert [p.name for p in target.parent.iterdir()] == ["01.mp4"]
    assert not (tmp_path / "clip").exists()


@pytest.mark.parametrize(("number", "error"), [(errno.ENOSPC, DiskFull), (errno.EACCES, FolderNotWritable)])
def test_a_failed_copy_leaves_the_older_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, error: type[Exception]
) -> None:
    def half(_source: Path, target: Path) -> None:
        target.write_bytes(b"the")
        raise OSError(number, "it broke")

    target = tmp_path / "01.mp4"
    target.write_bytes(b"the old clip")
    monkeypatch.setattr(delivery.shutil, "copyfile", half)

    with pytest.raises(error):
        deliver(clip(tmp_path), target)

    assert target.read_bytes() == b"the old clip"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["01.mp4", "clip"]


def test_a_folder_that_can_not_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(FolderNotWritable, match="--out"):
        make_folder(tmp_path / "file" / "clips")
