"""Refusals of S3 servers as our errors."""

from __future__ import annotations

from clipper_core.adapters.store.s3_errors import meaning, without_secrets
from clipper_core.errors import StorageForbidden, StorageKeyRefused, StorageUnreachable


def test_an_unknown_refusal_is_understood_by_its_status() -> None:
    assert type(meaning("XNew", 403, "")) is StorageForbidden
    assert type(meaning("XNew", 401, "")) is StorageKeyRefused
    assert type(meaning("XNew", 599, "")) is StorageUnreachable
    assert "does not speak S3" in meaning("", 404, "").message


def test_keys_passwords_and_signatures_stay_out_of_logs() -> None:
    said = (
        "GET http://me:pass@host/b/k?X-Amz-Credential=AKIA%2F1&X-Amz-Signature=deadbeef&x=1 failed: "
        "Credential=AKIA/2026, Signature=cafe; key SECRET/KEY+1"
    )

    shown = without_secrets(said, ["SECRET/KEY+1", None, ""])

    assert shown == (
        "GET http://…@host/b/k?X-Amz-Credential=…&X-Amz-Signature=…&x=1 failed: Credential=…, Signature=… key …"
    )
