"""The settings page."""

from __future__ import annotations

from tests.unit.pages.page_room import html


def test_settings_say_which_part_does_not_answer(app, opened):
    page = html(opened("settings"))

    assert "✓ answers" in page
    assert "✕ The queue (Redis) did not answer" in page
