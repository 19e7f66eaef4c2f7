"""Tell speech from the background under it, frame by frame, by the power in a few bands."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from clipper_core.domain.contrast import BLOCK, NOBODY, Contrast

Floats = npt.NDArray[np.floating]
Ints = npt.NDArray[np.signedinteger]
Mask = npt.NDArray[np.bool_]

REACH = 15  # blocks either way: long enough to hold a pause, short enough to follow a room
CALM_REACH = 30  # the same for how calm the background is, which takes more pauses to tell
NOTHING_DB = -95.0  # below, nothing was recorded: neither speech nor background
FLOOR_QUANTILE = 0.05  # speech pauses that much even where nobody stops, in each band
QUIET_QUANTILE = 0.95  # of what a band does in silence: music counts with its loud notes
LOUD_QUANTILE = 0.95
MAX_OVER_DB = 20.0  # of one band at first, so that a single loud one does not decide
FIRST_MARGIN_DB = 2.0
MARGINS_DB = np.array([1.5, 2, 3, 4, 6, 8, 11, 15])  # over the background; the lowest that noise keeps below wins
MAX_SHARE = 0.4  # of the way from background to loud speech: no threshold lies higher
GROWTH, SHARE = 1.12, 0.02  # a threshold in the middle of the background: raised a step, silences grow by this
MOSTLY = 2  # times as much of nothing as of quiet: then the background is nothing
SPREADS = 4.0
MAX_SPREAD_DB = 6.0
CLOSER_DB = 0.5  # than where silence stops growing: soft speech begins a little below
INAUDIBLE_DB = 48.0  # below loud speech, nothing is heard
SPEECH_RANGE_DB = 5.0  # noise alone does not vary by more, speech always does
FAR_DB = 35.0  # loud speech over the threshold: then a single frame beside speech can be told
FAINT_DB = 25.0  # below loud speech: sound that is faint and even is background, whatever it was before
EVEN_DB, EVEN_RUN, EVEN_EDGE = 4.0, 30, 10  # frames: a fricative is shorter; near the edges soft speech may begin
MEANT_DB, MEANT_SHARE = -40.0, 0.05  # steady noise that loud, that much of nothing before or after: it was put there
CHANGED_DB, CHANGED_BLOCKS = 6.0, 10  # a change of the background: by so much from these seconds to the next
QUIET_RUN, SILENT_RUN = 10, 20  # frames

BAND_LOW_DB, BAND_STEP_DB, BAND_BINS = -110.0, 1.0, 112
SCORE_LOW_DB, SCORE_STEP_DB, SCORE_BINS = -15.0, 0.25, 480
ENOUGH = 30  # frames, to tell a quantile from


def judge(bands: Floats, level: Floats) -> Contrast:
    """Judge a piece of sound at once.

    The background in each band is what it does in the quiet frames of the half minute around, loud notes included;
    it is first guessed from the low quantiles (minimum statistics, Martin 2001) and then taken from the frames found
    quiet, twice. A frame's score is the mean over bands of its power over the background's. The threshold is where
    silence stops growing when it is raised: close above steady noise, further above music. Where the score
    does not vary as speech does, there is no speech and all is silence. All windows end where the background changes.

    Args:
        bands: (frames, bands), powers, full scale = 1.
        level: (frames,), the power of the whole sound.

    Returns:
        The contrast of these frames, in quarters of a dB.
    """
    frames = len(level)
    there = level > 10 ** (NOTHING_DB / 10)
    if np.count_nonzero(there) < ENOUGH:
        return empty_contrast(frames)
    bands = np.maximum(bands, np.float32(1e-11))
    spectrum = 10 * np.log10(bands)
    # Quantiles of half a minute around every second: histograms per second can be added and taken away, sorting can't.
    bins = _bins(smooth(spectrum), BAND_LOW_DB, BAND_STEP_DB, BAND_BINS)
    windows = _Windows.of(_counts(bins, there, BAND_BINS))
    floor, quiet = _first_guess(spectrum, bins, there, windows)
    for _ in range(2):  # with a better background other frames are quiet, and they make it better still
        floor = _filled(_in_quiet(bins, quiet, windows), floor)
        alone = 10 * np.log10(np.mean(bands / _frames(10 ** (floor / 10), frames), axis=1))
        score = smooth(alone)
        # Scores are over the middle of the background, or a threshold would mean another thing under every noise.
        centre = _filled(_quantile(_scores(score, quiet, windows), 0.5, SCORE_LOW_DB, SCORE_STEP_DB))
        score, alone = (x - _frames(centre, frames)[:, 0] for x in (score, alone))
        calm = _margins(score, there, windows)
        quiet = _runs(score <= _frames(calm, frames), QUIET_RUN) & there
    margin, loud = _thresholds(score, calm, _Frames(level, there, quiet), windows)
    score = np.where(_frames(loud - margin, frames) > FAR_DB, _sharp(score, alone), score)
    over = np.minimum(score - _frames(margin, frames), _over_faint(level, there, windows))
    over = np.where(there, over, -np.inf)
    # In quarters of a dB, as bytes: an hour of frames then takes a third of a megabyte.
    wide = (np.rint(4 * np.clip(x, -NOBODY / 4, NOBODY / 4)).astype(np.int16) for x in (margin, loud - margin))
    return Contrast(np.rint(np.clip(4 * over, -128, 127)).astype(np.int8), *wide)


def empty_contrast(frames: int) -> Contrast:
    """The contrast of frames without any sound."""
    margin = np.full(-(-frames // BLOCK), NOBODY, np.int16)
    return Contrast(np.full(frames, -128, np.int8), margin, -margin)


def smooth(x: Floats) -> Floats:
    """The mean of three frames."""
    padded = np.pad(x, [(1, 1)] + [(0, 0)] * (x.ndim - 1), mode="edge")
    total: Floats = (padded[:-2] + padded[1:-1] + padded[2:]) / np.float32(3)
    return total


def _over_faint(level: Floats, there: Mask, windows: _Windows) -> Floats:
    """(frames,): how far even sound lies over what is faint beside loud speech, in dB; infinite where it is not even.

    Automatic gain lifts the background within a pause, faster than the half minute around can tell.
    """
    smoothed = smooth(10 * np.log10(np.maximum(level, np.float32(1e-11))))
    bins = _bins(smoothed[:, None], BAND_LOW_DB, BAND_STEP_DB, BAND_BINS)
    counts = windows.sums(_counts(bins, there, BAND_BINS), REACH, REACH)
    loud = _filled(_quantile(counts, LOUD_QUANTILE, BAND_LOW_DB, BAND_STEP_DB))[:, 0]
    even = _greatest(smoothed, EVEN_RUN) + _greatest(-smoothed, EVEN_RUN) < EVEN_DB
    inside = _greatest(even.astype(np.float32), EVEN_RUN - 2 * EVEN_EDGE) > 0
    return np.where(inside, smoothed - _frames(loud - FAINT_DB, len(level)), np.inf)


def _greatest(x: Floats, width: int) -> Floats:
    """The greatest of the ``width`` entries around each."""
    # By doubling: the greatest of 2 n entries is that of two greatest of n, so 30 entries take five passes, not 29.
    x, reach = np.pad(x, (width // 2, width - 1 - width // 2), mode="edge"), 1
    while reach < width:
        more = min(reach, width - reach)
        x, reach = np.maximum(x[:-more], x[more:]), reach + more
    return x


def _sharp(score: Floats, alone: Floats) -> Floats:
    """The smoothed score, but beside silence of each frame ``alone``: smoothing widens words by a frame."""
    padded = np.pad(score, 1, mode="edge")
    return np.minimum(score, np.maximum(alone, np.minimum(padded[:-2], padded[2:])))


class _Windows(NamedTuple):
    """The blocks around each block, up to where the background changes."""

    start: Ints
    end: Ints

    @classmethod
    def of(cls, counts: Ints) -> _Windows:
        """Divide where the floor of the ten seconds before and of the ten after differ. ``counts``: see ``_counts``."""
        blocks = len(counts)
        whole = cls(np.zeros(blocks, np.int64), np.full(blocks, blocks))
        before = _quantile(whole.sums(counts, CHANGED_BLOCKS - 1, 0), FLOOR_QUANTILE, BAND_LOW_DB, BAND_STEP_DB)
        after = _quantile(whole.sums(counts, 0, CHANGED_BLOCKS - 1), FLOOR_QUANTILE, BAND_LOW_DB, BAND_STEP_DB)
        change = np.zeros(blocks)
        change[3 : blocks - 2] = np.nan_to_num(np.abs(after[3 : blocks - 2] - before[2 : blocks - 3])).mean(axis=1)
        # A cut is the second of the greatest change among its neighbours: one change is not divided twice.
        cuts = [
            i
            for i in np.flatnonzero(change > CHANGED_DB)
            if change[i] >= change[max(0, i - CHANGED_BLOCKS) : i + CHANGED_BLOCKS + 1].max()
        ]
        edges = np.array([0, *cuts, blocks])
        between = np.searchsorted(edges, np.arange(blocks), side="right") - 1
        return cls(edges[between], edges[between + 1])

    def sums(self, counts: npt.NDArray[Any], left: int, right: int) -> npt.NDArray[Any]:
        """Sum up around each block, within its window.

        Args:
            counts: (blocks, ...): what is summed.
            left: How many blocks before it count.
            right: How many blocks after it count.

        Returns:
            (blocks, ...): the sums.
        """
        total = np.concatenate([np.zeros_like(counts[:1]), np.cumsum(counts, axis=0, dtype=counts.dtype)])
        here = np.arange(len(counts))
        first, last = np.maximum(here - left, self.start), np.minimum(here + right + 1, self.end)
        summed: npt.NDArray[Any] = total[last] - total[first]
        return summed


def _first_guess(spectrum: Floats, bins: Ints, there: Mask, windows: _Windows) -> tuple[Floats, Mask]:
    """(blocks, bands): the floor of each band in dB; and (frames,): whether only background is heard.

    Minimum statistics (Martin, "Noise power spectral density estimation based on optimal smoothing and minimum
    statistics", 2001), with a low quantile for the minimum.
    """
    frames = len(there)
    counts = windows.sums(_counts(bins, there, BAND_BINS), REACH, REACH)
    floor = _filled(_quantile(counts, FLOOR_QUANTILE, BAND_LOW_DB, BAND_STEP_DB))
    score = smooth(np.clip(spectrum - _frames(floor, frames), 0, MAX_OVER_DB).mean(axis=1))
    base = _filled(_quantile(_scores(score, there, windows), FLOOR_QUANTILE, SCORE_LOW_DB, SCORE_STEP_DB))
    return floor, _runs(score <= _frames(base, frames)[:, 0] + FIRST_MARGIN_DB, QUIET_RUN) & there


def _in_quiet(bins: Ints, quiet: Mask, windows: _Windows) -> Floats:
    """(blocks, bands): what each band hardly exceeds in silence, in dB."""
    counts = windows.sums(_counts(bins, quiet, BAND_BINS), REACH, REACH)
    return _quantile(counts, QUIET_QUANTILE, BAND_LOW_DB, BAND_STEP_DB)


def _margins(score: Floats, there: Mask, windows: _Windows) -> Floats:
    """(blocks,): the lowest margin from which on silence stops growing.

    Where the threshold lies in the middle of noise, a step up turns much of it silent; above the noise a step adds
    little, since between background and speech there are few frames.
    """
    silent = np.stack([_by_block(_runs(score <= m, SILENT_RUN) & there) for m in MARGINS_DB], axis=1)
    silent = windows.sums(silent, CALM_REACH, CALM_REACH)
    enough = SHARE * windows.sums(_by_block(there), CALM_REACH, CALM_REACH)
    step = np.zeros(len(silent), np.int64)
    for i in range(len(MARGINS_DB) - 1):
        grows = (silent[:, i + 1] > GROWTH * silent[:, i]) & (silent[:, i] > enough)
        step[(step == i) & grows] = i + 1
    loud = _filled(_quantile(_scores(score, there, windows), LOUD_QUANTILE, SCORE_LOW_DB, SCORE_STEP_DB))[:, 0]
    margins: Floats = np.minimum(MARGINS_DB[step], np.maximum(MARGINS_DB[0], loud * MAX_SHARE))
    return margins


class _Frames(NamedTuple):
    """(frames,) each: the power, whether there is any sound, and whether only background is heard."""

    level: Floats
    there: Mask
    quiet: Mask


def _thresholds(score: Floats, calm: Floats, frames: _Frames, windows: _Windows) -> tuple[Floats, Floats]:
    """(blocks,) each: the threshold over the background, and how loud speech is over it, in dB."""
    level, there, quiet = frames
    in_quiet = _scores(score, quiet, windows)
    middle, low = (_quantile(in_quiet, q, SCORE_LOW_DB, SCORE_STEP_DB) for q in (0.5, 0.16))
    loud = _filled(_quantile(_scores(score, there, windows), LOUD_QUANTILE, SCORE_LOW_DB, SCORE_STEP_DB))[:, 0]
    spread = np.minimum(SPREADS * _filled(middle - low)[:, 0], np.minimum(MAX_SPREAD_DB, loud * MAX_SHARE))
    margin = np.maximum(np.maximum(calm, spread) - CLOSER_DB, loud - INAUDIBLE_DB)
    empty, full, calm_there = (windows.sums(_by_block(x), REACH, REACH) for x in (~there, there, quiet))
    power = windows.sums(_by_block(np.where(there, level, 0)), REACH, REACH) / np.maximum(full, 1)
    # Steady noise between digital silence was put there (a tone, room sound under a title): it is no background.
    meant = (empty > MEANT_SHARE * (empty + full)) & (power > 10 ** (MEANT_DB / 10))
    steady = loud < SPEECH_RANGE_DB
    margin = np.where((empty > MOSTLY * calm_there) | (steady & meant), loud - INAUDIBLE_DB, margin)
    return np.where(steady & ~meant, NOBODY / 4, margin), loud


def _scores(score: Floats, use: Mask, windows: _Windows) -> Ints:
    """(blocks, 1, bins): histograms of the scores of the frames to ``use``, over half a minute."""
    bins = _bins(score[:, None], SCORE_LOW_DB, SCORE_STEP_DB, SCORE_BINS)
    return windows.sums(_counts(bins, use, SCORE_BINS), REACH, REACH)


def _bins(x: Floats, low: float, step: float, bins: int) -> Ints:
    """The bin of each value (dB); what is beyond either end falls into the last bin there."""
    places: Ints = np.clip((x - np.float32(low)) * np.float32(1 / step), 0, bins - 1).astype(np.int32)
    return places


def _counts(bins: Ints, use: Mask, size: int) -> Ints:
    """(blocks, columns, size): in each block, how many of the frames to ``use`` fall in each bin."""
    frames, columns = bins.shape
    blocks = -(-frames // BLOCK)
    which = np.flatnonzero(use)
    place = ((which // BLOCK)[:, None] * columns + np.arange(columns)) * size + bins[which]
    return np.bincount(place.ravel(), minlength=blocks * columns * size).reshape(blocks, columns, size).astype(np.int32)


def _quantile(counts: Ints, q: float, low: float, step: float) -> Floats:
    """The ``q`` quantile of each histogram, by linear interpolation; not a number where there are too few frames."""
    up_to = np.cumsum(counts, axis=-1, dtype=np.int32)
    wanted = q * up_to[..., -1:]
    at = np.minimum(np.count_nonzero(up_to < wanted, axis=-1), counts.shape[-1] - 1)[..., None]
    here = np.take_along_axis(counts, at, -1)
    part = (wanted - np.take_along_axis(up_to, at, -1) + here) / np.maximum(here, 1)
    value: Floats = (low + step * (at + np.clip(part, 0, 1)))[..., 0]
    return np.where(up_to[..., -1] >= ENOUGH, value, np.nan)


def _filled(x: Floats, unknown: Floats | float = 0.0) -> Floats:
    """(blocks, columns), with what is not known taken from the nearest blocks where it is, else from ``unknown``."""
    if not np.isfinite(x).any():
        return np.broadcast_to(unknown, x.shape).astype(x.dtype)
    x = x.copy()
    here = np.arange(len(x))
    for column in x.T:
        known = np.isfinite(column)
        column[:] = np.interp(here, here[known], column[known]) if known.any() else BAND_LOW_DB
    return x


def _frames(blocks: Floats, frames: int) -> Floats:
    """(frames, ...): the value of its block for each frame."""
    return np.repeat(blocks.astype(np.float32), BLOCK, axis=0)[:frames]


def _by_block(frames: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """(blocks,): the sums, whole numbers of what is true or false."""
    kind = np.int32 if frames.dtype == np.bool_ else np.float64
    return np.add.reduceat(frames, np.arange(0, len(frames), BLOCK), dtype=kind)


def edges(mask: Mask) -> Ints:
    """(runs, 2): first and one past the last of each run of true."""
    padded = np.zeros(len(mask) + 2, np.bool_)
    padded[1:-1] = mask
    return np.flatnonzero(padded[1:] != padded[:-1]).reshape(-1, 2)


def _runs(mask: Mask, min_frames: int) -> Mask:
    """The mask without its runs shorter than ``min_frames``."""
    short = edges(mask)
    short = short[short[:, 1] - short[:, 0] < min_frames]
    steps = np.zeros(len(mask) + 1, np.int8)
    steps[short[:, 0]], steps[short[:, 1]] = 1, -1
    long: Mask = mask & (np.cumsum(steps[:-1], dtype=np.int8) == 0)
    return long
