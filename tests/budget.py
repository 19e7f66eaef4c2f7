"""How much one run of the tests may do: ``make test-quick``, ``make test`` and ``make test-long``.

A test whose examples are counted by ``budget`` runs in all of them, with few, some or all of its examples. The marker
``long`` is on every such test, so that ``-m long`` finds what ``make test-long`` adds to ``make test``.
"""

from __future__ import annotations

import os
import time
from typing import Any

import hypothesis
import pytest

LENGTH = os.environ.get("CLIPPER_TEST_LENGTH", "normal")  # quick, normal or long
MINUTES = float(os.environ.get("CLIPPER_TEST_MINUTES", "0"))  # no test begins later; 0 for no limit
QUICK_EXAMPLES = 20

_began = time.monotonic()


class Budget(int):
    """A number of examples that depends on the length of the run."""


def budget(*, normal: int, long: int) -> Budget:
    """How many examples a test may take in this run: ``normal``, ``long``, or a few in a quick run."""
    sizes = {"quick": min(normal, QUICK_EXAMPLES), "normal": normal, "long": long}
    return Budget(sizes[LENGTH])


def mark_long(items: list[pytest.Item]) -> None:
    """Put the marker ``long`` on tests whose examples hypothesis counts by a budget."""
    for item in items:
        settings: Any = getattr(getattr(item, "obj", None), "_hypothesis_internal_use_settings", None)
        if isinstance(settings, hypothesis.settings) and isinstance(settings.max_examples, Budget):
            item.add_marker("long")


def left_out(items: list[pytest.Item]) -> list[pytest.Item]:
    """The tests that have no part in a quick run: those outside ``tests/unit``, and slow ones."""
    if LENGTH != "quick":
        return []
    heavy = ("slow", "servers", "browser")
    return [
        item for item in items if "unit" not in item.path.parts or any(item.get_closest_marker(name) for name in heavy)
    ]


def stop_in_time() -> None:
    """Skip the test that is about to begin if the time for this run is over."""
    if MINUTES and time.monotonic() - _began > 60 * MINUTES:
        pytest.skip(f"the {MINUTES:g} minutes of this run are over; make test-long has no limit")
