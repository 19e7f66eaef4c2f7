"""Output: one line for a message, one object for ``--json``, and times to read."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.command_line.output import Progress, clock, print_json, print_message


@given(st.integers(0, 400_000))
def test_a_clock_can_be_read_back(tenths: int) -> None:
    *hours, minutes, seconds = clock(tenths / 10).split(":")

    assert float(minutes) < 60 and float(seconds) < 60
    assert round((int(hours[0] if hours else 0) * 3600 + int(minutes) * 60 + float(seconds)) * 10) == tenths


@pytest.mark.parametrize(
    ("s", "shown"), [(0, "00:00.0"), (59.96, "01:00.0"), (3599.96, "1:00:00.0"), (3725.4, "1:02:05.4")]
)
def test_a_clock_carries_what_is_rounded_up(s: float, shown: str) -> None:
    assert clock(s) == shown


def test_a_message_can_not_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    print_message("not_media", "There is no file \x1b[31mred\nname\u202e.")

    assert capsys.readouterr().err == "not_media: There is no file  [31mred name .\n"


def test_json_is_one_line_of_readable_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert print_json({"title": "Schöne Grüße\n"}) == 0

    out = capsys.readouterr().out
    assert out.count("\n") == 1 and "Schöne" in out
    assert json.loads(out) == {"title": "Schöne Grüße\n"}


def test_progress_is_not_written_into_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress() as progress:
        progress("Mapping the silences", 1.0)

    assert capsys.readouterr() == ("", "")
