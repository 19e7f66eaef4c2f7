"""The parts in which a file is sent to S3, and the checksum that S3 gives it. Pure but for reading the file."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MIB = 1 << 20
PART = 16 * MIB  # S3 wants at least 5 MiB; larger ones mean fewer requests, smaller ones less to send again
MAX_PARTS = 1_000  # AWS takes 10,000, others (OpenStack Swift) no more than this


@dataclass(frozen=True, slots=True)
class FilePart:
    """The bytes of a file from ``start`` up to ``end``. Numbers begin at 1."""

    number: int
    start: int
    end: int

    @property
    def size(self) -> int:
        return self.end - self.start


def parts_of(size: int) -> tuple[FilePart, ...]:
    """The parts in which a file of so many bytes is sent. One part is sent whole, without a multipart upload."""
    step = max(PART, -(-size // (MAX_PARTS * MIB)) * MIB)
    starts = range(0, max(size, 1), step)
    return tuple(FilePart(n, start, min(start + step, size)) for n, start in enumerate(starts, start=1))


class PartReader(io.RawIOBase):
    """One part of an open file as a file of its own, that can be sent, and sent again, without being in memory.

    Reading does not move the file's own position, so several threads may share the handle.
    """

    def __init__(self, handle: int, part: FilePart) -> None:
        self._handle = handle
        self._part = part
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._part.size}[whence]
        self._at = max(0, origin + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)[: max(0, self._part.size - self._at)]
        read = os.preadv(self._handle, [view], self._part.start + self._at) if len(view) else 0
        self._at += read
        return read


def md5_of(handle: int, part: FilePart) -> bytes:
    """The MD5 of one part of an open file. It guards against damage, not against people."""
    return hashlib.file_digest(io.BufferedReader(PartReader(handle, part), MIB), _md5).digest()


def etag_of(sums: Sequence[bytes]) -> str:
    """The ETag of a file whose parts have these MD5 sums: the sum itself, or the sum of the sums and their number.

    That is so for AWS and those who do as AWS does, unless the store encrypts with keys of a key service.
    """
    if len(sums) == 1:
        return sums[0].hex()
    return f"{_md5(b''.join(sums)).hexdigest()}-{len(sums)}"


def etag_of_file(path: Path) -> str:
    """The ETag of this file once it has been sent in ``parts_of`` its size. Reads all of it."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return etag_of([md5_of(handle, part) for part in parts_of(os.fstat(handle).st_size)])
    finally:
        os.close(handle)


def _md5(data: bytes = b"") -> Any:
    return hashlib.md5(data, usedforsecurity=False)
