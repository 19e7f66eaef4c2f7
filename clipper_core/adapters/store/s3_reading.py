"""Reads one file from S3, resuming after a broken connection, and never mixes two contents."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from clipper_core.adapters.store import s3_errors
from clipper_core.adapters.store.s3_sending import ErrorTranslator
from clipper_core.adapters.store.storage import BLOCK
from clipper_core.errors import StorageFailed, StorageUnreachable

GO_ON = 5  # how often it is taken up again without a single byte in between
PAUSE_S = 0.2


class BrokeOff(Exception):
    """An answer ended in its headers."""


@dataclass(frozen=True, slots=True)
class OpenAnswer:
    """An open answer: its body, its ETag, and up to which byte of the file it goes, as far as its headers came."""

    body: Any
    etag: str | None
    end: int | None


@dataclass(frozen=True, slots=True)
class ObjectReader:
    """Reads ``name`` in ``bucket``, which we call ``key``. ``breaks`` are what ``client`` raises in the middle."""

    client: Any
    translating: ErrorTranslator
    breaks: tuple[type[Exception], ...]
    bucket: str
    name: str
    key: str

    def blocks(self, start: int, end: int | None, etag: str | None = None) -> Iterator[bytes]:
        """A part of the file's bytes, in blocks, all of one content.

        Args:
            start: The first byte, from 0.
            end: The byte after the last; None for the end of the file.
            etag: The ETag of the content that is wanted; None for the content that is found first.

        Raises:
            StoredFileMissing: There is no such file.
            StorageUnreachable: The connection broke again and again.
            StorageFailed: The content was replaced meanwhile.
        """
        at, broken = start, 0
        breaks: tuple[type[Exception], ...] = (*self.breaks, BrokeOff)
        while end is None or at < end:
            got = self._opened(at, end, etag)
            if got is None:
                return
            try:
                while block := got.body.read(BLOCK):
                    # Only now: an answer may break off in the middle of the number that says how long it is.
                    at, end, etag, broken = at + len(block), got.end, got.etag, 0
                    yield block
                if got.end is None or at < got.end:
                    raise BrokeOff
                return
            except breaks as error:
                broken += 1
                if broken > GO_ON:
                    raise StorageUnreachable(detail=f"{self.key} at {at}: {type(error).__name__}") from error
                time.sleep(PAUSE_S * broken)
            finally:
                got.body.close()  # also when the reader has left: what is still on its way is not waited for

    def _opened(self, start: int, end: int | None, etag: str | None) -> OpenAnswer | None:
        """An open answer from ``start`` on; None if the file ends before that."""
        asked: dict[str, Any] = {"Bucket": self.bucket, "Key": self.name}
        if start or end is not None:
            asked["Range"] = f"bytes={start}-{'' if end is None else end - 1}"
        if etag is not None:
            asked["IfMatch"] = etag
        answer: Any = None
        for last in (False, False, True):
            try:
                with self.translating("read", self.key, expected=["InvalidRange"]):
                    answer = self.client.get_object(**asked)
                break
            except ValueError as error:  # the answer was cut in the middle of a number in its headers
                if last:
                    raise StorageUnreachable(detail=f"{self.key} at {start}: {type(error).__name__}") from error
        if answer is None:
            return None
        if "Range" in asked and answer["ResponseMetadata"]["HTTPStatusCode"] != 206:
            answer["Body"].close()
            raise StorageFailed(s3_errors.NOT_S3, detail=f"{self.key}: asked for {asked['Range']}, got all")
        length = answer.get("ContentLength")
        return OpenAnswer(answer["Body"], answer.get("ETag"), None if length is None else start + length)
