"""Telling whether the worker that holds a task may still live."""

from __future__ import annotations

import pytest

from clipper_core.services.runs.worker_process import may_live, this_worker


def test_this_process_lives() -> None:
    assert may_live(this_worker())


def test_a_process_that_is_gone_does_not() -> None:
    host, pid, born = this_worker().rsplit(":", 2)

    assert not may_live(f"{host}:{2**22 + 1}:{born}")
    assert not may_live(f"{host}:{pid}:{int(born) + 1}"), "another process has its number now"


@pytest.mark.parametrize("worker", [None, "", "elsewhere:1:1", "a:host:with:colons:1:1"])
def test_of_another_machine_nothing_is_certain(worker: str | None) -> None:
    assert may_live(worker)
