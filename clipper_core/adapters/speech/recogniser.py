"""Recognises English speech offline, with pocketsphinx and the model that comes with it: a draft, never to be quoted.

Settings are the knee of what was measured: without the second pass and with fewer hypotheses it takes half the time
and makes about as many errors. What it is unsure of it keeps to itself: music and hum give no words, and of speech it
can't follow (another language, a bad line) most is left out. Unsure means a low mean posterior: 0.5 to 0.9 on speech
it follows, 0.3 to 0.5 on German and on English of which it gets two words in three wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from typing import Any

import numpy as np
import numpy.typing as npt

from clipper_core.domain.recognised import NOTHING, RecognisedPiece

Samples = npt.NDArray[np.int16]
Progress = Callable[[float], None]
"""Called with 0..1 now and then; may raise, which stops the work."""

MS_PER_FRAME = 10
SAMPLES_PER_MS = 16
PIECE = 16_000  # samples given to the decoder at a time: it lets nothing else run meanwhile
MIN_CONFIDENCE = 0.45  # mean posterior of the words of one utterance, below which none of them is believed

_VARIANT = re.compile(r"\(\d+\)$")


@dataclass(frozen=True, slots=True)
class _DecodedWord:
    text: str
    first: int
    last: int
    posterior: float


class Pocketsphinx:
    """The recogniser. Its decoder is made on first use, so that a forked child has its own."""

    name = "pocketsphinx"
    version = metadata.version("pocketsphinx")
    languages = frozenset({"en"})
    draft = True
    piece_ms: int | None = 10_000  # it hears about as much at a time, cut at silences
    spares_ms = 1_500
    in_flight = 1

    def recognise(
        self, pcm: bytes | Samples, offset_ms: int = 0, progress: Progress = lambda _: None
    ) -> RecognisedPiece:
        """The lower-case words of one utterance of speech audio; none if unsure.

        Args:
            pcm: The samples, 16-bit at 16 kHz mono.
            offset_ms: Where in the recording they begin; it makes no difference here.
            progress: Called with 0-1 now and then; may raise, which stops the work.
        """
        samples = np.frombuffer(pcm, dtype="<i2") if isinstance(pcm, bytes) else np.ascontiguousarray(pcm, dtype="<i2")
        if len(samples) < 100 * SAMPLES_PER_MS or not samples.any():
            return NOTHING
        decoded = _decoded_words(samples, progress)
        if not decoded or np.mean([h.posterior for h in decoded]) < MIN_CONFIDENCE:
            return NOTHING
        end_ms = len(samples) // SAMPLES_PER_MS
        words = tuple(
            (h.text, min(end_ms, h.first * MS_PER_FRAME), min(end_ms, (h.last + 1) * MS_PER_FRAME)) for h in decoded
        )
        return RecognisedPiece(" ".join(t for t, _, _ in words), words, "en")


@cache
def _decoder() -> Any:
    from pocketsphinx import Decoder

    return Decoder(samprate=16_000, cmn="batch", fwdflat=False, topn=2, maxhmmpf=3_000, loglevel="FATAL")


def _decoded_words(samples: Samples, progress: Progress) -> list[_DecodedWord]:
    decoder = _decoder()
    _settle(decoder, samples)
    decoder.start_utt()
    try:
        for at in range(0, len(samples), PIECE):
            decoder.process_raw(samples[at : at + PIECE].tobytes(), False, False)
            progress(min(1.0, (at + PIECE) / len(samples)))
    finally:
        decoder.end_utt()
    return list(_words(decoder))


def _settle(decoder: Any, samples: Samples) -> None:
    """Tell the decoder the mean of this sound beforehand, and nothing of the sound before it.

    Left to adapt as it goes, it gets most of the first ten seconds wrong. The cheapest search there is, an alignment
    of one word, makes it take the mean over everything, at 0.3 % of the length of the sound. Starting afresh each
    time makes equal sound give equal words.
    """
    decoder.reinit_feat()
    decoder.set_align_text("a")
    decoder.start_utt()
    decoder.process_raw(samples.tobytes(), True, True)
    decoder.end_utt()
    mean = decoder.get_cmn(False)
    decoder.reinit_feat()
    decoder.activate_search("_default")
    decoder.set_cmn(mean)


def _words(decoder: Any) -> Iterator[_DecodedWord]:
    if decoder.hyp() is None:
        return
    for segment in decoder.seg():
        if not segment.word.startswith(("<", "[", "+", "(")):
            yield _DecodedWord(_VARIANT.sub("", segment.word), segment.start_frame, segment.end_frame, segment.prob)
