"""Fixtures that all tests share."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from clipper_core.db.models import Project, Show  # noqa: E402
from clipper_core.db.session import Database  # noqa: E402
from clipper_core.domain.ids import DEFAULT_SHOW  # noqa: E402
from tests.budget import LENGTH, QUICK_EXAMPLES, left_out, mark_long, stop_in_time  # noqa: E402
from tests.chromium import browser  # noqa: E402, F401
from tests.servers import OURS, Redis  # noqa: E402
from tests.services import (  # noqa: E402
    ON_SERVICES,
    RedisCorner,
    Services,
    asks_for_them,
    fresh_database,
    fresh_redis,
    missing,
    services,
    stop_services,
)

MEDIA = Path(__file__).parent / "media"
SHARED = ROOT.parent / "shared"

# What is set where the tests are started is somebody's Clipper, which must not hear of them.
for name in [name for name in os.environ if name.startswith(OURS) and not name.startswith("CLIPPER_TEST_")]:
    del os.environ[name]

# How long one example takes says how busy the computer is, and nothing about us.
hypothesis.settings.register_profile("normal", deadline=None)
hypothesis.settings.register_profile("quick", deadline=None, max_examples=QUICK_EXAMPLES)
hypothesis.settings.load_profile("quick" if LENGTH == "quick" else "normal")


def pytest_configure() -> None:
    if ON_SERVICES and (lacking := missing()):
        names = ", ".join(lacking)
        pytest.exit(f"The tests on services need what is not installed here: {names} (apt-get install).", returncode=1)


@pytest.hookimpl(tryfirst=True)  # before -m looks at the markers
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    mark_long(items)
    # What takes minutes begins first, so that nobody waits for it at the end.
    items.sort(key=lambda item: item.get_closest_marker("first") is None)
    out = set(left_out(items))
    if ON_SERVICES:
        out |= {item for item in items if not asks_for_them(item)}
    if out:
        config.hook.pytest_deselected(items=[item for item in items if item in out])
        items[:] = [item for item in items if item not in out]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    stop_in_time()


def pytest_unconfigure() -> None:
    stop_services()


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of recordings and cases beside the project; a test that needs it is skipped where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("../shared is not here")
    return SHARED


@pytest.fixture(scope="session")
def media() -> Path:
    """Short real recordings that come with the tests."""
    return MEDIA


@pytest.fixture(scope="session")
def podcast() -> Path:
    """Two minutes of conversation: long enough to have several stretches to transcribe."""
    return MEDIA / "podcast.m4a"


@pytest.fixture(scope="session")
def sonnet() -> Path:
    """The sample that comes with Clipper."""
    return ROOT / "sample" / "sonnet.mp3"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A database of the test's own, with the default show and one recording in it, ``prj_1``."""
    with fresh_database(tmp_path) as made:
        with made.write() as session:
            session.add(Show(id=DEFAULT_SHOW, name="My recordings", defaults={}))
            session.flush()
            session.add(Project(id="prj_1", show_id=DEFAULT_SHOW, title="T", filename="t.wav", preferences={}))
        yield made


@pytest.fixture(name="services")
def the_services() -> Services:
    """PostgreSQL, Redis and S3, also where the other tests do without."""
    return services()


@pytest.fixture
def redis_server(request: pytest.FixtureRequest) -> Iterator[Redis | RedisCorner]:
    """A Redis of the test's own, or a corner of the session's; a test marked ``embedded`` always has its own."""
    embedded = not ON_SERVICES or request.node.get_closest_marker("embedded") is not None
    with fresh_redis(embedded=embedded) as server:
        yield server
