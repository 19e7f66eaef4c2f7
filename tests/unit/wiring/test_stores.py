"""The file store that settings name."""

from __future__ import annotations

from pathlib import Path

import pytest

from clipper_core.adapters.store.local import LocalStorage
from clipper_core.errors import SetupProblem
from clipper_core.settings import Settings
from clipper_core.wiring.stores import storage_for


def test_without_an_address_files_stay_in_the_folder(tmp_path: Path) -> None:
    storage = storage_for(Settings(_env_file=None, data_dir=tmp_path))
    storage.prepare()

    assert isinstance(storage, LocalStorage)
    assert (tmp_path / "files").is_dir()


@pytest.mark.parametrize("url", ["s3://Bucket", "s3://b", "https://bucket.example", "s3://bucket/what?", "bucket"])
def test_an_address_of_no_bucket_is_refused(url: str) -> None:
    with pytest.raises(SetupProblem, match="s3://bucket/prefix"):
        storage_for(Settings(_env_file=None, storage_url=url))


@pytest.mark.parametrize("url", ["s3://bucket", "s3://my-bucket.eu/some/prefix"])
def test_a_bucket_is_not_asked_before_it_is_used(url: str, tmp_path: Path) -> None:
    storage = storage_for(
        Settings(_env_file=None, data_dir=tmp_path, storage_url=url, s3_endpoint_url="http://x.invalid")
    )

    assert not isinstance(storage, LocalStorage)
