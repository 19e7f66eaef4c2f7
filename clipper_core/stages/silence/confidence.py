"""The confidence of each silence, its basis, and its level."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from clipper_core.domain.contrast import BLOCK, NOBODY, Contrast
from clipper_core.domain.envelope import FRAME_MS, Levels
from clipper_core.domain.silence import FLOOR_DB, SilenceBasis

Floats = npt.NDArray[np.floating]
Spans = npt.NDArray[np.signedinteger]
Row = npt.NDArray[Any]

SURELY_SPEECH = 12  # quarters of a dB over the threshold
SURE_OF_NOBODY = 0.9  # set, not fitted: such silences are few and long
# Logistic regression over silences of 0.2 s or more, right where nine tenths lie in a true pause. For: a
# constant, log2 of the length in 200 ms, tens of dB from threshold to loud speech, log2 of the dB from background to
# threshold, share of frames above the threshold (clicks and breaths). Seven tenths of the weight are real recordings.
CONFIDENCE = np.array([-2.37, 0.61, 1.16, -0.25, -5.82])
# Even of the surest, one in ten was wrong on real recordings not used for the fit.
MIN_CONFIDENCE, MAX_CONFIDENCE = 0.01, 0.97
AT_A_TIME = 500  # silences


def confidences(contrast: Contrast, spans: Spans, offset_db: float) -> Floats:
    """Say how sure each silence is.

    Args:
        contrast: The contrast they were found in.
        spans: (silences, 2): first frame and one past the last of each.
        offset_db: By how much the threshold was raised.

    Returns:
        (silences,): 0-1, two decimals.
    """
    sure = 1 / (1 + np.exp(-(traits(contrast, spans, offset_db) @ CONFIDENCE)))
    sure = np.where(contrast.margin[_block(spans)] >= NOBODY, SURE_OF_NOBODY, sure)
    return np.round(np.clip(sure, MIN_CONFIDENCE, MAX_CONFIDENCE), 2)


def traits(contrast: Contrast, spans: Spans, offset_db: float) -> Floats:
    """The inputs of the regression.

    Args:
        contrast: The contrast the silences were found in.
        spans: (silences, 2): first frame and one past the last of each.
        offset_db: By how much the threshold was raised.

    Returns:
        (silences, 5), in the order of ``CONFIDENCE``.
    """
    lengths, block = spans[:, 1] - spans[:, 0], _block(spans)
    return np.stack(
        [
            np.ones(len(spans)),
            np.clip(np.log2(lengths * FRAME_MS / 200), -1, 3),
            np.clip(contrast.loud[block] / 40, 0, 5),
            np.log2(np.clip(contrast.margin[block] / 4, 1, 16)),
            means(contrast.over, spans, lambda over: over > round(4 * offset_db)),
        ],
        axis=1,
    )


def bases(contrast: Contrast, level_cdb: Levels, spans: Spans) -> list[SilenceBasis]:
    """Say what tells each silence from the speech within about half a minute.

    Args:
        contrast: The contrast the silences were found in.
        level_cdb: (frames,): the level, in hundredths of dBFS.
        spans: (silences, 2): first frame and one past the last of each.

    Returns:
        A basis for each silence.
    """
    soft = np.repeat(soft_speech(contrast, level_cdb), BLOCK)[: len(level_cdb)]
    by_level = means(level_cdb >= soft, spans) < 0.05
    deserted = contrast.margin[_block(spans)] >= NOBODY
    return [
        SilenceBasis.NOBODY if alone else SilenceBasis.LEVEL if level else SilenceBasis.BANDS
        for alone, level in zip(deserted.tolist(), by_level.tolist(), strict=True)
    ]


def mean_levels(level_cdb: Levels, spans: Spans) -> Floats:
    """(silences,): the level of the mean power in dBFS, two decimals."""
    mean = np.maximum(means(level_cdb, spans, powers), 1e-12)
    return np.asarray(np.maximum(FLOOR_DB, np.round(10 * np.log10(mean), 2)))


def means(x: Row, spans: Spans, of: Callable[[Row], Row] = lambda x: x) -> Floats:
    """Average over spans.

    Args:
        x: (frames,): values.
        spans: (spans, 2): first frame and one past the last of each, in order and apart.
        of: Turns values into those that are averaged.

    Returns:
        (spans,): the mean of ``of(x)`` over each.
    """
    # For some at a time: those of 12 hours would fill a good deal of memory.
    means = np.zeros(len(spans))
    for first in range(0, len(spans), AT_A_TIME):
        some = spans[first : first + AT_A_TIME]
        begin, end = int(some[0, 0]), int(some[-1, 1])
        ends = some.ravel()[:-1] - begin  # the last reaches to the end of what is summed
        sums = np.add.reduceat(of(x[begin:end]), ends, dtype=np.float64)[::2]
        means[first : first + AT_A_TIME] = sums / (some[:, 1] - some[:, 0])
    return means


def powers(level_cdb: Levels) -> npt.NDArray[np.float32]:
    """The power of every level, full scale = 1. Sum them up in double precision."""
    return _table()[level_cdb.view(np.uint16)]


@functools.cache
def _table() -> npt.NDArray[np.float32]:
    """The power of every level there is: looking it up takes a fifth of the time of working it out."""
    return np.power(10.0, np.arange(1 << 16, dtype=np.uint16).view(np.int16) / 1_000).astype(np.float32)


def soft_speech(contrast: Contrast, level_cdb: Levels) -> Levels:
    """(blocks,): the level that nine tenths of the frames of speech exceed, within about half a minute."""
    speech = contrast.over > SURELY_SPEECH
    soft = np.full(len(contrast.margin), np.iinfo(np.int16).max, np.int16)
    for first in range(0, len(soft), 15):
        near = slice(max(0, first - 8) * BLOCK, (first + 23) * BLOCK)
        spoken = level_cdb[near][speech[near]]
        if len(spoken) >= BLOCK:  # a partition finds one quantile without sorting the rest
            soft[first : first + 15] = np.partition(spoken, len(spoken) // 10)[len(spoken) // 10]
    return soft


def _block(spans: Spans) -> Spans:
    """(spans,): the block in which the middle of each span lies."""
    return (spans[:, 0] + spans[:, 1]) // 2 // BLOCK
