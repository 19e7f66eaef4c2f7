"""Find the silences of a recording in its level envelope."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from clipper_core.domain.envelope import FRAME_MS, Envelope, mean_db
from clipper_core.domain.silence import FLOOR_DB, Silence, SilenceMap, SilenceSettings

Decibels = npt.NDArray[np.floating]

BLOCK = 100  # frames: the threshold moves once a second
REACH = 15  # blocks either way: long enough to hold a pause, short enough to follow a room
NOISE_PERCENTILE, NOISE_LOW_PERCENTILE, SPEECH_PERCENTILE = 10, 2, 95
WIDEST_DB = 50.0  # below speech, nothing is heard: what digital silence counts as
QUIETER_SPEAKER_DB = 25.0  # how far below the loudest another speaker may be
LEAST_RANGE_DB = 6.0  # noise alone does not vary by more, speech always does
NOBODY_DB = -70.0  # nobody records speech this quietly
MARGIN_DB = 2.0
MARGIN_BEND = 250.0  # margin = range² / bend: 2 dB above loud noise, 10 dB above a quiet room
MARGIN_SPREADS = 2.0
HYSTERESIS_DB = 1.0


def find_silences(envelope: Envelope, settings: SilenceSettings) -> SilenceMap:
    """Every stretch of at least ``min_silence_ms`` below the threshold, to 10 ms.

    Without a fixed threshold it follows the recording: in the half minute around, the noise is the 10th percentile
    of the levels and speech the 95th, and the threshold lies above the noise by a margin that grows with their
    distance. Where they are not apart nobody speaks: noise alone is silence, and so is a recording of nothing.
    A silence begins below the threshold and lasts until the level is a decibel above it.
    """
    if not envelope.frames:
        return SilenceMap(envelope.duration_ms, (), FLOOR_DB, settings)
    levels = _smooth(envelope.level_cdb.astype(np.float32) / 100)
    if settings.threshold_db is None:
        thresholds, stay = _thresholds(levels), HYSTERESIS_DB
    else:
        levels = envelope.level_cdb.astype(np.float32) / 100
        thresholds, stay = np.full(len(levels), settings.threshold_db, dtype=np.float32), 0.0
    silences = [
        Silence(start, end, mean_db(envelope.level_cdb[a:b]))
        for a, b in _runs(levels <= thresholds + stay, levels <= thresholds)
        if (end := min(int(b) * FRAME_MS, envelope.duration_ms)) - (start := int(a) * FRAME_MS)
        >= settings.min_silence_ms
    ]
    middle = settings.threshold_db if settings.threshold_db is not None else round(float(np.median(thresholds)), 2)
    return SilenceMap(envelope.duration_ms, tuple(silences), max(FLOOR_DB, min(0.0, middle)), settings)


def _smooth(levels: Decibels) -> Decibels:
    """The mean of three frames, of levels not further below speech than can be heard.

    Without that floor the edge of digital silence, 100 dB down, would eat into the words.
    """
    floor = float(np.percentile(levels, SPEECH_PERCENTILE)) - WIDEST_DB - 5
    padded = np.pad(np.maximum(levels, np.float32(floor)), 1, mode="edge")
    smooth: Decibels = ((padded[:-2] + padded[1:-1] + padded[2:]) / 3).astype(np.float32)
    return smooth


def _thresholds(levels: Decibels) -> Decibels:
    """The threshold at every frame."""
    loudest = float(np.percentile(levels, SPEECH_PERCENTILE))
    low, noise, speech = _surroundings(levels)
    apart = speech - np.maximum(noise, speech - WIDEST_DB) >= LEAST_RANGE_DB
    speech = np.maximum(speech, loudest - QUIETER_SPEAKER_DB)
    noise = np.maximum(noise, speech - WIDEST_DB)
    spread = np.clip(noise - low, 0, 3)
    margin = np.maximum(np.maximum(MARGIN_DB, (speech - noise) ** 2 / MARGIN_BEND), MARGIN_SPREADS * spread)
    threshold = np.where(apart, noise + margin, np.maximum(noise, speech) + margin)
    return np.repeat(np.maximum(threshold, NOBODY_DB), BLOCK)[: len(levels)].astype(np.float32)


def _surroundings(levels: Decibels) -> tuple[Decibels, ...]:
    """For every block, three percentiles of the levels within ``REACH`` blocks of it."""
    blocks = -(-len(levels) // BLOCK)
    padded = np.pad(levels, (0, blocks * BLOCK - len(levels)), mode="edge").reshape(blocks, BLOCK)
    reach = min(REACH, blocks - 1)
    padded = np.pad(padded, ((reach, reach), (0, 0)), mode="reflect" if reach else "edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1, axis=0)
    wanted = (NOISE_LOW_PERCENTILE, NOISE_PERCENTILE, SPEECH_PERCENTILE)
    parts = [
        np.percentile(windows[i : i + 300].reshape(len(windows[i : i + 300]), -1), wanted, axis=1)
        for i in range(0, blocks, 300)  # five minutes at a time: the windows overlap, their copies do not share
    ]
    return tuple(np.concatenate(parts, axis=1).astype(np.float32))


def _runs(stays: npt.NDArray[np.bool_], begins: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """The runs of ``stays`` that hold at least one of ``begins``, as first and one past the last."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], stays, [False])).astype(np.int8))).reshape(-1, 2)
    if not len(edges):
        return []
    counts = np.concatenate(([0], np.cumsum(begins)))
    kept = edges[counts[edges[:, 1]] > counts[edges[:, 0]]]
    return [(int(a), int(b)) for a, b in kept]
