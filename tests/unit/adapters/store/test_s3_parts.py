"""How files are divided for S3, and what their checksums are."""

from __future__ import annotations

import hashlib
import io
import os
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.adapters.store.s3_parts import MAX_PARTS, MIB, PART, FilePart, PartReader, etag_of_file, parts_of

LEAST = 5 * MIB  # of every part but the last: S3's rule
MOST = 5 << 30  # of every part


@given(size=st.integers(0, 4 << 40))
def test_the_parts_of_a_file_cover_it_and_are_what_s3_takes(size: int) -> None:
    parts = parts_of(size)

    assert [p.number for p in parts] == list(range(1, len(parts) + 1))
    assert parts[0].start == 0
    assert parts[-1].end == size
    assert all(a.end == b.start for a, b in pairwise(parts))
    assert len(parts) <= MAX_PARTS
    assert all(LEAST <= p.size <= MOST for p in parts[:-1])
    assert 0 < parts[-1].size <= MOST or size == 0


@given(
    content=st.binary(max_size=300),
    start=st.integers(0, 300),
    length=st.integers(0, 300),
    reads=st.lists(st.tuples(st.integers(0, 320), st.integers(-1, 100)), max_size=8),
)
def test_a_stretch_is_a_file_of_its_own(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, start: int, length: int, reads: list[tuple[int, int]]
) -> None:
    path = tmp_path_factory.getbasetemp() / "whole"
    path.write_bytes(content)
    end = min(len(content), start + length)
    alike = io.BytesIO(content[start:end])
    handle = os.open(path, os.O_RDONLY)
    try:
        stretch = PartReader(handle, FilePart(1, min(start, end), end))
        for at, amount in reads:
            assert stretch.seek(at) == alike.seek(at)
            assert stretch.read(amount) == alike.read(amount)
            assert stretch.tell() == alike.tell()
        assert stretch.seek(0, os.SEEK_END) == alike.seek(0, os.SEEK_END)
    finally:
        os.close(handle)


def test_the_etag_of_a_file_in_one_part_is_its_md5(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"one part")
    (tmp_path / "empty").write_bytes(b"")

    assert etag_of_file(tmp_path / "a") == hashlib.md5(b"one part").hexdigest()
    assert etag_of_file(tmp_path / "empty") == "d41d8cd98f00b204e9800998ecf8427e"


def test_the_etag_of_a_file_in_parts_is_the_md5_of_their_md5s(tmp_path: Path) -> None:
    content = bytes(PART) + b"tail"
    (tmp_path / "a").write_bytes(content)
    sums = hashlib.md5(bytes(PART)).digest() + hashlib.md5(b"tail").digest()

    assert etag_of_file(tmp_path / "a") == f"{hashlib.md5(sums).hexdigest()}-2"


def test_parts_are_of_sixteen_mebibytes_up_to_what_a_thousand_hold() -> None:
    assert parts_of(PART * MAX_PARTS)[0].size == PART
    assert parts_of(PART * MAX_PARTS + 1)[0].size == PART + MIB
