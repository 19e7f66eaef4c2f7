"""Stored files by asset id."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clipper_core.adapters.store.local import LocalStorage
from clipper_core.db.models import Asset
from clipper_core.db.session import Database
from clipper_core.errors import StoredFileMissing
from clipper_core.services.assets.files import Files, NewFile, write_json

CONTENT = bytes(range(200))


@pytest.fixture
def files(database: Database, tmp_path: Path) -> Files:
    storage = LocalStorage(tmp_path / "files")
    (tmp_path / "content").write_bytes(CONTENT)
    storage.put(tmp_path / "content", "here")
    storage.put(write_json(tmp_path / "json", {"word": "Grüße", "at": [1, 2.5, None]}), "document")
    with database.write() as session:
        for name in ("here", "document", "gone"):
            session.add(Asset(id=f"ast_{name}", project_id="prj_1", kind="x", key=name, mime="x/y", size=1))
    return Files(database, storage)


def test_a_stored_file_is_read_by_its_asset(files: Files) -> None:
    with files.path("ast_here") as path:
        assert path.read_bytes() == CONTENT
    assert files.json("ast_document") == {"word": "Grüße", "at": [1, 2.5, None]}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(st.integers(0, 260), st.integers(0, 260))
def test_a_part_ends_where_the_file_ends(files: Files, start: int, length: int) -> None:
    assert files.part("ast_here", start, start + length) == CONTENT[start : start + length]


@pytest.mark.parametrize("asset_id", ["ast_gone", "ast_unknown"])
def test_a_missing_file_is_reported(files: Files, asset_id: str) -> None:
    with pytest.raises(StoredFileMissing), files.path(asset_id):
        pass


def test_every_new_file_has_an_id_of_its_own() -> None:
    one, other = (NewFile("clip", "render", Path("clip"), "video/mp4") for _ in range(2))

    assert one.id != other.id
