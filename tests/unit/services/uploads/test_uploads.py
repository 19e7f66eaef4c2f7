"""Uploads: refused or accepted, kept through failures, and turned into a project exactly once."""

from __future__ import annotations

import base64
import hashlib
import os
import threading
import time
import zlib
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from clipper_core.adapters.store.staging import Staging
from clipper_core.db.models import Upload, now
from clipper_core.db.session import Database
from clipper_core.domain.checksum import ALGORITHMS, Checksum
from clipper_core.errors import (
    BadSettings,
    ChecksumMismatch,
    DiskFull,
    ShowNotFound,
    StorageFailed,
    TooLarge,
    UploadConflict,
    UploadNotFound,
    WrongState,
)
from clipper_core.services.projects.intake import FileRef, StoredUpload
from clipper_core.services.uploads.uploads import STRAY_AGE_S, UploadLimits, Uploads

TALK = {"filename": "talk.mp4", "filetype": "video/mp4"}


class Store:
    """Stands for the file store and the projects: remembers what it was given."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.taken: dict[str, bytes] = {}
        self.captions: dict[str, bytes] = {}
        self.announced: list[str] = []
        self.discarded: list[str] = []
        self.failures = 0  # of the next so many times of storing
        self.refusals = 0  # of the next so many projects

    def store(self, upload_id: str, path: Path, captions: Path | None) -> StoredUpload:
        moved = path.replace(self.folder / upload_id)
        if captions is not None:
            self.captions[f"prj_{upload_id[4:]}"] = captions.read_bytes()
        if self.failures:
            self.failures -= 1
            raise StorageFailed
        return StoredUpload(upload_id, FileRef(moved.name, moved.stat().st_size), None)

    def complete(self, _session: Session, upload: Upload, stored: StoredUpload) -> str:
        if self.refusals:
            self.refusals -= 1
            raise ShowNotFound
        project = f"prj_{upload.id[4:]}"
        self.taken[project] = (self.folder / stored.source.key).read_bytes()
        return project

    def announce(self, project_id: str) -> None:
        self.announced.append(project_id)

    def discard(self, upload_id: str) -> None:
        self.discarded.append(upload_id)
        (self.folder / upload_id).unlink(missing_ok=True)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    (tmp_path / "store").mkdir()
    return Store(tmp_path / "store")


@pytest.fixture
def staging(tmp_path: Path) -> Path:
    return tmp_path / "staging"


@pytest.fixture
def uploads(database: Database, store: Store, staging: Path) -> Uploads:
    limits = UploadLimits(max_bytes=1 << 30, spare_bytes=0, checkpoint_bytes=1000)
    return Uploads(database, staging, store, limits)


def send(uploads: Uploads, upload_id: str, at: int, data: bytes) -> str | None:
    piece = uploads.open_piece(upload_id, at)
    piece.write(data)
    return piece.keep().project_id


# -- a recording arrives


def test_pieces_become_one_project_with_all_bytes(uploads: Uploads, store: Store):
    upload_id = uploads.create(6, TALK)

    assert send(uploads, upload_id, 0, b"abc") is None
    project = send(uploads, upload_id, 3, b"def")

    assert project is not None
    assert store.taken == {project: b"abcdef"}
    assert store.announced == [project]


def test_repeating_the_last_request_names_the_same_project(uploads: Uploads, store: Store):
    upload_id = uploads.create(3, TALK)
    project = send(uploads, upload_id, 0, b"abc")

    assert uploads.resume(upload_id).project_id == project
    assert uploads.open_piece(upload_id, 3).keep().project_id == project
    assert len(store.taken) == 1


def test_an_empty_file_is_complete_at_once(uploads: Uploads, store: Store):
    state = uploads.state(uploads.create(0, TALK))

    assert store.taken == {state.project_id: b""}


def test_a_complete_upload_leaves_nothing_staged(uploads: Uploads, staging: Path):
    send(uploads, uploads.create(3, TALK), 0, b"abc")

    assert list(staging.iterdir()) == []


def test_a_silent_queue_does_not_fail_the_upload(database: Database, store: Store, staging: Path):
    class Silent(Store):
        def announce(self, project_id: str) -> None:
            raise StorageFailed

    store = Silent(store.folder)
    uploads = Uploads(database, staging, store, UploadLimits(1 << 30, spare_bytes=0))

    assert send(uploads, uploads.create(3, TALK), 0, b"abc") in store.taken


# -- things break


def test_a_piece_at_a_wrong_offset_is_refused(uploads: Uploads):
    upload_id = uploads.create(6, TALK)
    send(uploads, upload_id, 0, b"abc")

    for at in (0, 2, 4, 6):
        with pytest.raises(UploadConflict):
            uploads.open_piece(upload_id, at)

    assert uploads.state(upload_id).offset == 3


def test_more_bytes_than_announced_are_never_written(uploads: Uploads, staging: Path):
    upload_id = uploads.create(6, TALK)
    piece = uploads.open_piece(upload_id, 0)
    piece.write(b"abcd")

    with pytest.raises(TooLarge):
        piece.write(b"efg")
    piece.break_off()

    assert uploads.state(upload_id).offset == 0
    assert Staging(staging).size(upload_id) == 0


def test_a_lost_connection_keeps_the_bytes_received(uploads: Uploads):
    upload_id = uploads.create(6, TALK)
    piece = uploads.open_piece(upload_id, 0)
    piece.write(b"abcd")

    piece.break_off()

    assert uploads.state(upload_id).offset == 4


def test_a_lost_connection_keeps_nothing_of_checksummed_pieces(uploads: Uploads, staging: Path):
    upload_id = uploads.create(6, TALK)
    piece = uploads.open_piece(upload_id, 0, checksum_of("sha1", b"abcdef"))
    piece.write(b"abcd")

    piece.break_off()

    assert uploads.state(upload_id).offset == 0
    assert Staging(staging).size(upload_id) == 0


def test_bytes_beyond_the_recorded_offset_are_truncated(uploads: Uploads, store: Store, staging: Path):
    upload_id = uploads.create(6, TALK)
    send(uploads, upload_id, 0, b"abc")
    with (staging / f"{upload_id}.part").open("ab") as file:
        file.write(b"XYZXYZ")

    project = send(uploads, upload_id, 3, b"def")

    assert store.taken[project] == b"abcdef"


def test_a_truncated_file_lowers_the_offset(uploads: Uploads, store: Store, staging: Path):
    upload_id = uploads.create(6, TALK)
    send(uploads, upload_id, 0, b"abcd")
    os.truncate(staging / f"{upload_id}.part", 2)

    assert uploads.state(upload_id).offset == 2
    project = send(uploads, upload_id, 2, b"cdef")

    assert store.taken[project] == b"abcdef"


def test_a_long_piece_is_saved_on_its_way(uploads: Uploads):
    upload_id = uploads.create(5000, TALK)
    piece = uploads.open_piece(upload_id, 0)

    piece.write(b"x" * 1500)

    assert uploads.state(upload_id).offset == 1500
    piece.break_off()


def test_a_failed_store_is_retried_by_the_next_request(uploads: Uploads, store: Store):
    upload_id = uploads.create(3, TALK)
    store.failures = 2
    with pytest.raises(StorageFailed):
        send(uploads, upload_id, 0, b"abc")

    assert uploads.resume(upload_id).project_id is None
    project = uploads.open_piece(upload_id, 3).keep().project_id

    assert store.taken[project] == b"abc"


def test_a_stored_upload_without_project_is_completed_again(uploads: Uploads, store: Store):
    upload_id = uploads.create(3, TALK)
    store.refusals = 1
    with pytest.raises(ShowNotFound):
        send(uploads, upload_id, 0, b"abc")

    project = uploads.resume(upload_id).project_id

    assert store.taken == {project: b"abc"}


def test_a_whole_upload_is_never_dropped_unstored(uploads: Uploads, store: Store, database: Database):
    upload_id = uploads.create(3, TALK)
    store.failures = 3
    with pytest.raises(StorageFailed):
        send(uploads, upload_id, 0, b"abc")
    with database.write() as session:
        session.get_one(Upload, upload_id).touched_at = now() - timedelta(days=30)

    assert uploads.sweep() == 0
    store.failures = 0
    uploads.sweep()

    assert uploads.state(upload_id).project_id in store.taken


def test_terminating_an_upload_discards_its_stored_files(uploads: Uploads, store: Store):
    upload_id = uploads.create(3, TALK)
    store.refusals = 1
    with pytest.raises(ShowNotFound):
        send(uploads, upload_id, 0, b"abc")

    uploads.terminate(upload_id)

    assert store.discarded == [upload_id]
    assert list(store.folder.iterdir()) == []


def test_the_sweep_completes_whole_uploads(uploads: Uploads, store: Store):
    upload_id = uploads.create(3, TALK)
    store.failures = 1
    with pytest.raises(StorageFailed):
        send(uploads, upload_id, 0, b"abc")

    uploads.sweep()

    assert uploads.state(upload_id).project_id in store.taken


def test_a_full_disk_keeps_the_saved_bytes(uploads: Uploads, monkeypatch: pytest.MonkeyPatch):
    upload_id = uploads.create(6, TALK)
    send(uploads, upload_id, 0, b"abc")
    piece = uploads.open_piece(upload_id, 3)

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        with pytest.raises(DiskFull):
            piece.write(b"def")
    piece.break_off()

    assert uploads.state(upload_id).offset == 3


# -- two at once


def test_a_second_writer_is_refused_meanwhile(uploads: Uploads):
    upload_id = uploads.create(6, TALK)
    first = uploads.open_piece(upload_id, 0)

    with pytest.raises(UploadConflict):
        uploads.open_piece(upload_id, 0, wait_s=0.1)
    assert first.wanted

    first.break_off()
    uploads.open_piece(upload_id, 0).break_off()


def test_a_second_writer_continues_after_the_first_left(uploads: Uploads, store: Store):
    upload_id = uploads.create(6, TALK)
    first = uploads.open_piece(upload_id, 0)

    def leave_when_wanted() -> None:
        deadline = time.monotonic() + 10
        while not first.wanted and time.monotonic() < deadline:
            time.sleep(0.01)
        first.break_off()

    leaving = threading.Thread(target=leave_when_wanted)
    leaving.start()
    project = send(uploads, upload_id, 0, b"abcdef")
    leaving.join()

    assert store.taken[project] == b"abcdef"


def test_concurrent_last_requests_make_one_project(uploads: Uploads, store: Store):
    upload_id = uploads.create(3, TALK)
    store.failures = 1
    with pytest.raises(StorageFailed):
        send(uploads, upload_id, 0, b"abc")

    asking = [threading.Thread(target=uploads.resume, args=(upload_id,)) for _ in range(8)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()

    assert list(store.taken) == [uploads.state(upload_id).project_id]
    assert len(store.announced) == 1


# -- ending and sweeping


def test_a_terminated_upload_is_gone_with_its_bytes(uploads: Uploads, staging: Path):
    upload_id = uploads.create(6, TALK)
    send(uploads, upload_id, 0, b"abc")

    uploads.terminate(upload_id)

    with pytest.raises(UploadNotFound):
        uploads.state(upload_id)
    assert list(staging.iterdir()) == []


def test_a_complete_upload_can_not_be_terminated(uploads: Uploads, store: Store):
    upload_id = uploads.create(3, TALK)
    project = send(uploads, upload_id, 0, b"abc")

    with pytest.raises(WrongState):
        uploads.terminate(upload_id)

    assert uploads.state(upload_id).project_id == project


@pytest.mark.parametrize("name", ["", "upl_", "../../etc/passwd", "upl_0000000000000000000/", "upl_" + "0" * 20])
def test_an_unknown_upload_is_not_found(uploads: Uploads, name: str):
    with pytest.raises(UploadNotFound):
        uploads.open_piece(name, 0)


def test_the_sweep_drops_only_uploads_untouched_for_days(uploads: Uploads, database: Database, staging: Path):
    old, fresh = uploads.create(6, TALK), uploads.create(6, TALK)
    for upload_id in (old, fresh):
        send(uploads, upload_id, 0, b"abc")
    with database.write() as session:
        session.get_one(Upload, old).touched_at = now() - timedelta(days=8)

    assert uploads.sweep() == 1

    assert uploads.state(fresh).offset == 3
    with pytest.raises(UploadNotFound):
        uploads.state(old)
    assert [p.stem for p in staging.iterdir()] == [fresh]


def test_the_sweep_removes_old_stray_files(uploads: Uploads, staging: Path):
    staging.mkdir()
    old, young = (staging / f"upl_{letter * 20}.part" for letter in "ab")
    for path in (old, young):
        path.write_bytes(b"x")
    os.utime(old, (time.time() - STRAY_AGE_S - 60,) * 2)

    uploads.sweep()

    assert list(staging.iterdir()) == [young]


# -- refused before a byte is sent


def test_a_file_over_the_limit_is_refused_first(uploads: Uploads):
    with pytest.raises(TooLarge):
        uploads.create((1 << 30) + 1, TALK)


def test_a_file_beyond_the_free_space_is_refused_first(database: Database, store: Store, staging: Path):
    uploads = Uploads(database, staging, store, UploadLimits(1 << 60, spare_bytes=1 << 60))

    with pytest.raises(DiskFull):
        uploads.create(1, TALK)


def test_an_unknown_show_is_refused_first(uploads: Uploads):
    with pytest.raises(ShowNotFound):
        uploads.create(3, {**TALK, "show": "shw_nowhere"})


@pytest.mark.parametrize("lengths", [("90", "20"), ("x", "20"), ("nan", "20"), ("1e999", "20"), ("20", "99999")])
def test_impossible_clip_lengths_are_refused_first(uploads: Uploads, lengths: tuple[str, str]):
    with pytest.raises(BadSettings):
        uploads.create(3, {**TALK, "min_length": lengths[0], "max_length": lengths[1]})


# -- names, metadata, checksums


def checksum_of(algorithm: str, data: bytes) -> Checksum:
    digest = zlib.crc32(data).to_bytes(4, "big") if algorithm == "crc32" else hashlib.new(algorithm, data).digest()
    return Checksum(f"{algorithm} {base64.b64encode(digest).decode()}")


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_piece_with_the_right_checksum_is_kept(uploads: Uploads, algorithm: str):
    upload_id = uploads.create(6, TALK)
    piece = uploads.open_piece(upload_id, 0, checksum_of(algorithm, b"abc"))
    piece.write(b"ab")
    piece.write(b"c")

    assert piece.keep().offset == 3


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_nothing_of_a_damaged_piece_is_kept(uploads: Uploads, staging: Path, algorithm: str):
    upload_id = uploads.create(6, TALK)
    send(uploads, upload_id, 0, b"abc")
    piece = uploads.open_piece(upload_id, 3, checksum_of(algorithm, b"def"))
    piece.write(b"dEf")

    with pytest.raises(ChecksumMismatch):
        piece.keep()

    assert uploads.state(upload_id).offset == 3
    assert Staging(staging).size(upload_id) == 3


# -- captions


def test_captions_sent_in_time_reach_the_project(uploads: Uploads, store: Store):
    pytest.importorskip("clipper_core.adapters.captions")
    srt = b"1\n00:00:00,000 --> 00:00:01,000\nHello\n"
    upload_id = uploads.create(3, TALK)

    uploads.put_captions(upload_id, srt)
    project = send(uploads, upload_id, 0, b"abc")

    assert store.captions == {project: srt}


def test_captions_after_the_last_byte_are_refused(uploads: Uploads):
    upload_id = uploads.create(3, TALK)
    send(uploads, upload_id, 0, b"abc")

    with pytest.raises(WrongState):
        uploads.put_captions(upload_id, b"WEBVTT\n")
