"""Uploads: what is let in, what is kept when things break, and that a recording becomes a project exactly once."""

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
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from clipper_core.adapters.store.staging import Staging
from clipper_core.db.models import Upload, now
from clipper_core.db.session import Database
from clipper_core.domain.checksum import ALGORITHMS, Checksum
from clipper_core.domain.upload import check_kind, clean_name, parse_metadata, preferences_of
from clipper_core.errors import (
    BadSettings,
    BadUpload,
    ChecksumMismatch,
    DiskFull,
    NotAudioVideo,
    NotMedia,
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


def test_a_recording_sent_in_pieces_becomes_one_project_with_all_its_bytes(uploads: Uploads, store: Store):
    upload_id = uploads.create(6, TALK)

    assert send(uploads, upload_id, 0, b"abc") is None
    project = send(uploads, upload_id, 3, b"def")

    assert project is not None
    assert store.taken == {project: b"abcdef"}
    assert store.announced == [project]


def test_asking_again_after_a_lost_final_answer_names_the_same_project(uploads: Uploads, store: Store):
    upload_id = uploads.create(3, TALK)
    project = send(uploads, upload_id, 0, b"abc")

    assert uploads.resume(upload_id).project_id == project
    assert uploads.open_piece(upload_id, 3).keep().project_id == project
    assert len(store.taken) == 1


def test_an_empty_file_is_complete_as_soon_as_it_is_announced(uploads: Uploads, store: Store):
    state = uploads.state(uploads.create(0, TALK))

    assert store.taken == {state.project_id: b""}


def test_nothing_stays_staged_once_a_recording_has_become_a_project(uploads: Uploads, staging: Path):
    send(uploads, uploads.create(3, TALK), 0, b"abc")

    assert list(staging.iterdir()) == []


def test_a_queue_that_does_not_answer_does_not_fail_the_upload(database: Database, store: Store, staging: Path):
    class Silent(Store):
        def announce(self, project_id: str) -> None:
            raise StorageFailed

    store = Silent(store.folder)
    uploads = Uploads(database, staging, store, UploadLimits(1 << 30, spare_bytes=0))

    assert send(uploads, uploads.create(3, TALK), 0, b"abc") in store.taken


# -- things break


def test_a_piece_at_the_wrong_place_is_refused_and_changes_nothing(uploads: Uploads):
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


def test_a_lost_connection_keeps_what_arrived(uploads: Uploads):
    upload_id = uploads.create(6, TALK)
    piece = uploads.open_piece(upload_id, 0)
    piece.write(b"abcd")

    piece.break_off()

    assert uploads.state(upload_id).offset == 4


def test_a_lost_connection_keeps_nothing_of_a_piece_that_can_only_be_checked_whole(uploads: Uploads, staging: Path):
    upload_id = uploads.create(6, TALK)
    piece = uploads.open_piece(upload_id, 0, checksum_of("sha1", b"abcdef"))
    piece.write(b"abcd")

    piece.break_off()

    assert uploads.state(upload_id).offset == 0
    assert Staging(staging).size(upload_id) == 0


def test_bytes_written_before_a_crash_that_no_row_knows_of_are_cut_off(uploads: Uploads, store: Store, staging: Path):
    upload_id = uploads.create(6, TALK)
    send(uploads, upload_id, 0, b"abc")
    with (staging / f"{upload_id}.part").open("ab") as file:
        file.write(b"XYZXYZ")

    project = send(uploads, upload_id, 3, b"def")

    assert store.taken[project] == b"abcdef"


def test_a_staged_file_that_lost_its_end_is_asked_for_again_from_there(uploads: Uploads, store: Store, staging: Path):
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


def test_a_recording_whose_store_failed_is_completed_by_the_next_question(uploads: Uploads, store: Store):
    upload_id = uploads.create(3, TALK)
    store.failures = 2
    with pytest.raises(StorageFailed):
        send(uploads, upload_id, 0, b"abc")

    assert uploads.resume(upload_id).project_id is None
    project = uploads.open_piece(upload_id, 3).keep().project_id

    assert store.taken[project] == b"abc"


def test_a_recording_that_was_stored_and_got_no_project_is_stored_and_completed_again(uploads: Uploads, store: Store):
    upload_id = uploads.create(3, TALK)
    store.refusals = 1
    with pytest.raises(ShowNotFound):
        send(uploads, upload_id, 0, b"abc")

    project = uploads.resume(upload_id).project_id

    assert store.taken == {project: b"abc"}


def test_a_recording_that_arrived_whole_and_can_not_be_stored_is_kept_however_long_that_lasts(
    uploads: Uploads, store: Store, database: Database
):
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


def test_ending_an_upload_removes_what_was_stored_of_it(uploads: Uploads, store: Store):
    upload_id = uploads.create(3, TALK)
    store.refusals = 1
    with pytest.raises(ShowNotFound):
        send(uploads, upload_id, 0, b"abc")

    uploads.terminate(upload_id)

    assert store.discarded == [upload_id]
    assert list(store.folder.iterdir()) == []


def test_a_recording_that_arrived_whole_before_a_crash_is_completed_by_the_sweep(uploads: Uploads, store: Store):
    upload_id = uploads.create(3, TALK)
    store.failures = 1
    with pytest.raises(StorageFailed):
        send(uploads, upload_id, 0, b"abc")

    uploads.sweep()

    assert uploads.state(upload_id).project_id in store.taken


def test_a_full_disk_is_said_and_leaves_what_was_saved(uploads: Uploads, monkeypatch: pytest.MonkeyPatch):
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


def test_a_second_writer_is_refused_while_the_first_stays(uploads: Uploads):
    upload_id = uploads.create(6, TALK)
    first = uploads.open_piece(upload_id, 0)

    with pytest.raises(UploadConflict):
        uploads.open_piece(upload_id, 0, wait_s=0.1)
    assert first.wanted

    first.break_off()
    uploads.open_piece(upload_id, 0).break_off()


def test_a_second_writer_goes_on_as_soon_as_the_first_has_left(uploads: Uploads, store: Store):
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


def test_many_requests_for_the_last_byte_make_one_project(uploads: Uploads, store: Store):
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


def test_an_upload_that_was_ended_is_gone_with_its_bytes(uploads: Uploads, staging: Path):
    upload_id = uploads.create(6, TALK)
    send(uploads, upload_id, 0, b"abc")

    uploads.terminate(upload_id)

    with pytest.raises(UploadNotFound):
        uploads.state(upload_id)
    assert list(staging.iterdir()) == []


def test_a_complete_upload_can_no_longer_be_ended(uploads: Uploads, store: Store):
    upload_id = uploads.create(3, TALK)
    project = send(uploads, upload_id, 0, b"abc")

    with pytest.raises(WrongState):
        uploads.terminate(upload_id)

    assert uploads.state(upload_id).project_id == project


@pytest.mark.parametrize("name", ["", "upl_", "../../etc/passwd", "upl_0000000000000000000/", "upl_" + "0" * 20])
def test_an_unknown_upload_is_said_to_be_unknown(uploads: Uploads, name: str):
    with pytest.raises(UploadNotFound):
        uploads.open_piece(name, 0)


def test_an_upload_nobody_touched_for_a_week_is_dropped_and_others_stay(
    uploads: Uploads, database: Database, staging: Path
):
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


def test_staged_files_without_an_upload_are_removed_once_they_are_old(uploads: Uploads, staging: Path):
    staging.mkdir()
    old, young = (staging / f"upl_{letter * 20}.part" for letter in "ab")
    for path in (old, young):
        path.write_bytes(b"x")
    os.utime(old, (time.time() - STRAY_AGE_S - 60,) * 2)

    uploads.sweep()

    assert list(staging.iterdir()) == [young]


# -- refused before a byte is sent


def test_a_file_over_the_limit_is_refused_before_a_byte_is_sent(uploads: Uploads):
    with pytest.raises(TooLarge):
        uploads.create((1 << 30) + 1, TALK)


def test_a_file_for_which_the_disk_has_no_room_is_refused_before_a_byte_is_sent(
    database: Database, store: Store, staging: Path
):
    uploads = Uploads(database, staging, store, UploadLimits(1 << 60, spare_bytes=1 << 60))

    with pytest.raises(DiskFull):
        uploads.create(1, TALK)


@pytest.mark.parametrize(
    ("name", "filetype"),
    [
        ("notes.txt", "text/plain"),
        ("a.pdf", "application/pdf"),
        ("a.zip", "application/octet-stream"),
        ("paper.docx", ""),
        ("noext", "text/plain"),
        ("talk.srt", "application/x-subrip"),
        ("list.m3u8", ""),
    ],
)
def test_what_cannot_be_a_recording_by_its_name_or_type_is_refused(name: str, filetype: str):
    with pytest.raises(NotMedia):
        check_kind(name, filetype)


@pytest.mark.parametrize(("name", "filetype"), [("me.JPG", "image/jpeg"), ("me.png", ""), ("x", "image/heic")])
def test_a_picture_is_refused_as_a_picture(name: str, filetype: str):
    with pytest.raises(NotAudioVideo):
        check_kind(name, filetype)


@pytest.mark.parametrize(
    ("name", "filetype"),
    [
        ("talk.mp4", "text/plain"),
        ("LOUD.WAV", ""),
        ("talk.ts", "text/vnd.typescript"),
        ("shell.php", ""),
        ("name. .", "application/octet-stream"),
        ("a.wav::$DATA", ""),
        ("recording", "audio/x-odd"),
    ],
)
def test_what_may_be_a_recording_is_let_in_for_probing_to_judge(name: str, filetype: str):
    check_kind(name, filetype)


def test_a_show_that_does_not_exist_is_refused_before_a_byte_is_sent(uploads: Uploads):
    with pytest.raises(ShowNotFound):
        uploads.create(3, {**TALK, "show": "shw_nowhere"})


@pytest.mark.parametrize("lengths", [("90", "20"), ("x", "20"), ("nan", "20"), ("1e999", "20"), ("20", "99999")])
def test_clip_lengths_that_do_not_fit_are_refused_before_a_byte_is_sent(uploads: Uploads, lengths: tuple[str, str]):
    with pytest.raises(BadSettings):
        uploads.create(3, {**TALK, "min_length": lengths[0], "max_length": lengths[1]})


# -- names, metadata, checksums


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=300))
def test_a_name_is_shown_exactly_as_it_was_sent(name: str):
    assert clean_name(name) == (name if name.strip() else "recording")


@given(st.text(st.characters(codec=None), max_size=3000))
def test_any_name_becomes_one_that_can_be_stored_and_shown(name: str):
    shown = clean_name(name)

    assert 0 < len(shown) <= 1000
    shown.encode()
    assert not any(ord(c) < 32 or c == "\x7f" for c in shown)


def test_a_name_with_line_ends_and_nul_loses_just_these():
    assert clean_name("a\r\nSet-Cookie: x=1\x00.wav") == "aSet-Cookie: x=1.wav"


def test_a_long_name_keeps_its_extension():
    assert clean_name("n" * 4096 + ".wav") == "n" * 996 + ".wav"


@given(st.dictionaries(st.from_regex(r"[a-z]{1,8}", fullmatch=True), st.text(st.characters(codec="utf-8"))))
def test_metadata_comes_back_as_it_was_sent(pairs: dict[str, str]):
    header = ",".join(f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in pairs.items())

    assert parse_metadata(header) == pairs


@given(st.text())
def test_any_metadata_header_is_read_or_refused(header: str):
    try:
        assert all(isinstance(v, str) for v in parse_metadata(header).values())
    except BadUpload as error:
        assert error.message


def test_only_preferences_with_a_value_are_read():
    assert preferences_of({**TALK, "min_length": "20", "language": " ", "title": "Pricing"}) == {
        "min_s": "20",
        "title": "Pricing",
    }


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


@pytest.mark.parametrize("header", ["", "sha1", "sha1 !", "sha1 AAAA", "md4 AAAA", "sha512 AAAA"])
def test_a_checksum_that_cannot_be_checked_is_refused(header: str):
    with pytest.raises(BadUpload):
        Checksum(header)


# -- captions


def test_captions_sent_before_the_last_byte_are_handed_to_the_project(uploads: Uploads, store: Store):
    pytest.importorskip("clipper_core.adapters.captions")
    srt = b"1\n00:00:00,000 --> 00:00:01,000\nHello\n"
    upload_id = uploads.create(3, TALK)

    uploads.put_captions(upload_id, srt)
    project = send(uploads, upload_id, 0, b"abc")

    assert store.captions == {project: srt}


def test_captions_after_the_last_byte_belong_to_the_desk(uploads: Uploads):
    upload_id = uploads.create(3, TALK)
    send(uploads, upload_id, 0, b"abc")

    with pytest.raises(WrongState):
        uploads.put_captions(upload_id, b"WEBVTT\n")
