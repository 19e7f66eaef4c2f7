"""Options that several commands share."""

from __future__ import annotations

import argparse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.command_line.main import new_parser
from clipper_core.command_line.options import count, seconds


@given(st.integers(0, 10**9))
def test_counts_from_nought_are_taken(number: int) -> None:
    assert count(str(number)) == number
    assert seconds(str(number)) == number


@given(st.integers(max_value=-1))
def test_numbers_below_nought_are_refused(number: int) -> None:
    for read in (count, seconds):
        with pytest.raises(argparse.ArgumentTypeError):
            read(str(number))


@pytest.mark.parametrize("text", ["nan", "inf", "-inf"])
def test_a_time_that_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is not a time in seconds"):
        seconds(text)


@pytest.mark.parametrize("command", ["process", "propose"])
def test_lengths_have_the_same_defaults_everywhere(command: str) -> None:
    args = new_parser().parse_args([command, "file"])

    assert (args.max_clips, args.min_length, args.max_length) == (12, 20.0, 90.0)
