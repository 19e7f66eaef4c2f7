"""Find the silences of a recording in what was measured of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from clipper_core.domain.contrast import BLOCK, NOBODY, Contrast, Quarters
from clipper_core.domain.envelope import FRAME_MS, Envelope, Levels
from clipper_core.domain.silence import FLOOR_DB, Silence, SilenceBasis, SilenceMap, SilenceSettings
from clipper_core.stages.silence.confidence import (
    Floats,
    Spans,
    bases,
    confidences,
    mean_levels,
    powers,
    soft_speech,
)
from clipper_core.stages.silence.contrast import Mask, edges
from clipper_core.stages.silence.contrast_in_pieces import contrast_of_levels
from clipper_core.stages.silence.voice import with_voice

CLICK_MS, CLICK_APART_MS = 40, 150  # a click stands alone; the burst of a plosive follows its closure, under 100 ms
HYSTERESIS = 2  # quarters of a dB; more costs silences under music
BREATH_MS, BREATH_APART_MS = 450, 100
BREATH = 100  # quarters of a dB below loud speech: a breath is, another speaker is not
PIECE = 600  # blocks looked at together
REACH = 15  # blocks either way in which the background is looked for
ABOVE_DB = 1.0


def find_silences(envelope: Envelope, settings: SilenceSettings) -> SilenceMap:
    """Find every range of at least ``min_silence_ms`` without speech, to 10 ms.

    Without a fixed threshold a frame is silent by its contrast to the background, and a click or a breath between
    two silences belongs to them; a second opinion counts where there is one. With a fixed threshold a frame is
    silent by its level alone.
    """
    if not envelope.frames:
        return SilenceMap(envelope.duration_ms, (), FLOOR_DB, settings)
    if settings.threshold_db is not None:
        return _by_level(envelope, settings, settings.threshold_db)
    contrast = envelope.contrast if envelope.contrast is not None else contrast_of_levels(envelope.level_cdb)
    spans = _long_enough(silent_spans(contrast, settings.offset_db), envelope, settings.min_silence_ms)
    rows = (
        *_rows(spans, envelope),
        confidences(contrast, spans, settings.offset_db).tolist(),
        bases(contrast, envelope.level_cdb, spans),
    )
    silences = with_voice(tuple(map(Silence, *rows)), replace(envelope, contrast=contrast), settings)
    middle = _middle(_thresholds(envelope, contrast, settings.offset_db))
    return SilenceMap(envelope.duration_ms, silences, _in_range(middle), settings)


def threshold_levels(envelope: Envelope, settings: SilenceSettings) -> npt.NDArray[np.float32]:
    """(blocks,): the level in dBFS that roughly parts silence from speech in each second.

    Without a fixed threshold that is the level of the silences around and the margin of the contrast, or a level
    above everything where there is no speech. Only roughly, since contrast is not a matter of the level alone.
    """
    if settings.threshold_db is not None:
        return np.full(-(-envelope.frames // BLOCK), settings.threshold_db, np.float32)
    contrast = envelope.contrast if envelope.contrast is not None else contrast_of_levels(envelope.level_cdb)
    return _thresholds(envelope, contrast, settings.offset_db)


def silent_spans(contrast: Contrast, offset_db: float = 0.0) -> Spans:
    """(silences, 2): first frame and one past the last, of any length. A higher offset never takes silence away."""
    silent = contrast.over <= round(4 * offset_db)
    faint = contrast.over <= _per_frame(contrast.loud - BREATH, len(silent))
    spans = _deep_enough(edges(silent), contrast.over, round(4 * offset_db) - HYSTERESIS)
    spans = _joined(spans, CLICK_MS, CLICK_APART_MS, None)
    return _joined(spans, BREATH_MS, BREATH_APART_MS, faint | silent)


def _deep_enough(spans: Spans, over: Quarters, depth: int) -> Spans:
    """The spans that somewhere lie at ``depth`` or below: silence begins deeper than it may last.

    That is hysteresis, as in Canny's edge detector (1986): noise about the threshold makes no silence of its own.
    """
    if not len(spans):
        return spans
    lowest = np.minimum.reduceat(over, spans.ravel()[:-1])[::2]  # the last reaches to the end, where sound is above
    return spans[lowest <= depth]


def _joined(spans: Spans, max_gap_ms: int, apart_ms: int, may: Mask | None) -> Spans:
    """Two silences of at least ``apart_ms`` and all between them made one, where they are at most ``max_gap_ms`` apart.

    Only if all sound between them ``may`` be silent; None: any may.
    """
    solid = np.flatnonzero((spans[:, 1] - spans[:, 0]) * FRAME_MS >= apart_ms)
    gaps = np.stack([spans[solid[:-1], 1], spans[solid[1:], 0]], axis=1)
    joins = (gaps[:, 1] - gaps[:, 0]) * FRAME_MS <= max_gap_ms
    if may is not None and joins.any():
        joins[joins] = np.logical_and.reduceat(may, gaps[joins].ravel())[::2]
    # A span begins a silence of its own unless it lies between two that are joined: steps up and down count those.
    steps = np.zeros(len(spans) + 1, np.int64)
    steps[solid[:-1][joins] + 1] += 1
    steps[solid[1:][joins] + 1] -= 1
    begins = np.flatnonzero(np.cumsum(steps[:-1]) == 0)
    if not len(begins):
        return spans
    return np.stack([spans[begins, 0], spans[np.append(begins[1:], len(spans)) - 1, 1]], axis=1)


def _per_frame(blocks: npt.NDArray[np.int16], frames: int) -> npt.NDArray[np.int8]:
    return np.repeat(np.clip(blocks, -128, 127).astype(np.int8), BLOCK)[:frames]


def _by_level(envelope: Envelope, settings: SilenceSettings, threshold_db: float) -> SilenceMap:
    runs = edges(envelope.level_cdb <= threshold_db * 100)
    spans = _long_enough(runs, envelope, settings.min_silence_ms)
    silences = tuple(Silence(*row, None, SilenceBasis.THRESHOLD) for row in zip(*_rows(spans, envelope), strict=True))
    return SilenceMap(envelope.duration_ms, silences, _in_range(threshold_db), settings)


def _long_enough(spans: Spans, envelope: Envelope, min_ms: int) -> Spans:
    return spans[np.minimum(spans[:, 1] * FRAME_MS, envelope.duration_ms) - spans[:, 0] * FRAME_MS >= min_ms]


def _rows(spans: Spans, envelope: Envelope) -> tuple[list[int], list[int], list[float]]:
    """Starts and ends in ms, and mean levels."""
    ends = np.minimum(spans[:, 1] * FRAME_MS, envelope.duration_ms)
    return (spans[:, 0] * FRAME_MS).tolist(), ends.tolist(), mean_levels(envelope.level_cdb, spans).tolist()


def _thresholds(envelope: Envelope, contrast: Contrast, offset_db: float) -> npt.NDArray[np.float32]:
    """(blocks,): see ``threshold_levels``."""
    silent = contrast.over <= round(4 * offset_db)
    blocks = np.arange(0, len(silent), BLOCK)
    quiet, count = (_around(row) for row in _quiet(envelope.level_cdb, silent))
    known = count > 0
    mean = quiet[known] / count[known]
    here = np.arange(len(blocks))
    if known.any():
        background = np.interp(here, here[known], 10 * np.log10(np.maximum(mean, 1e-12)))
    else:
        background = np.full(len(blocks), float(envelope.level_cdb.min()) / 100)
    soft = np.maximum(background + ABOVE_DB, soft_speech(contrast, envelope.level_cdb) / 100)
    threshold = np.minimum(background + contrast.margin / 4 + offset_db, soft)  # hum may be louder than speech over it
    loudest = np.maximum.reduceat(envelope.level_cdb, blocks) / 100 + ABOVE_DB
    above = np.where(contrast.margin >= NOBODY, np.maximum(background, loudest), threshold)
    return np.asarray(np.clip(above, FLOOR_DB, 0), np.float32)


def _quiet(level_cdb: Levels, silent: Mask) -> tuple[Floats, Floats]:
    """(blocks,) each: the power of the silent frames of every second, summed up, and how many there are."""
    sums, counts = [np.zeros(0)], [np.zeros(0)]
    for first in range(0, len(level_cdb), PIECE * BLOCK):  # all at once would fill a good deal of memory
        level, use = level_cdb[first : first + PIECE * BLOCK], silent[first : first + PIECE * BLOCK]
        blocks = np.arange(0, len(use), BLOCK)
        sums.append(np.add.reduceat(np.where(use, powers(level), np.float32(0)), blocks, dtype=np.float64))
        counts.append(np.add.reduceat(use, blocks, dtype=np.float64))
    return np.concatenate(sums), np.concatenate(counts)


def _around(by_block: npt.NDArray[np.number]) -> Floats:
    """The sum over ``REACH`` blocks either way."""
    total = np.concatenate([[0.0], np.cumsum(by_block, dtype=np.float64)])
    here = np.arange(len(by_block))
    summed: Floats = total[np.minimum(here + REACH + 1, len(by_block))] - total[np.maximum(here - REACH, 0)]
    return summed


def _middle(levels: npt.NDArray[np.float32]) -> float:
    """The median. ``np.median`` would load numpy's masked arrays, which takes as long as the search of a short file."""
    in_order = np.sort(levels)
    return float(np.mean(in_order[(len(in_order) - 1) // 2 : len(in_order) // 2 + 1]))


def _in_range(level_db: float) -> float:
    return max(FLOOR_DB, min(0.0, round(level_db, 2)))
