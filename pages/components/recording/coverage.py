"""The coverage of a recording in a line of words, which is also the key to the lane on the map."""

from __future__ import annotations

from clipper_core.charts.drawing import SEEN_NAMES
from clipper_core.domain.coverage import Attention, Coverage
from pages.components.phrasing import THIN


def coverage_html(coverage: Coverage) -> str:
    """``8 % decided  12 % proposed  5 % listened to  75 % never looked at``, each beside its pattern on the map."""
    percents = coverage.percents()
    parts = [_part(kind, percents[kind], coverage.length_ms(kind)) for kind in Attention]
    return f'<div class="facts seen">{"".join(f"<span>{part}</span>" for part in parts)}</div>'


def _part(kind: Attention, percent: int, length_ms: int) -> str:
    number = "under 1" if length_ms and not percent else str(percent)
    return f'<i class="{kind.value}" aria-hidden="true"></i>{number}{THIN}% {SEEN_NAMES[kind]}'
