"""Builds the file store that the settings name: a folder of this computer, or a bucket."""

from __future__ import annotations

import re

from clipper_core.adapters.store.host_cache import HostCache
from clipper_core.adapters.store.local import LocalStorage
from clipper_core.adapters.store.storage import Storage
from clipper_core.errors import SetupProblem
from clipper_core.settings import MediaLinks, PathStyle, Settings
from clipper_core.wiring.engines import secret_value

STORAGE_URL = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(?P<prefix>[\w!.*'()/-]*))?", re.ASCII)


def storage_for(settings: Settings) -> Storage:
    """The file store. Raises SetupProblem where its address can't be used."""
    if not settings.storage_url:
        return LocalStorage(settings.data / "files")
    place = STORAGE_URL.fullmatch(settings.storage_url)
    if place is None:
        raise SetupProblem("CLIPPER_STORAGE_URL is not an address of a bucket. Write it like s3://bucket/prefix.")
    return _bucket(settings, place["bucket"], place["prefix"] or "")


def _bucket(settings: Settings, bucket: str, prefix: str) -> Storage:
    from clipper_core.adapters.store.s3 import S3Options, S3Storage  # a third of a second that few need

    options = S3Options(
        bucket=bucket,
        prefix=prefix,
        endpoint_url=settings.s3_endpoint_url,
        public_endpoint_url=settings.s3_public_endpoint_url,
        region=settings.s3_region,
        path_style=None if settings.s3_path_style is PathStyle.AUTO else settings.s3_path_style is PathStyle.PATH,
        key_id=secret_value(settings.aws_access_key_id),
        secret=secret_value(settings.aws_secret_access_key),
        token=secret_value(settings.aws_session_token),
        create_bucket=settings.s3_create_bucket,
        link_s=settings.link_minutes * 60 if settings.media_links is MediaLinks.PRESIGNED else None,
    )
    return S3Storage(options, HostCache(settings.data / "cache", int(settings.cache_gb * 1e9)))
