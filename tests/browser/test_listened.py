"""The ranges that the desk reports as played."""

from __future__ import annotations

import pytest

from tests.browser.desk_api import Api, Page

pytestmark = pytest.mark.browser


def play(page: Page, start: float, end: float) -> None:
    page.evaluate("(at) => { video.currentTime = at }", start)
    page.wait_for_function("!video.seeking")
    page.evaluate("video.play()")
    page.wait_for_function("(at) => video.currentTime >= at", arg=end)
    page.evaluate("video.pause()")
    page.wait_for_function("video.paused")


def heard(page: Page, api: Api, count: int) -> list[dict[str, float]]:
    for _ in range(1000):
        if len(api.heard) >= count:
            return api.heard
        page.wait_for_timeout(20)
    raise AssertionError(f"only {api.heard} was told")


def test_only_really_played_ranges_are_reported(page: Page, api: Api):
    play(page, 2.0, 2.6)
    play(page, 20.0, 20.5)

    first, second = heard(page, api, 2)
    assert first["start_s"] == pytest.approx(2.0, abs=0.1) and 2.5 < first["end_s"] < 3.2
    assert second["start_s"] == pytest.approx(20.0, abs=0.1) and 20.4 < second["end_s"] < 21.1


def test_what_was_told_is_not_told_again(page: Page, api: Api):
    play(page, 2.0, 3.0)
    heard(page, api, 1)

    play(page, 2.2, 2.6)
    play(page, 12.0, 12.4)

    assert [round(r["start_s"]) for r in heard(page, api, 2)] == [2, 12]


def test_refused_played_ranges_are_sent_later(page: Page, api: Api):
    api.down = True
    play(page, 2.0, 2.5)
    api.down = False

    play(page, 12.0, 12.4)

    assert sorted(round(r["start_s"]) for r in heard(page, api, 2)) == [2, 12]


def test_played_ranges_are_sent_on_leaving(page: Page, api: Api):
    page.evaluate("video.currentTime = 2; video.play()")
    page.wait_for_function("video.currentTime >= 2.5")

    page.evaluate("window.dispatchEvent(new Event('pagehide'))")

    assert heard(page, api, 1)[0]["end_s"] >= 2.4
