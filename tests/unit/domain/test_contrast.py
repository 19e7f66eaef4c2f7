"""A contrast refuses rows that do not fit together."""

from __future__ import annotations

import numpy as np
import pytest

from clipper_core.domain.contrast import BLOCK, Contrast


def rows(frames: int, blocks: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return np.zeros(frames, np.int8), np.zeros(blocks, np.int16), np.zeros(blocks, np.int16)


@pytest.mark.parametrize(("frames", "blocks"), [(0, 0), (1, 1), (BLOCK, 1), (BLOCK + 1, 2)])
def test_a_begun_second_has_a_margin_of_its_own(frames: int, blocks: int) -> None:
    assert len(Contrast(*rows(frames, blocks)).margin) == blocks


@pytest.mark.parametrize(("frames", "blocks"), [(1, 0), (BLOCK, 2), (BLOCK + 1, 1)])
def test_margins_for_other_seconds_are_refused(frames: int, blocks: int) -> None:
    with pytest.raises(ValueError, match="every second"):
        Contrast(*rows(frames, blocks))


def test_tables_are_refused() -> None:
    over, margin, loud = rows(BLOCK, 1)

    with pytest.raises(ValueError, match="plain rows"):
        Contrast(over[:, None], margin, loud)
