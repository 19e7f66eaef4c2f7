"""Checksums of upload pieces, as the tus protocol writes them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import zlib
from collections.abc import Callable
from typing import Protocol

from clipper_core.errors import BadUpload


class Hash(Protocol):
    def update(self, data: bytes | bytearray, /) -> None: ...
    def digest(self) -> bytes: ...


class Crc32:
    def __init__(self) -> None:
        self._value = 0

    def update(self, data: bytes | bytearray, /) -> None:
        self._value = zlib.crc32(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(4, "big")


ALGORITHMS: dict[str, Callable[[], Hash]] = {
    "sha1": lambda: hashlib.sha1(usedforsecurity=False),
    "sha256": hashlib.sha256,
    "md5": lambda: hashlib.md5(usedforsecurity=False),
    "crc32": Crc32,
}


class Checksum:
    """The hash a piece must have. ``header`` is an algorithm and base64. Raises BadUpload."""

    def __init__(self, header: str) -> None:
        algorithm, _, text = header.strip().partition(" ")
        if algorithm not in ALGORITHMS:
            raise BadUpload(f"This checksum is not supported. Use one of {', '.join(ALGORITHMS)}.")
        try:
            self._wanted = base64.b64decode(text.strip(), validate=True)
        except (binascii.Error, ValueError) as error:
            raise BadUpload("The checksum is not readable: it is not base64.") from error
        self._hash = ALGORITHMS[algorithm]()
        if len(self._wanted) != len(self._hash.digest()):
            raise BadUpload(f"The checksum is not one of {algorithm}: it has another length.")

    def update(self, block: bytes | bytearray) -> None:
        self._hash.update(block)

    @property
    def fits(self) -> bool:
        return self._hash.digest() == self._wanted
