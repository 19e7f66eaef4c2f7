"""A caption has a time that can be shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.domain.captions import Caption


@given(st.integers(-1_000, 1_000), st.integers(-1_000, 1_000))
def test_a_caption_never_ends_before_it_starts(start: int, end: int) -> None:
    if 0 <= start <= end:
        assert Caption(start, end, "x").end_ms == end
    else:
        with pytest.raises(ValueError, match="not a caption's time"):
            Caption(start, end, "x")


def test_captions_sort_by_their_time() -> None:
    late, early = Caption(2_000, 3_000, "a"), Caption(1_000, 3_000, "b")

    assert sorted([late, early]) == [early, late]
