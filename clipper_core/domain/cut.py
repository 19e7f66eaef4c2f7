"""Cuts: the moments where footage is divided, and their certificates."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from clipper_core.domain.silence import Silence


class Side(StrEnum):
    IN = "in"
    OUT = "out"


class Grade(StrEnum):
    """The cleanness of a cut: ``clean`` needs no check, ``fair`` deserves a listen, ``poor`` will be heard."""

    CLEAN = "clean"
    FAIR = "fair"
    POOR = "poor"


@dataclass(frozen=True, slots=True)
class EdgeCertificate:
    """The evidence for one cut. None means not known: no silence there, or the words are not trusted.

    ``gap_to_word_ms`` is the distance from the cut to the nearest word inside the clip; ``sentence_boundary`` is
    True where a sentence starts (in) or ends (out) there. ``reason`` says the grade in words.
    """

    silence: Silence | None
    level_db: float | None
    gap_to_word_ms: int | None
    sentence_boundary: bool | None
    grade: Grade
    reason: str


@dataclass(frozen=True, slots=True)
class Cut:
    """One moment where footage is divided, which side of a clip it makes, and its certificate."""

    at_ms: int
    side: Side
    certificate: EdgeCertificate
