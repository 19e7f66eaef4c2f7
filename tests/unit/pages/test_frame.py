"""The frame of every page."""

from __future__ import annotations

from clipper_core.app import build_app
from tests.services import fresh_settings
from tests.unit.pages.page_room import html


def test_a_missing_database_is_shown_as_a_sentence(tmp_path, monkeypatch, opened):
    with fresh_settings(tmp_path / "bare", empty=True) as settings:
        bare = build_app(settings)
        monkeypatch.setattr("pages.components.frame.this_app", lambda: bare)

        page = html(opened())

        bare.database.close()
    assert "The database has no tables yet" in page
    assert "setup_problem" in page
