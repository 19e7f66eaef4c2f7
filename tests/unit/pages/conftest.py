"""Pages drawn by Streamlit's own test runner, on a real database."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from clipper_core.app import App, build_app
from tests.services import fresh_settings
from tests.unit.pages.page_room import ROOT, FakeQueue


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    with fresh_settings(tmp_path) as settings:
        made = build_app(settings)
        made.migrate()
        app = dataclasses.replace(made, queue=FakeQueue())
        monkeypatch.setattr("pages.components.frame.this_app", lambda: app)
        yield app
        made.database.close()


@pytest.fixture
def opened(app: App) -> Callable[..., AppTest]:
    def open_page(page: str = "", **query: str) -> AppTest:
        test = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=30)
        if page:
            test.switch_page(f"pages/{page}.py")
        for name, value in query.items():
            test.query_params[name] = value
        test.run()
        if page == "review":
            test.run()  # the map is drawn at the second look where no desk says that it is ready
        assert not test.exception
        return test

    return open_page
