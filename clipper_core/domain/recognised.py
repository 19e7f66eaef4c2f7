"""The answer of a recogniser for one piece of sound, in plain values that can be stored and read again."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from clipper_core.domain.spending import Spending

TimedText = tuple[str, int, int]
"""A word, and its start and end in milliseconds from the beginning of the piece."""


@dataclass(frozen=True, slots=True)
class RecognisedPiece:
    """The text of a piece, its words with their times (None from an engine that tells none), the language, the price.

    ``language`` is a code such as ``en``, or None where the engine does not say.
    """

    text: str
    words: tuple[TimedText, ...] | None = None
    language: str | None = None
    spending: Spending = Spending()  # noqa: RUF009 - frozen


NOTHING = RecognisedPiece("", ())


def piece_to_row(piece: RecognisedPiece) -> dict[str, Any]:
    """The piece as a JSON object that carries its schema version."""
    words = None if piece.words is None else [list(w) for w in piece.words]
    spending = asdict(piece.spending)
    return {"v": 1, "text": piece.text, "words": words, "language": piece.language, "spending": spending}


def piece_from_row(row: dict[str, Any]) -> RecognisedPiece:
    """Read what ``piece_to_row`` made."""
    words = None if row["words"] is None else tuple((str(t), int(a), int(b)) for t, a, b in row["words"])
    return RecognisedPiece(row["text"], words, row["language"], Spending(**row["spending"]))
