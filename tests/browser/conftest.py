"""A real Chromium, driven by Playwright."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import Redis, Stack, redis_binary, running_stack

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]


def chromium() -> str | None:
    return next((p for n in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(n))), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    if chromium() is None:
        pytest.skip("no Chromium is installed here")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium(), headless=True, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A whole Clipper: Redis, two workers, the web process."""
    if redis_binary() is None:
        pytest.skip("no Redis server can be had here without root")
    with tempfile.TemporaryDirectory(prefix="cr-") as folder:
        redis = Redis(Path(folder))
        redis.start()
        try:
            with running_stack(tmp_path_factory.mktemp("stack"), redis) as stack:
                stack.worker("fast,speech")
                stack.worker("fast,render,speech")
                stack.web()
                yield stack
        finally:
            redis.stop()
