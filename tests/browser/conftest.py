"""A whole Clipper for the tests that drive a browser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.servers import Stack, running_stack
from tests.services import fresh_places, fresh_redis


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A whole Clipper: a queue, two workers, the web process."""
    with (
        fresh_redis() as redis,
        fresh_places() as places,
        running_stack(tmp_path_factory.mktemp("stack"), redis, **places) as stack,
    ):
        stack.worker("fast,speech")
        stack.worker("fast,render,speech")
        stack.web()
        yield stack


@pytest.fixture
def api() -> Any:
    """The HTTP API as the desk's tests see it, in memory."""
    return pytest.importorskip("tests.browser.desk_api", reason="Playwright is not installed").Api()


@pytest.fixture
def page(browser: Any, api: Any) -> Iterator[Any]:
    """The review desk alone, on ``api``."""
    from tests.browser.desk_api import open_desk

    with open_desk(browser, api) as page:
        yield page


@pytest.fixture(scope="module")
def rules(browser: Any) -> Iterator[Any]:
    """The desk's pure rules alone."""
    from tests.browser.rules_page import open_rules

    with open_rules(browser) as rules:
        yield rules
