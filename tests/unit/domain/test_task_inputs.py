"""The inputs of tasks, stored and read again."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.domain.clip import Lengths
from clipper_core.domain.task import Kind
from clipper_core.domain.task_inputs import (
    AlignInputs,
    Inputs,
    MapInputs,
    PreviewInputs,
    ProbeInputs,
    ProposeInputs,
    RenderInputs,
    TranscribeInputs,
    inputs_from_row,
)
from clipper_core.domain.time_range import TimeRange

IDS = st.text("abcdef0123456789_", min_size=1, max_size=12)
MAYBE = st.none() | IDS
RANGES = st.tuples(st.integers(0, 10**7), st.integers(1, 10**6)).map(lambda p: TimeRange(p[0], p[0] + p[1]))
LENGTHS = st.builds(Lengths, st.integers(1, 1_000), st.integers(1_000, 9_000), st.integers(0, 200))
INPUTS = st.one_of(
    st.builds(ProbeInputs, IDS),
    st.builds(MapInputs, IDS, st.integers(0, 63), MAYBE, MAYBE),
    st.builds(PreviewInputs, IDS, st.integers(0, 63), MAYBE),
    st.builds(TranscribeInputs, IDS, IDS, IDS, IDS, RANGES, MAYBE),
    st.builds(AlignInputs, IDS, IDS, IDS, IDS, st.lists(IDS).map(tuple), MAYBE),
    st.builds(ProposeInputs, IDS, MAYBE, IDS, IDS, LENGTHS, st.none() | RANGES, MAYBE),
    st.builds(RenderInputs, MAYBE, st.integers(0, 63), IDS, st.lists(RANGES).map(tuple), IDS, MAYBE),
)


@given(INPUTS)
def test_inputs_survive_being_stored(inputs: Inputs) -> None:
    row = json.loads(json.dumps(inputs.to_row()))

    assert inputs_from_row(inputs.kind, row) == inputs


def test_a_row_without_a_tool_is_read_too() -> None:
    assert inputs_from_row(Kind.PREVIEW, {"source": "ast_1", "track": 1}) == PreviewInputs("ast_1", 1)


def test_a_row_of_another_kind_is_refused() -> None:
    with pytest.raises(KeyError):
        inputs_from_row(Kind.RENDER, {"source": "ast_1", "track": 1})
