"""Lines of programs we started, and whether a program runs at all."""

from __future__ import annotations

import sys

from hypothesis import given
from hypothesis import strategies as st

from clipper_core.adapters.processes import printable, runs


@given(st.binary(max_size=200))
def test_no_output_steers_the_terminal(raw: bytes) -> None:
    assert all(c.isprintable() or c == "\t" for c in printable(raw))


@given(st.text(st.characters(codec="ascii", categories=["L", "N", "P"]), max_size=50))
def test_plain_output_is_shown_as_it_is(text: str) -> None:
    assert printable(text.encode()) == text


def test_colours_are_taken_out_of_a_line() -> None:
    assert printable(b"\x1b[31mred\x1b[0m and \x1b]0;title\x07plain  ") == "red and plain"


def test_a_program_runs_only_if_it_ends_well() -> None:
    assert runs(sys.executable, "-c", "pass")
    assert not runs(sys.executable, "-c", "raise SystemExit(1)")
    assert not runs("/nowhere/redis-server", "--version")
