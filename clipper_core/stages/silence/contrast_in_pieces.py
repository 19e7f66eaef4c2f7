"""Measure how far each moment of a recording stands out from the background, piece by piece, as it is decoded."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from clipper_core.domain.contrast import BLOCK, Contrast
from clipper_core.domain.envelope import FLOOR_CDB, Levels
from clipper_core.stages.silence.contrast import Floats, empty_contrast, judge

PIECE, CONTEXT = 400, 90  # blocks judged at a time, and those around them that only give context

Powers = tuple[Floats, Floats]  # bands and level


class ContrastMeter:
    """The contrast of a recording of any length in constant memory, but for the result of a byte a frame.

    Powers are judged seven minutes at a time, with a minute and a half of context on either side. A meter that begins
    ``later`` takes its first context for just that, and leaves judging it to the meter before.
    """

    def __init__(self, later: bool = False) -> None:
        self._waiting: list[Powers] = []
        self._frames = 0  # that wait
        self._before = CONTEXT if later else 0  # blocks of context at the start of what waits
        self._total = 0
        self._opening: list[Powers] = []  # what the meter before needs
        self._opening_left = 2 * CONTEXT * BLOCK if later else 0
        self._done: list[Contrast] = []

    def add(self, bands: Floats, level: Floats) -> None:
        """``bands`` (frames, bands) and ``level`` (frames,), both powers, full scale = 1."""
        if self._opening_left > 0:
            self._opening.append((bands[: self._opening_left], level[: self._opening_left]))
            self._opening_left -= len(self._opening[-1][1])
        self._waiting.append((bands, level))
        self._frames += len(level)
        self._total += len(level)
        while self._frames >= (self._before + PIECE + CONTEXT) * BLOCK:
            self._judge(PIECE)

    def join(self, after: ContrastMeter) -> None:
        """Append what another meter measured that began ``later``, just where this one ends.

        The result is as if one had measured it all, but for where pieces begin. Nothing can be added to ``after`` any
        more. Raises ValueError where this one did not get whole seconds.
        """
        if self._total % BLOCK:
            raise ValueError("only whole seconds can be followed by something")
        for bands, level in after._opening:
            self.add(bands, level)
        opening = sum(len(level) for _, level in after._opening)
        if opening <= CONTEXT * BLOCK:
            return
        self._judge(self._unjudged - (-(-opening // BLOCK) - CONTEXT))
        self._done.append(after.finish())
        self._waiting, self._frames, self._before = [], 0, 0

    def finish(self) -> Contrast:
        """All that was judged, and what is left. Nothing can be added after that."""
        self._judge(self._unjudged)
        self._waiting, self._frames, self._before = [], 0, 0
        if not self._done:
            return empty_contrast(0)
        rows = zip(*((c.over, c.margin, c.loud) for c in self._done), strict=True)
        whole = Contrast(*(np.concatenate(row) for row in rows))
        self._done = [whole]
        return whole

    @property
    def _unjudged(self) -> int:
        return max(0, -(-self._frames // BLOCK) - self._before)

    def _judge(self, blocks: int) -> None:
        """Judge the next ``blocks``, then forget what is not context for those after them."""
        if blocks <= 0:
            return
        bands, level = (np.concatenate(rows) for rows in zip(*self._waiting, strict=True))
        contrast = judge(bands, level)
        first, last = self._before, self._before + blocks
        over = contrast.over[first * BLOCK : last * BLOCK]
        self._done.append(Contrast(over, contrast.margin[first:last], contrast.loud[first:last]))
        keep = max(0, last - CONTEXT)  # copied, or a view would hold all of it in memory
        self._waiting = [(bands[keep * BLOCK :].copy(), level[keep * BLOCK :].copy())]
        self._frames, self._before = max(0, len(level) - keep * BLOCK), last - keep


def contrast_of_levels(level_cdb: Levels) -> Contrast:
    """The same from the level alone, as the only band: for envelopes in which no contrast was measured."""
    meter = ContrastMeter()
    for first in range(0, len(level_cdb), PIECE * BLOCK):
        power = _power(level_cdb[first : first + PIECE * BLOCK])
        meter.add(power[:, None], power)
    return meter.finish()


def _power(level_cdb: Levels) -> npt.NDArray[np.float32]:
    power = np.power(np.float32(10), level_cdb.astype(np.float32) / 1_000)
    power[level_cdb <= FLOOR_CDB] = 0
    return power
