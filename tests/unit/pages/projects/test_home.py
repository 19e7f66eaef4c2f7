"""The home page: every recording as a card, found by search."""

from __future__ import annotations

from tests.unit.pages.page_room import html, labels, recording


def test_an_empty_home_offers_upload_and_sample(opened):
    test = opened()

    assert "Your recordings will be here" in html(test)
    assert labels(test) == ["Upload a recording", "Try the sample"]


def test_search_shows_only_matching_recordings(app, opened):
    recording(app, "Pricing")
    recording(app, "Hiring")
    test = opened()

    test.text_input(key="q").set_value("hir").run()

    assert "Hiring" in html(test) and "Pricing" not in html(test)


def test_a_search_without_a_match_says_so(app, opened):
    recording(app, "Pricing")

    test = opened(q="nowhere")

    assert "No recording matches" in html(test)


def test_many_recordings_are_shown_twenty_at_a_time(app, opened):
    for number in range(45):
        recording(app, f"Number {number}", mapped=False)

    test = opened()

    assert html(test).count("Number ") == 20
