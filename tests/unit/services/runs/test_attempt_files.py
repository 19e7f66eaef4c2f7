"""The files of attempts, kept apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from clipper_core.adapters.store.local import LocalStorage
from clipper_core.domain.task import Kind
from clipper_core.services.assets.files import NewFile
from clipper_core.services.runs.attempt_files import AttemptFiles, LeftBehind
from clipper_core.services.runs.tasks import Claim

FIRST = Claim("tsk_1", "tok_1", 1, Kind.PROBE, "prj_1", {})
SECOND = Claim("tsk_1", "tok_2", 2, Kind.PROBE, "prj_1", {})


@pytest.fixture
def storage(tmp_path: Path) -> LocalStorage:
    storage = LocalStorage(tmp_path / "files")
    storage.prepare()
    return storage


@pytest.fixture
def files(storage: LocalStorage, tmp_path: Path) -> AttemptFiles:
    return AttemptFiles(storage, tmp_path / "scratch")


def test_every_attempt_has_an_empty_folder_of_its_own(files: AttemptFiles, tmp_path: Path) -> None:
    (tmp_path / "scratch" / "tsk_1-1").mkdir(parents=True)
    (tmp_path / "scratch" / "tsk_1-1" / "old").write_bytes(b"old")

    with pytest.raises(ZeroDivisionError), files.folder(FIRST) as folder:
        assert list(folder.iterdir()) == []
        raise ZeroDivisionError

    assert files.left_behind() == []


def test_an_attempt_is_removed_without_the_others(files: AttemptFiles, storage: LocalStorage, tmp_path: Path) -> None:
    for claim in (FIRST, SECOND):
        (tmp_path / "out").write_bytes(b"result")
        assets = files.store(claim, [NewFile("out", "preview", tmp_path / "out", "x/y", "talk.m4a")])
        assert (assets["out"].size, assets["out"].filename) == (6, "talk.m4a")

    files.remove(SECOND, 1)

    assert [f.key for f in storage.files()] == ["projects/prj_1/tsk_1-2/out"]


def test_folders_of_killed_attempts_are_found(files: AttemptFiles, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    for name in ("tsk_1-2", "something-else"):
        (scratch / name).mkdir(parents=True)

    assert sorted(files.left_behind(), key=lambda left: left.folder) == [
        LeftBehind(scratch / "something-else", "something", None),
        LeftBehind(scratch / "tsk_1-2", "tsk_1", 2),
    ]
