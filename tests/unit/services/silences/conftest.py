from __future__ import annotations

from pathlib import Path

import pytest

from clipper_core.db.session import Database
from tests.unit.services.silences.mapped import House


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    return House(database, tmp_path)
