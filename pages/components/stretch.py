"""The stretch of a recording that was selected on its map."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

from clipper_core.domain.time_range import TimeRange, milliseconds


def stretch_of(event: Mapping[str, Any] | None, duration_ms: int) -> TimeRange | None:
    """What plotly says was selected, cut to the recording; None where nothing that has a length was.

    ``event`` is what ``st.plotly_chart`` returns: its first box, whose ``x`` are seconds in either order.
    """
    boxes = ((event or {}).get("selection") or {}).get("box") or []
    if not boxes:
        return None
    ends = [s for s in boxes[0].get("x", ()) if isinstance(s, int | float) and isfinite(s)]
    if not ends:
        return None
    start_ms = max(0, milliseconds(min(ends)))
    end_ms = min(duration_ms, milliseconds(max(ends)))
    return TimeRange(start_ms, end_ms) if start_ms < end_ms else None
