"""Finds known words in speech, with pocketsphinx as a forced aligner (its own US English model).

The aligner finds a place for any text, also for one that is not said: what it found is to be judged by
``AlignedWord.score`` and by how long each sound lasts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from typing import Any

import numpy as np
import numpy.typing as npt

from clipper_core.adapters.speech.pronounce import guessed_phones, spoken

MS_PER_FRAME = 10
CENTRE_MS = 8  # a frame looks at 25.6 ms from its start on, so what it sees lies later than its number says
SCORE_UNIT = 10_000


@dataclass(frozen=True, slots=True)
class AlignedWord:
    """The place of a word, from the start of the sound; how well it fits, per frame; how long its sounds last."""

    start_ms: int
    end_ms: int
    score: float
    ms_per_phone: float


class PocketsphinxAligner:
    """Forced alignment of English. The decoder is made on first use, so that a forked child has its own."""

    name = "pocketsphinx"
    version = metadata.version("pocketsphinx")
    languages = frozenset({"en"})

    def align(self, pcm: npt.NDArray[np.int16], words: Sequence[str]) -> tuple[AlignedWord | None, ...] | None:
        """Each word's place in ``pcm`` (16 kHz mono), None for words that are not spoken (a dash).

        None in place of all of them if the text can't be fitted into the sound at all. The whole sound is heard in
        one go, so keep it under a minute.
        """
        decoder = _decoder()
        tokens = [
            [_in_dictionary(decoder, t) for t in spoken(w, lambda t: bool(decoder.lookup_word(t)))] for w in words
        ]
        flat = [token for group in tokens for token in group]
        if not flat or len(pcm) < 16 * MS_PER_FRAME * 3:
            return None
        found = _found(decoder, pcm, flat)
        if found is None:
            return None
        heard: list[AlignedWord | None] = []
        at = 0
        for group in tokens:
            heard.append(_joined(found[at : at + len(group)]))
            at += len(group)
        return tuple(heard)


@dataclass(frozen=True, slots=True)
class _Segment:
    first: int
    last: int
    score: float
    phones: int


@cache
def _decoder() -> Any:
    from pocketsphinx import Decoder

    # Beams far wider than usual cost nothing here and let it recover from wrong words; likelier noises than usual take
    # up what nobody wrote down.
    return Decoder(
        samprate=16_000, lm=None, bestpath=False, cmn="batch", loglevel="FATAL",
        beam=1e-300, pbeam=1e-300, wbeam=1e-300, fillprob=0.1,
    )  # fmt: skip


def _in_dictionary(decoder: Any, token: str) -> str:
    if decoder.lookup_word(token) is None:
        decoder.add_word(token, guessed_phones(token, decoder.lookup_word), False)
    return token


def _found(decoder: Any, pcm: npt.NDArray[np.int16], tokens: list[str]) -> list[_Segment] | None:
    decoder.reinit_feat()  # forget the sound before, so that equal sound gives equal places
    decoder.set_align_text(" ".join(tokens))
    decoder.start_utt()
    try:
        decoder.process_raw(pcm.tobytes(), False, True)
    finally:
        decoder.end_utt()
    if decoder.hyp() is None:
        return None
    found = [
        _Segment(s.start_frame, s.end_frame, math.log(s.ascore), len((decoder.lookup_word(s.word) or "").split()))
        for s in decoder.seg()
        if not s.word.startswith(("<", "[", "+", "("))
    ]
    return found if len(found) == len(tokens) else None


def _joined(segments: list[_Segment]) -> AlignedWord | None:
    if not segments:
        return None
    frames = sum(s.last - s.first + 1 for s in segments)
    return AlignedWord(
        segments[0].first * MS_PER_FRAME + CENTRE_MS,
        (segments[-1].last + 1) * MS_PER_FRAME + CENTRE_MS,
        sum(s.score for s in segments) / frames * SCORE_UNIT,
        frames * MS_PER_FRAME / max(1, sum(s.phones for s in segments)),
    )
