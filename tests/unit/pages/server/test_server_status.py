"""The banner that says what is down."""

from __future__ import annotations

import pytest

from tests.unit.pages.page_room import html


@pytest.mark.parametrize(
    ("broken", "said"), [(True, "The queue (Redis) did not answer"), (False, "No worker is running")]
)
def test_the_banner_appears_only_when_something_is_down(app, opened, broken, said):
    assert 'class="box"' not in html(opened("jobs"))

    app.queue.broken = broken
    app.queue.hands = []

    page = html(opened("jobs"))
    assert 'class="box"' in page and said in page
