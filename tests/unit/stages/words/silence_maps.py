"""Maps of silences of every kind."""

from __future__ import annotations

from hypothesis import strategies as st

from clipper_core.domain.silence import Silence, SilenceMap


@st.composite
def maps(draw: st.DrawFn) -> SilenceMap:
    lengths = draw(st.lists(st.tuples(st.integers(1, 90_000), st.integers(1, 90_000)), max_size=20))
    at, silences = 0, []
    for gap, length in lengths:
        silences.append(Silence(at + gap, at + gap + length))
        at += gap + length
    return SilenceMap(at + draw(st.integers(0, 200_000)), tuple(silences))
