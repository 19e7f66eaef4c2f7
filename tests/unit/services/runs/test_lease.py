"""A lease is renewed while the stage runs, and its loss stops the stage."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, cast

import pytest

from clipper_core.domain.task import Kind
from clipper_core.errors import DatabaseUnavailable, LeaseLost
from clipper_core.services.runs import lease
from clipper_core.services.runs.lease import LeaseKeeper
from clipper_core.services.runs.tasks import Claim

CLAIM = Claim("tsk_1", "tok_1", 1, Kind.PROBE, "prj_1", {})


class FakeTasks:
    def __init__(self) -> None:
        self.mine = True
        self.broken = False
        self.renewed: list[float] = []
        self.looks = 0

    def renew(self, _claim: Claim, progress: float) -> bool:
        self._look()
        self.renewed.append(progress)
        return self.mine

    def is_mine(self, _claim: Claim) -> bool:
        self._look()
        return self.mine

    def _look(self) -> None:
        self.looks += 1
        if self.broken:
            raise DatabaseUnavailable


@pytest.fixture
def tasks(monkeypatch: pytest.MonkeyPatch) -> FakeTasks:
    monkeypatch.setattr(lease, "LOOK_EVERY_S", 0.005)
    return FakeTasks()


def keeper(tasks: FakeTasks) -> LeaseKeeper:
    return LeaseKeeper(cast(Any, tasks), CLAIM)


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end
        time.sleep(0.002)


def test_progress_is_noted_with_the_lease(tasks: FakeTasks) -> None:
    with keeper(tasks) as held:
        held.beat(0.5)
        until(lambda: tasks.renewed == [0.5])
        held.beat(0.2)
        until(lambda: tasks.looks > 5)

    assert tasks.renewed == [0.5], "progress never goes back, and an unchanged one is not written again"


def test_a_lost_lease_stops_the_stage(tasks: FakeTasks) -> None:
    with keeper(tasks) as held:
        held.beat(0.1)
        tasks.mine = False
        with pytest.raises(LeaseLost):
            until(lambda: held.beat(0.2) is not None)


def test_a_short_fault_of_the_database_loses_nothing(tasks: FakeTasks) -> None:
    with keeper(tasks) as held:
        tasks.broken = True
        until(lambda: tasks.looks > 2)
        tasks.broken = False
        held.beat(0.7)
        until(lambda: tasks.renewed == [0.7])
