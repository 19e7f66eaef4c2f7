"""Loudness: the level of a recording as people perceive it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Loudness:
    """The figures of ITU-R BS.1770 and EBU R 128.

    Each is None where nothing is louder than -70 LUFS, or where there is too little sound.

    ``range_lu`` is the loudness range (EBU Tech 3342); the last two are the greatest of any 0.4 s and any 3 s.
    """

    integrated_lufs: float | None = None
    range_lu: float | None = None
    momentary_lufs: float | None = None
    short_term_lufs: float | None = None
