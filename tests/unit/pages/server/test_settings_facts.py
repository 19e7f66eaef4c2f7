"""The settings in words, without any secret."""

from __future__ import annotations

from clipper_core.app import build_app
from clipper_core.settings import Settings
from tests.unit.pages.page_room import html


def test_settings_show_no_secret(tmp_path, monkeypatch, opened):
    settings = Settings(
        data_dir=tmp_path / "other",
        database_url="postgresql://clip:hunter2@db.example:5433/clips",
        redis_url="redis://:hunter2@queue.example:6379/0",
        openai_api_key="sk-hunter2",
        openai_base_url="https://user:hunter2@speech.example/v1",
        storage_url="s3://clips/main",
        s3_endpoint_url="https://store.example:9000",
        aws_access_key_id="hunter2",
        aws_secret_access_key="hunter2",
        _env_file=None,
    )
    monkeypatch.setattr("pages.components.frame.this_app", lambda: build_app(settings))

    page = html(opened("settings"))

    assert "hunter2" not in page
    assert "PostgreSQL at db.example:5433" in page
    assert "Redis at queue.example:6379" in page
    assert "on, at speech.example" in page
    assert "s3://clips/main, at store.example:9000" in page
