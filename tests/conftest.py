"""What all tests share."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

MEDIA = Path(__file__).parent / "media"
SHARED = ROOT.parent / "shared"


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


@pytest.fixture(scope="session")
def redis_home() -> Iterator[Path]:
    """A short path: sockets must not be longer than about a hundred characters."""
    with tempfile.TemporaryDirectory(prefix="cr-") as folder:
        yield Path(folder)
