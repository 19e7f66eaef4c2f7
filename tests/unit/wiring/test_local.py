"""Modules that the lightest commands load."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.conftest import ROOT

HEAVY = ("sqlalchemy", "redis", "rq", "openai", "boto3", "fastapi", "streamlit", "clipper_core.db")


@pytest.mark.parametrize("module", ["clipper_core.wiring.local", "clipper_core.wiring.command_line"])
def test_work_on_files_loads_no_database_or_service(module: str) -> None:
    look = f"import sys, {module}; print(*(n for n in {HEAVY!r} if n in sys.modules))"

    done = subprocess.run([sys.executable, "-c", look], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout.split() == []
