"""Modules that a command loads: what it has no use for would only make it start later."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
RUN = """
import sys
from clipper_core.__main__ import main

try:
    code = main(sys.argv[1:])
except SystemExit as end:
    code = end.code
print("code", code, file=sys.stderr)
print("loaded", *sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
"""


def loaded_by(*arguments: str, **environment: str) -> set[str]:
    """The packages that are loaded once a command has run in a new interpreter."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", **environment},
    )
    *_, code, loaded = done.stderr.splitlines()
    assert code == "code 0", done.stderr
    return set(loaded.split()[1:])


def test_help_loads_no_library() -> None:
    loaded = loaded_by("silences", "--help")

    assert "argparse" in loaded
    assert not loaded & {"numpy", "pydantic", "dotenv", "sqlalchemy", "av", "imageio_ffmpeg", "plotly", "streamlit"}


def test_silences_load_what_reads_and_measures_sound(sonnet: Path) -> None:
    loaded = loaded_by("silences", str(sonnet))

    assert {"numpy", "av"} <= loaded
    assert not loaded & {"sqlalchemy", "redis", "rq", "openai", "boto3", "plotly", "pydub", "pocketsphinx", "structlog"}


def test_silences_load_pydantic_only_to_check_a_variable(sonnet: Path) -> None:
    assert "pydantic" not in loaded_by("silences", str(sonnet), OPENAI_API_KEY="sk-any-text-is-a-key")
    assert "pydantic" in loaded_by("silences", str(sonnet), CLIPPER_MAX_HOURS="2")
