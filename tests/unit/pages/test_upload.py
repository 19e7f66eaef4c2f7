"""The upload page."""

from __future__ import annotations


def test_a_show_can_be_added_at_upload(app, opened):
    test = opened("upload")

    test.text_input[0].set_value("The Monday Podcast")
    test.button[0].click().run()

    assert [s.name for s in app.shows.all()][-1] == "The Monday Podcast"
