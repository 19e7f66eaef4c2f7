"""Staged uploads: one writer at a time, and nothing left behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from clipper_core.adapters.store.staging import Staging
from clipper_core.errors import UploadConflict


@pytest.fixture
def staging(tmp_path: Path) -> Staging:
    return Staging(tmp_path / "uploads")


def test_a_second_writer_is_refused_and_then_let_in(staging: Staging) -> None:
    first = staging.open("upl_1", wait_s=0)

    with pytest.raises(UploadConflict):
        staging.open("upl_1", wait_s=0)
    assert not first.wanted, "without time to wait, the first is not disturbed"
    first.close()

    staging.open("upl_1", wait_s=0).close()


def test_a_writer_that_waits_asks_the_first_to_leave(staging: Staging) -> None:
    first = staging.open("upl_1", wait_s=0)

    with pytest.raises(UploadConflict):
        staging.open("upl_1", wait_s=0.01)

    assert first.wanted
    first.close()


def test_bytes_after_the_recorded_size_are_cut_off(staging: Staging) -> None:
    file = staging.open("upl_1", wait_s=0)
    file.write(b"0123456789", 0)
    file.cut_to(4)
    file.write(b"xy", 4)
    file.close()

    assert staging.path("upl_1").read_bytes() == b"0123xy"
    assert staging.size("upl_1") == 6
    assert staging.size("upl_2") == 0


def test_a_file_handed_over_stays_for_another_attempt(staging: Staging, tmp_path: Path) -> None:
    file = staging.open("upl_1", wait_s=0)
    file.write(b"all", 0)
    file.close()

    with staging.handed_over("upl_1") as path:
        path.replace(tmp_path / "taken")

    assert (tmp_path / "taken").read_bytes() == staging.path("upl_1").read_bytes() == b"all"


def test_dropping_an_upload_removes_all_of_it(staging: Staging) -> None:
    staging.open("upl_1", wait_s=0).close()
    staging.put_captions("upl_1", b"1")
    assert staging.copy_of_captions("upl_1") is not None

    staging.drop("upl_1")

    assert list(staging.folder.iterdir()) == []
    assert staging.copy_of_captions("upl_1") is None


def test_only_uploads_without_any_recent_file_are_old(staging: Staging) -> None:
    staging.open("upl_1", wait_s=0).close()

    assert staging.older_than(60) == set()
    assert staging.older_than(-1) == {"upl_1"}
