"""The frame of every page."""

from __future__ import annotations

import pytest

from clipper_core.app import build_app
from clipper_core.errors import ClipperError, Stale
from pages.components import frame
from pages.components.frame import failure_html
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


def test_code_and_detail_are_inside_the_details() -> None:
    html = failure_html("It broke.", "odd_code", "line one\nline <two>")

    assert "✕ It broke.</span><details>" in html
    assert "<pre>odd_code\nline one\nline &lt;two&gt;</pre>" in html


def test_a_failure_without_code_has_no_details() -> None:
    assert "<details>" not in failure_html("No worker is running.", None, None)


def test_an_error_of_a_part_becomes_its_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[ClipperError] = []
    monkeypatch.setattr(frame, "show_error", shown.append)
    error = Stale()

    def fail() -> int:
        raise error

    assert frame.errors_in_words(fail)() is None
    assert shown == [error]


def test_an_unexpected_error_names_its_kind_only(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[ClipperError] = []
    monkeypatch.setattr(frame, "show_error", shown.append)

    frame.errors_in_words(lambda: {}["secret"])()

    assert shown[0].detail == "KeyError"
