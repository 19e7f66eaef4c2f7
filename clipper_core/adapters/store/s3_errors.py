"""Maps the refusals of S3 servers: error code to our error, with the sentence that says what to do."""

from __future__ import annotations

import re
from collections.abc import Iterable

from clipper_core.errors import (
    BucketMissing,
    StorageFailed,
    StorageForbidden,
    StorageKeyRefused,
    StorageUnreachable,
)

NO_KEY = "No access key for the file store is set. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
NOT_A_KEY = (
    "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY or AWS_SESSION_TOKEN holds a character that no key has. Copy it again."
)
WRONG_SECRET = "The file store does not accept this secret key. Check AWS_SECRET_ACCESS_KEY and that it is complete."
EXPIRED = (
    "The session token for the file store has run out, or is not one. Set a fresh AWS_SESSION_TOKEN with the access "
    "key it belongs to, or none."
)
CLOCK = "The clock of this computer and that of the file store differ by too much. Set this computer's clock right."
BAD_REGION = "S3_REGION is not the name of a region. Write it like eu-central-1, or leave it empty."
REGION = "The bucket is in another region than was asked. Set S3_REGION to the bucket's region."
BAD_NAME = "The bucket name in CLIPPER_STORAGE_URL is not one that can exist. Correct it: s3://bucket/prefix."
NAME_TAKEN = "The bucket named in CLIPPER_STORAGE_URL belongs to somebody else. Choose another name."
DAMAGED = "A file was damaged on its way to the file store and was not kept. Press Retry."
FULL = "The file store is full, or its quota is used up. Make room there, then press Retry."
BUSY = "The file store is too busy to answer. Wait a moment, then press Retry."
BAD_ADDRESS = "S3_ENDPOINT_URL is not an address. Write it as https://host or http://host:port, or leave it empty."
NOT_TRUSTED = (
    "No trusted connection to the file store can be made. Check that S3_ENDPOINT_URL is right, from http or https to "
    "the port; a certificate that is not publicly signed has to be named in AWS_CA_BUNDLE."
)
CHANGED = "A stored file was replaced while it was being read. Press Retry."
NOT_S3 = "What answers at S3_ENDPOINT_URL does not speak S3. Check the address and its port."

Answer = tuple[type[StorageFailed], str | None]

MEANING: dict[str, Answer] = {
    "InvalidAccessKeyId": (StorageKeyRefused, None),
    "SignatureDoesNotMatch": (StorageKeyRefused, WRONG_SECRET),
    "ExpiredToken": (StorageKeyRefused, EXPIRED),
    "InvalidToken": (StorageKeyRefused, EXPIRED),
    "TokenRefreshRequired": (StorageKeyRefused, EXPIRED),
    "RequestTimeTooSkewed": (StorageFailed, CLOCK),
    "AccessDenied": (StorageForbidden, None),
    "AllAccessDisabled": (StorageForbidden, None),
    "AccountProblem": (StorageForbidden, None),
    "NoSuchBucket": (BucketMissing, None),
    "InvalidBucketName": (BucketMissing, BAD_NAME),
    "BucketAlreadyExists": (BucketMissing, NAME_TAKEN),
    "AuthorizationHeaderMalformed": (StorageFailed, REGION),
    "AuthorizationQueryParametersError": (StorageFailed, REGION),
    "PermanentRedirect": (StorageFailed, REGION),
    "IllegalLocationConstraintException": (StorageFailed, REGION),
    "BadDigest": (StorageFailed, DAMAGED),
    "XAmzContentSHA256Mismatch": (StorageFailed, DAMAGED),
    "PreconditionFailed": (StorageFailed, CHANGED),
    "QuotaExceeded": (StorageFailed, FULL),
    "XMinioStorageFull": (StorageFailed, FULL),
    "SlowDown": (StorageUnreachable, BUSY),
    "ServiceUnavailable": (StorageUnreachable, BUSY),
    "RequestTimeout": (StorageUnreachable, BUSY),
    "InternalError": (StorageUnreachable, BUSY),
}
# Answers to HEAD have no body, so the status is all there is.
BY_STATUS: dict[int, Answer] = {
    301: (StorageFailed, REGION),
    401: (StorageKeyRefused, None),
    403: (StorageForbidden, None),
    404: (BucketMissing, None),
    412: (StorageFailed, CHANGED),
    507: (StorageFailed, FULL),
}


def meaning(code: str, status: int, detail: str) -> StorageFailed:
    """The error of ours for what a server answered. Every refusal of an S3 server has a code: the status, for HEAD.

    Args:
        code: The answer's error code, such as ``NoSuchBucket``; empty if it has none.
        status: Its HTTP status.
        detail: The details for the log, without secrets.
    """
    if not code and status < 500:
        return StorageFailed(NOT_S3, detail=detail)
    kind, sentence = MEANING.get(code) or BY_STATUS.get(status) or _by_class(status)
    return kind(sentence, detail=detail)


def _by_class(status: int) -> Answer:
    return (StorageUnreachable, BUSY) if status >= 500 else (StorageFailed, None)


def without_secrets(text: str, secrets: Iterable[str | None]) -> str:
    """``text`` without keys, without passwords in addresses and without signatures, for a log."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "…")
    text = re.sub(r"(?<=://)[^/\s@]+@", "…@", text)
    return re.sub(r"(?i)((?:X-Amz-)?(?:Signature|Credential|Security-Token)=)[^&\s,\"']+", r"\1…", text)
