"""Checksums of pieces, as tus clients send them."""

from __future__ import annotations

import base64
import hashlib
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.domain.checksum import ALGORITHMS, Checksum
from clipper_core.errors import BadUpload


def digest_of(algorithm: str, data: bytes) -> bytes:
    return zlib.crc32(data).to_bytes(4, "big") if algorithm == "crc32" else hashlib.new(algorithm, data).digest()


@given(st.sampled_from(sorted(ALGORITHMS)), st.lists(st.binary(max_size=50), max_size=5))
def test_data_in_blocks_fits_its_own_checksum(algorithm: str, blocks: list[bytes]) -> None:
    checksum = Checksum(f"{algorithm} {base64.b64encode(digest_of(algorithm, b''.join(blocks))).decode()}")

    for block in blocks:
        checksum.update(block)

    assert checksum.fits


@given(st.sampled_from(sorted(ALGORITHMS)), st.binary(min_size=1, max_size=50))
def test_a_flipped_bit_does_not_fit(algorithm: str, data: bytes) -> None:
    checksum = Checksum(f"{algorithm} {base64.b64encode(digest_of(algorithm, data)).decode()}")

    checksum.update(bytes([data[0] ^ 1]) + data[1:])

    assert not checksum.fits


def test_a_digest_of_wrong_length_is_refused() -> None:
    with pytest.raises(BadUpload, match="another length"):
        Checksum(f"sha256 {base64.b64encode(digest_of('sha1', b'abc')).decode()}")


@pytest.mark.parametrize("header", ["", "sha1", "sha1 !", "sha1 AAAA", "md4 AAAA", "sha512 AAAA"])
def test_a_checksum_that_cannot_be_checked_is_refused(header: str):
    with pytest.raises(BadUpload):
        Checksum(header)
