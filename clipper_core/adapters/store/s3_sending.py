"""One file on its way to S3: in one request or in parts, and compared with what the server then has."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from typing import Any, Protocol

from clipper_core.adapters.store import s3_errors
from clipper_core.adapters.store.s3_parts import FilePart, PartReader, etag_of, md5_of, parts_of
from clipper_core.adapters.store.staging import translated
from clipper_core.errors import ClipperError, StorageFailed

PARTS_AT_ONCE = 4
MD5 = re.compile(r"[0-9a-f]{32}")
MD5S = re.compile(r"[0-9a-f]{32}-\d+")


@dataclass(frozen=True, slots=True)
class ObjectFacts:
    """A stored file as the server describes it: its bytes, its ETag, and the key service that encrypts it, if any."""

    size: int
    etag: str
    encryption: str = ""

    @property
    def tag(self) -> str:
        return self.etag.strip('"')

    def comparable(self, parts: int) -> bool:
        """True if the ETag is made of MD5s, as ours is for so many parts; a key service changes that."""
        if self.encryption:
            return False
        if parts == 1:
            return MD5.fullmatch(self.tag) is not None
        return MD5S.fullmatch(self.tag) is not None and self.tag.endswith(f"-{parts}")


class ErrorTranslator(Protocol):
    """Turns what the client raises into errors of ours, but for answers that are ``expected``."""

    def __call__(self, doing: str, key: str = "", *, expected: Sequence[str] = ()) -> AbstractContextManager[None]: ...


@dataclass(frozen=True, slots=True)
class ObjectSender:
    """Sends to ``name`` in ``bucket`` by ``client``; ``about`` asks the server what it has there."""

    client: Any
    translating: ErrorTranslator
    about: Callable[[], ObjectFacts]
    bucket: str
    name: str

    def send(self, handle: int, size: int) -> None:
        """The open file, whole or not at all. Raises StorageFailed or a kind of it, and leaves nothing then."""
        parts = parts_of(size)
        sums = self._whole(handle, parts[0]) if len(parts) == 1 else self._by_parts(handle, parts)
        wrong = self._difference(size, sums)
        if wrong is not None:
            with suppress(ClipperError), self.translating("delete"):
                self.client.delete_object(Bucket=self.bucket, Key=self.name)
            raise StorageFailed(s3_errors.DAMAGED, detail=f"{self.name}: {wrong}")

    def _difference(self, size: int, sums: Sequence[bytes]) -> str | None:
        """The difference between the stored file and the one sent; None if there is none that can be told."""
        about = self.about()
        if about.size != size:
            return f"{about.size} bytes are stored, {size} were sent"
        if sums and about.comparable(len(sums)) and about.tag != etag_of(sums):
            return f"stored with ETag {about.tag}, sent with {etag_of(sums)}"
        return None

    def _whole(self, handle: int, part: FilePart) -> list[bytes]:
        """A small file in one request; its MD5, as a list of one."""
        with self.translating("put"), translated():
            body, digest = self._body(handle, part)
            self.client.put_object(Bucket=self.bucket, Key=self.name, **body)
        return [digest]

    def _by_parts(self, handle: int, parts: Sequence[FilePart]) -> list[bytes]:
        """A large file; the MD5s of its parts, or none if this server makes ETags of something else."""
        with self.translating("begin"):
            upload = self.client.create_multipart_upload(Bucket=self.bucket, Key=self.name)["UploadId"]
        try:
            sent = self._send_parts(upload, handle, parts)
            plain = all(tag.strip('"') == digest.hex() for digest, tag in sent)
            sums = [digest for digest, _ in sent] if plain else []
            self._complete(upload, [tag for _, tag in sent], sums, parts[-1].end)
        except BaseException:
            with suppress(ClipperError):  # then a sweep will
                self._abort(upload)
            raise
        return sums

    def _send_parts(self, upload: str, handle: int, parts: Sequence[FilePart]) -> list[tuple[bytes, str]]:
        """MD5 and ETag of each part, in order. After one has failed no other is begun."""

        def send(part: FilePart) -> tuple[bytes, str]:
            with self.translating("part"), translated():
                body, digest = self._body(handle, part)
                answer = self.client.upload_part(
                    Bucket=self.bucket, Key=self.name, UploadId=upload, PartNumber=part.number, **body
                )
            return digest, str(answer.get("ETag", ""))

        pool = ThreadPoolExecutor(PARTS_AT_ONCE, thread_name_prefix="s3")
        try:
            return list(pool.map(send, parts))
        finally:
            pool.shutdown(cancel_futures=True)

    def _complete(self, upload: str, tags: Sequence[str], sums: Sequence[bytes], size: int) -> None:
        """Make the parts one file. That the answer got lost is no failure if the file is there, as the sums say.

        The client asks again by itself, also after a 200 with an error in it; if the first time did it after all, the
        second answer is that there is no such upload.
        """
        listed = [{"PartNumber": number, "ETag": tag} for number, tag in enumerate(tags, start=1)]
        try:
            with self.translating("complete"):
                self.client.complete_multipart_upload(
                    Bucket=self.bucket, Key=self.name, UploadId=upload, MultipartUpload={"Parts": listed}
                )
        except ClipperError:
            if not self._is_there(size, sums):
                raise

    def _is_there(self, size: int, sums: Sequence[bytes]) -> bool:
        try:
            about = self.about()
        except ClipperError:
            return False
        return bool(sums) and about.size == size and about.tag == etag_of(sums)

    def _abort(self, upload: str) -> None:
        with self.translating("abort", expected=["NoSuchUpload"]):
            self.client.abort_multipart_upload(Bucket=self.bucket, Key=self.name, UploadId=upload)

    @staticmethod
    def _body(handle: int, part: FilePart) -> tuple[dict[str, Any], bytes]:
        """The fields of a request with this part, its MD5 among them for the server to check; and the MD5."""
        digest = md5_of(handle, part)
        facts = {"ContentLength": part.size, "ContentMD5": base64.b64encode(digest).decode()}
        return {"Body": PartReader(handle, part), **facts}, digest
