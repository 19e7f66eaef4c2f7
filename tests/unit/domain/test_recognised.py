"""Answers of recognisers survive being stored: they are paid for once."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from clipper_core.domain.recognised import RecognisedPiece, piece_from_row, piece_to_row
from clipper_core.domain.spending import Spending

WORDS = st.lists(st.tuples(st.text(), st.integers(0, 60_000), st.integers(0, 60_000))).map(tuple)


@given(st.text(), st.none() | WORDS, st.none() | st.just("en"))
def test_an_answer_survives_being_stored(text: str, words: tuple | None, language: str | None) -> None:
    piece = RecognisedPiece(text, words, language, Spending(audio_ms=1_200))

    row = json.loads(json.dumps(piece_to_row(piece)))

    assert piece_from_row(row) == piece
    assert row["v"] == 1
