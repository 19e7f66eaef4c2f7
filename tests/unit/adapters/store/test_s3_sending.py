"""A file sent to S3, compared with what the server then has."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from clipper_core.adapters.store.s3_sending import ObjectFacts, ObjectSender
from clipper_core.errors import StorageFailed


@pytest.mark.parametrize(
    ("etag", "encryption", "parts", "comparable"),
    [
        ('"0123456789abcdef0123456789abcdef"', "", 1, True),
        ('"0123456789abcdef0123456789abcdef-3"', "", 3, True),
        ('"0123456789abcdef0123456789abcdef-13"', "", 3, False),
        ('"0123456789abcdef0123456789abcdef"', "", 2, False),
        ('"0123456789abcdef0123456789abcdef"', "aws:kms", 1, False),
        ('"kU2nJ0rqS8i6_x1v"', "", 1, False),
    ],
)
def test_only_an_etag_made_of_md5s_is_compared(etag: str, encryption: str, parts: int, comparable: bool) -> None:
    assert ObjectFacts(1, etag, encryption).comparable(parts) is comparable


class Server:
    """Keeps one object; ``damage`` is what it does to the bytes it gets."""

    def __init__(self, damage: bytes = b"") -> None:
        self.stored: bytes | None = None
        self.damage = damage

    def put_object(self, *, Body: Any, **_: Any) -> None:
        self.stored = Body.read() + self.damage

    def delete_object(self, **_: Any) -> None:
        self.stored = None

    def facts(self) -> ObjectFacts:
        assert self.stored is not None
        return ObjectFacts(len(self.stored), f'"{hashlib.md5(self.stored).hexdigest()}"')


@contextmanager
def untranslated(doing: str, key: str = "", *, fine: Sequence[str] = ()) -> Iterator[None]:
    yield


@pytest.mark.parametrize("damage", [b"", b"!"])
def test_a_file_stored_otherwise_than_sent_is_removed_and_refused(damage: bytes, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"all of it")
    server = Server(damage)
    handle = os.open(tmp_path / "file", os.O_RDONLY)

    sender = ObjectSender(server, untranslated, server.facts, "bucket", "name")
    try:
        if damage:
            with pytest.raises(StorageFailed):
                sender.send(handle, 9)
        else:
            sender.send(handle, 9)
    finally:
        os.close(handle)

    assert server.stored == (None if damage else b"all of it")
