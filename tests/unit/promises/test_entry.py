"""The web process as it starts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.slow

LOOK = """
import asyncio, gc
import streamlit_app

async def look():
    before = len(gc.get_objects())
    async with streamlit_app.lifespan(None):
        print(len(gc.get_objects()) / before)

asyncio.run(look())
"""


def test_what_is_there_at_the_start_is_not_looked_through_after_every_run_of_a_page(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOOK],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "CLIPPER_DATA_DIR": str(tmp_path), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )

    assert float(done.stdout.split()[-1]) < 0.1
