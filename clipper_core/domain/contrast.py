"""Contrast: how far each moment stands out from the background under it. Adaptive silences are found in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

BLOCK = 100  # frames: the background is estimated once a second
NOBODY = 400  # a margin above any sound: there is no speech anywhere near

Quarters = npt.NDArray[np.int8]
WideQuarters = npt.NDArray[np.int16]


@dataclass(frozen=True, slots=True, eq=False)
class Contrast:
    """All in quarters of a dB.

    ``over`` (frames,): how far a frame lies over the threshold between background and speech; silent at 0 or below.
    ``margin`` (blocks,): how far the threshold lies over the background, ``NOBODY`` where there is no speech.
    ``loud`` (blocks,): how far loud speech lies over the threshold.
    """

    over: Quarters
    margin: WideQuarters
    loud: WideQuarters

    def __post_init__(self) -> None:
        if not self.over.ndim == self.margin.ndim == self.loud.ndim == 1:
            raise ValueError("a contrast has plain rows")
        if not len(self.margin) == len(self.loud) == -(-len(self.over) // BLOCK):
            raise ValueError("a contrast has a margin and a loudness for every second")
