"""A piece of an upload: the bytes it saves, and those it cuts off again."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from clipper_core.adapters.store.staging import Staging
from clipper_core.domain.checksum import Checksum
from clipper_core.errors import ChecksumMismatch, TooLarge
from clipper_core.services.uploads.piece import Piece, UploadState

ID = "upl_" + "0" * 20
STATE = UploadState(ID, "talk.mp4", "video/mp4", size=10, offset=2, project_id=None)


class Recorder:
    """Remembers the offsets it is told, and completes an upload whose bytes are all there."""

    checkpoint_bytes = 4

    def __init__(self) -> None:
        self.offsets: list[int] = []

    def save_offset(self, upload_id: str, offset: int) -> None:
        assert upload_id == ID
        self.offsets.append(offset)

    def complete(self, upload_id: str) -> UploadState:
        offset = self.offsets[-1] if self.offsets else STATE.offset
        return replace(STATE, offset=offset, project_id="prj_1" if offset == STATE.size else None)


@pytest.fixture
def staging(tmp_path: Path) -> Staging:
    staging = Staging(tmp_path)
    staging.path(ID).write_bytes(b"ab")
    return staging


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


def piece_of(staging: Staging, recorder: Recorder, checksum: Checksum | None = None) -> Piece:
    return Piece(staging.open(ID, wait_s=0), STATE, recorder, checksum)


def sha1(data: bytes) -> Checksum:
    return Checksum(f"sha1 {base64.b64encode(hashlib.sha1(data).digest()).decode()}")


def test_a_long_piece_is_saved_at_every_checkpoint(staging: Staging, recorder: Recorder) -> None:
    piece = piece_of(staging, recorder)

    for block in (b"cd", b"ef", b"g"):
        piece.write(block)

    assert (recorder.offsets, piece.room) == ([6], 3)
    assert piece.keep().offset == 7


def test_the_last_byte_completes_the_upload(staging: Staging, recorder: Recorder) -> None:
    piece = piece_of(staging, recorder)

    piece.write(b"cdefghij")

    assert piece.keep().project_id == "prj_1"
    assert staging.path(ID).read_bytes() == b"abcdefghij"


def test_a_checksummed_piece_is_saved_only_whole(staging: Staging, recorder: Recorder) -> None:
    piece = piece_of(staging, recorder, sha1(b"cdefgh"))
    piece.write(b"cdefgh")

    assert recorder.offsets == []
    assert piece.keep().offset == 8


def test_a_wrong_checksum_leaves_nothing_behind(staging: Staging, recorder: Recorder) -> None:
    piece = piece_of(staging, recorder, sha1(b"cdefgh"))
    piece.write(b"cdeXgh")

    with pytest.raises(ChecksumMismatch):
        piece.keep()

    assert recorder.offsets == []
    assert staging.path(ID).read_bytes() == b"ab"


def test_too_many_bytes_are_cut_to_the_checkpoint(staging: Staging, recorder: Recorder) -> None:
    piece = piece_of(staging, recorder)
    piece.write(b"cdef")
    piece.write(b"g")

    with pytest.raises(TooLarge):
        piece.write(b"hijkl")
    piece.break_off()

    assert recorder.offsets == [6]
    assert staging.path(ID).read_bytes() == b"abcdef"


def test_ending_a_piece_frees_its_lock(staging: Staging, recorder: Recorder) -> None:
    piece_of(staging, recorder).keep()
    piece = piece_of(staging, recorder)
    piece.break_off()
    piece.break_off()

    piece_of(staging, recorder).break_off()


def test_a_piece_notices_that_another_request_waits(staging: Staging, recorder: Recorder) -> None:
    piece = piece_of(staging, recorder)
    assert not piece.wanted

    (staging.folder / f"{ID}.knock").touch()

    assert piece.wanted
    piece.break_off()
