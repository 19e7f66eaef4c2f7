"""The file store over S3: AWS, MinIO and whatever else speaks it. The same promises as on the local disk.

What is sent is sent in parts, each with its MD5, which the server checks; what the server then says it has is compared
with what was meant, and only after that the local file goes. What is read goes on where a connection broke off. Local
copies come from the host's cache.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
from botocore import exceptions as boto
from botocore.config import Config
from botocore.parsers import ResponseParserError

from clipper_core.adapters.store import s3_errors
from clipper_core.adapters.store.host_cache import HostCache
from clipper_core.adapters.store.s3_parts import etag_of_file, parts_of
from clipper_core.adapters.store.s3_reading import ObjectReader
from clipper_core.adapters.store.s3_sending import PARTS_AT_ONCE, ObjectFacts, ObjectSender
from clipper_core.adapters.store.staging import translated
from clipper_core.adapters.store.storage import StoredFile
from clipper_core.errors import (
    BucketMissing,
    StorageFailed,
    StorageKeyRefused,
    StorageUnreachable,
    StoredFileMissing,
)

CHECKS = ".checks/"  # where `check` tries out whether it may write
DELETES_AT_ONCE = 8
BREAKS = (boto.HTTPClientError, boto.ConnectionError, boto.IncompleteReadError, OSError)

S3Client = Any  # its types are made at run time


@dataclass(frozen=True, slots=True)
class S3Options:
    """The bucket's address and the keys to it. ``path_style`` None: in the path where ``endpoint_url`` is set.

    ``link_s``: how long a signed link works, in seconds; None for no links, so that everything goes through us.
    ``public_endpoint_url``: how browsers reach the store, where that is another address.
    """

    bucket: str
    prefix: str = ""
    endpoint_url: str | None = None
    public_endpoint_url: str | None = None
    region: str | None = None
    path_style: bool | None = None
    key_id: str | None = field(default=None, repr=False)
    secret: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    create_bucket: bool = False
    link_s: int | None = None
    prove_every_s: float = 300  # how often `check` writes, rather than only asks
    attempts: int = 5
    connect_s: float = 10
    read_s: float = 60
    look_s: float = 6  # how long `check` waits for an answer

    @property
    def base(self) -> str:
        """The beginning of all our keys: empty, or a prefix and one slash."""
        inside = self.prefix.strip("/")
        return f"{inside}/" if inside else ""


class S3Storage:
    """Files in a bucket, each under the options' prefix and its key."""

    name = "s3"

    def __init__(self, options: S3Options, cache: HostCache) -> None:
        self.options = options
        self._cache = cache
        self._clients: dict[tuple[int, str], S3Client] = {}
        self._proved_at: float | None = None

    # -- the promises

    def put(self, path: Path, key: str) -> int:
        name = self._name(key)
        with translated():
            size = path.stat().st_size
        if not self._holds(name, path, size):
            self._send(path, name, size)
        with translated():
            path.unlink(missing_ok=True)
        return size

    @contextmanager
    def local(self, key: str) -> Iterator[Path]:
        name = self._name(key)
        about = self._about(name, key)
        called = "\n".join((self.options.endpoint_url or "", self.options.bucket, name, about.etag))

        def fetch(start: int) -> Iterator[bytes]:
            return self._reading(name, key).blocks(start, None, about.etag)

        def intact(path: Path) -> bool:
            return not about.comparable(len(parts_of(about.size))) or etag_of_file(path) == about.tag

        with self._cache.file(called, about.size, fetch, intact) as path:
            yield path

    def read(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """See ``Storage.read``."""
        name = self._name(key)
        if end is not None and start >= end:
            self._about(name, key)
            return
        yield from self._reading(name, key).blocks(start, end)

    def size(self, key: str) -> int:
        return self._about(self._name(key), key).size

    def delete(self, key: str) -> None:
        self._delete([self._name(key)])

    def delete_folder(self, prefix: str) -> None:
        self._delete(str(item["Key"]) for item in self._listed(self._name(prefix) + "/"))

    def check(self) -> None:
        with self._translating("check"):
            try:
                answer = self._client("quick").head_bucket(Bucket=self.options.bucket)
            except boto.ClientError:
                self._client("quick").list_objects_v2(Bucket=self.options.bucket, Prefix=self._base, MaxKeys=1)
            else:
                self._compare_region(answer.get("BucketRegion"))
        if self._proved_at is None or time.monotonic() - self._proved_at >= self.options.prove_every_s:
            self._prove()
            self._proved_at = time.monotonic()

    def prepare(self) -> None:
        try:
            self.check()
        except BucketMissing:
            if not self.options.create_bucket:
                raise
            self._create_bucket()
            self.check()

    def files(self, prefix: str = "") -> Iterator[StoredFile]:
        for item in self._listed(self._base + prefix):
            key = str(item["Key"]).removeprefix(self._base)
            if not key.startswith(CHECKS):
                yield StoredFile(key, int(item["Size"]), item["LastModified"].astimezone(UTC))

    def on_disk(self, key: str) -> Path | None:
        return None

    def link(self, key: str, *, mime: str, disposition: str) -> str | None:
        """See ``Storage.link``."""
        if self.options.link_s is None:
            return None
        asked = {
            "Bucket": self.options.bucket,
            "Key": self._name(key),
            "ResponseContentType": mime,
            "ResponseContentDisposition": disposition,
        }
        with self._translating("link"):
            public = self._client("public")
            return str(public.generate_presigned_url("get_object", Params=asked, ExpiresIn=self.options.link_s))

    def sweep(self, older_than_s: float) -> int:
        """Remove interrupted multipart uploads, files that checks left, and unfinished copies on this computer.

        MinIO lists no multipart uploads by prefix, and removes those broken off itself, after a day.
        """
        late = datetime.now(UTC) - timedelta(seconds=older_than_s)
        broken = [(str(u["Key"]), str(u["UploadId"])) for u in self._uploads() if u["Initiated"] < late]
        for name, upload in broken:
            with self._translating("abort", expected=["NoSuchUpload"]):
                self._client().abort_multipart_upload(Bucket=self.options.bucket, Key=name, UploadId=upload)
        left = [str(i["Key"]) for i in self._listed(self._base + CHECKS) if i["LastModified"] < late]
        self._delete(left)
        return len(broken) + len(left) + self._cache.sweep(older_than_s)

    # -- sending

    def _holds(self, name: str, path: Path, size: int) -> bool:
        """True if the store has the same content already, as after an attempt that was interrupted late."""
        try:
            about = self._about(name, name, look_closer=False)
        except StoredFileMissing:
            return False
        if about.size != size or not about.comparable(len(parts_of(size))):
            return False
        with translated():
            return etag_of_file(path) == about.tag

    def _send(self, path: Path, name: str, size: int) -> None:
        with translated():
            handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            bucket = self.options.bucket
            sender = ObjectSender(self._client(), self._translating, lambda: self._about(name, name), bucket, name)
            sender.send(handle, size)
        finally:
            os.close(handle)

    def _reading(self, name: str, key: str) -> ObjectReader:
        return ObjectReader(self._client(), self._translating, BREAKS, self.options.bucket, name, key)

    # -- asking

    def _about(self, name: str, key: str, *, look_closer: bool = True) -> ObjectFacts:
        """The store's facts about a file. Raises StoredFileMissing, or BucketMissing if that is why."""
        with self._translating("look", key):
            try:
                answer = self._client().head_object(Bucket=self.options.bucket, Key=name)
            except boto.ClientError as error:
                # An answer to HEAD has no body, so the reason has to be asked for in another way.
                if _status(error) < 500 and (look_closer or _status(error) != 404):
                    self._client().list_objects_v2(Bucket=self.options.bucket, Prefix=name, MaxKeys=1)
                raise
            if "ContentLength" not in answer or "ETag" not in answer:
                raise StorageUnreachable(detail=f"{key}: the answer broke off in its headers")
        who = answer.get("ServerSideEncryption") or ""
        return ObjectFacts(answer["ContentLength"], answer["ETag"], "" if who == "AES256" else who)

    def _listed(self, prefix: str) -> Iterator[Any]:
        pages = self._client().get_paginator("list_objects_v2")
        with self._translating("list"):
            for page in pages.paginate(Bucket=self.options.bucket, Prefix=prefix):
                yield from page.get("Contents", ())

    def _uploads(self) -> Iterator[Any]:
        pages = self._client().get_paginator("list_multipart_uploads")
        with self._translating("list"):
            # What others send into the same bucket is not ours to end.
            for page in pages.paginate(Bucket=self.options.bucket, Prefix=f"{self._base}projects/"):
                yield from page.get("Uploads", ())

    def _delete(self, names: Iterable[str]) -> None:
        """One request each: not every server does many at once, nor by the same checksum."""

        def delete(name: str) -> None:
            with self._translating("delete"):
                self._client().delete_object(Bucket=self.options.bucket, Key=name)

        with ThreadPoolExecutor(DELETES_AT_ONCE, thread_name_prefix="s3") as pool:
            for _ in pool.map(delete, names):
                pass

    def _prove(self) -> None:
        """Write, read and delete a small file. Raises as ``check`` does."""
        quick, name = self._client("quick"), f"{self._base}{CHECKS}{uuid.uuid4().hex}"
        with self._translating("check"):
            quick.put_object(Bucket=self.options.bucket, Key=name, Body=b"ok")
            read = quick.get_object(Bucket=self.options.bucket, Key=name)["Body"].read()
            quick.delete_object(Bucket=self.options.bucket, Key=name)
        if read != b"ok":
            raise StorageFailed(s3_errors.NOT_S3, detail="a small file came back changed")

    def _compare_region(self, bucket_is_in: str | None) -> None:
        """Calls are led to the right region, signed links are not. Raises StorageFailed."""
        asked = self._client("quick").meta.region_name
        if self.options.endpoint_url is None and bucket_is_in not in (None, "", asked):
            raise StorageFailed(f"The bucket is in {bucket_is_in}, not in {asked}. Set S3_REGION={bucket_is_in}.")

    def _create_bucket(self) -> None:
        client = self._client()
        asked: dict[str, Any] = {"Bucket": self.options.bucket}
        if client.meta.region_name != "us-east-1":  # which is meant where none is named, and must not be
            asked["CreateBucketConfiguration"] = {"LocationConstraint": client.meta.region_name}
        with self._translating("create", expected=["BucketAlreadyOwnedByYou"]):  # another process was quicker
            client.create_bucket(**asked)

    # -- talking

    @property
    def _base(self) -> str:
        return self.options.base

    def _name(self, key: str) -> str:
        """The key in the bucket. Raises StoredFileMissing for one that would lead somewhere else on a disk."""
        if any(part in ("", ".", "..") for part in key.split("/")):
            raise StoredFileMissing(detail=key)
        return self._base + key

    def _client(self, kind: str = "main") -> S3Client:
        """The client of this process: connections must not be shared with a fork."""
        mine = (os.getpid(), kind)
        if mine not in self._clients:
            with self._translating("connect"):
                try:
                    self._clients[mine] = _new_client(self.options, kind)
                except ValueError as error:
                    if isinstance(error, boto.BotoCoreError):
                        raise
                    raise StorageFailed(s3_errors.BAD_ADDRESS, detail=self._said(error)) from error
        return self._clients[mine]

    @contextmanager
    def _translating(self, doing: str, key: str = "", *, expected: Sequence[str] = ()) -> Iterator[None]:
        """Translate boto3's errors to ours, except ``expected`` codes; secrets stay out of them."""
        try:
            yield
        except boto.ClientError as error:
            code, status = _code(error), _status(error)
            if code in expected:
                return
            if key and code in ("NoSuchKey", "404"):
                raise StoredFileMissing(detail=key) from error
            raise s3_errors.meaning(code, status, f"{doing}: {self._said(error)}") from error
        except (boto.BotoCoreError, ResponseParserError) as error:
            raise _unsaid(error, f"{doing}: {self._said(error)}") from error

    def _said(self, error: BaseException) -> str:
        secrets = (self.options.secret, self.options.token, self.options.key_id)
        return s3_errors.without_secrets(str(error), secrets)


def _new_client(options: S3Options, kind: str) -> S3Client:
    """``quick`` gives up soon, for a look whether all is well; ``public`` only signs, for another address."""
    session = boto3.session.Session(_checked(options.key_id), _checked(options.secret), _checked(options.token))
    quick = kind == "quick"
    styles: dict[bool | None, Any] = {None: "auto", True: "path", False: "virtual"}
    config = Config(
        signature_version="s3v4",
        s3={"addressing_style": styles[options.path_style]},
        retries={"mode": "standard", "total_max_attempts": 1 if quick else options.attempts},
        connect_timeout=min(2, options.connect_s) if quick else options.connect_s,
        read_timeout=options.look_s if quick else options.read_s,
        max_pool_connections=max(PARTS_AT_ONCE, DELETES_AT_ONCE) * 2,
        tcp_keepalive=True,
        # Servers that are not AWS know Content-MD5, but not yet all of what AWS would now like by default.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    endpoint = options.public_endpoint_url if kind == "public" else None
    return session.client(
        "s3",
        endpoint_url=endpoint or options.endpoint_url,
        region_name=options.region or session.region_name or "us-east-1",
        config=config,
    )


def _checked(key: str | None) -> str | None:
    """A key without what was copied along with it. Raises StorageKeyRefused if it can't be one."""
    key = key.strip() if key else None
    if key and not key.isprintable():
        raise StorageKeyRefused(s3_errors.NOT_A_KEY)
    return key


def _code(error: boto.ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _status(error: boto.ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _unsaid(error: Exception, detail: str) -> StorageFailed:
    """Our error for a failure before the server answered."""
    match error:
        case boto.NoCredentialsError() | boto.PartialCredentialsError() | boto.CredentialRetrievalError():
            return StorageKeyRefused(s3_errors.NO_KEY, detail=detail)
        case boto.ProfileNotFound() | boto.UnauthorizedSSOTokenError():
            return StorageKeyRefused(detail=detail)
        case boto.SSLError():
            return StorageUnreachable(s3_errors.NOT_TRUSTED, detail=detail)
        case boto.HTTPClientError() | boto.ConnectionError() | boto.IncompleteReadError():
            return StorageUnreachable(detail=detail)
        case ResponseParserError():
            return StorageFailed(s3_errors.NOT_S3, detail=detail)
        case boto.ParamValidationError():
            return BucketMissing(s3_errors.BAD_NAME, detail=detail)
        case boto.InvalidRegionError():
            return StorageFailed(s3_errors.BAD_REGION, detail=detail)
        case boto.EndpointResolutionError():
            return StorageFailed(s3_errors.BAD_ADDRESS, detail=detail)
    return StorageFailed(detail=detail)
