"""Logs: a line for each event, as text or as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import structlog

from clipper_core.adapters.logs import set_up_logging


@pytest.fixture(autouse=True)
def logging_of_others() -> Iterator[None]:
    before = structlog.get_config()
    yield
    structlog.configure(**before)


def test_machines_get_one_json_object_for_each_event(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(as_json=True)

    structlog.get_logger().info("asking again", tries=2)
    structlog.get_logger().debug("left out")

    (line,) = capsys.readouterr().err.splitlines()
    logged = json.loads(line)
    assert (logged["event"], logged["level"], logged["tries"]) == ("asking again", "info", 2)
    assert logged["timestamp"].endswith("Z")


def test_people_get_a_readable_line(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(as_json=False)

    structlog.get_logger().warning("asking again", tries=2)

    (line,) = capsys.readouterr().err.splitlines()
    assert "warning" in line and "asking again" in line and "tries=2" in line
