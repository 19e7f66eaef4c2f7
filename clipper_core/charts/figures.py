"""The map of a whole recording for plotly, from plain values.

Plotly is imported only when a figure is made.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from clipper_core.charts.drawing import (
    COLOURS,
    FLOOR_DB,
    LEVEL,
    MAX_BUCKETS,
    NAMES,
    SEEN_NAMES,
    SIGNS,
    DrawnClip,
    Levels,
    clock,
    level_points,
)
from clipper_core.domain.clip import ClipStatus
from clipper_core.domain.coverage import Attention, Coverage
from clipper_core.domain.envelope import FRAME_MS, Envelope
from clipper_core.domain.silence import Silence, SilenceBasis, SilenceMap
from clipper_core.domain.time_range import TimeRange

DOUBTFUL, SURE = 0.6, 0.9  # below the one a silence may well be none, from the other on it hardly ever is
MAX_LEVELS = 500
DAY_MS = 86_400_000  # a clock begins a day late: plotly takes numbers of four digits for years
CLOSE_BUCKETS = 30_000  # of a picture that is looked at closely
TICKS_WANTED = 9
TICK_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)

RESTS_ON = {
    SilenceBasis.THRESHOLD: "below the fixed level",
    SilenceBasis.LEVEL: "quieter than the speech around",
    SilenceBasis.BANDS: "noise or music, no speech in it",
    SilenceBasis.VOICE: "there is sound, but no voice",
    SilenceBasis.NOBODY: "nobody speaks near it",
}
# Told apart by pattern first: full, hatched, dotted, empty.
SEEN_MARKERS: dict[Attention, dict[str, Any]] = {
    Attention.DECIDED: {"color": "#1f9d55"},
    Attention.PROPOSED: {"color": "#4f86e8", "pattern": {"shape": "/", "size": 6, "solidity": 0.4}},
    Attention.LISTENED: {"color": "#8a7ab8", "pattern": {"shape": ".", "size": 6, "solidity": 0.3}},
    Attention.NEVER: {"color": "rgba(0,0,0,0)"},
}
MOST_SEEN = 400  # stretches in the lane of what was looked at: narrower ones could not be made out
SILENCE = "rgba(94, 140, 220, 0.36)"
DEAD_AIR = "rgba(52, 96, 190, 0.66)"
PERHAPS = "rgba(94, 140, 220, 0.2)"
THRESHOLD = "#9d7fd6"
GRID = "rgba(128, 140, 160, 0.22)"
SEEN_EDGE = "rgba(128, 140, 160, 0.6)"


@dataclass(frozen=True, slots=True)
class FigureSize:
    """The height of a figure in pixels, and the parts of the recording whose level is drawn."""

    height: int = 260
    buckets: int = MAX_BUCKETS


def clock_ticks(duration_ms: int) -> tuple[list[int], list[str]]:
    """The marks of the time axis, in seconds, and their labels, at a round step that gives at most ``TICKS_WANTED``."""
    duration_s = duration_ms / 1000
    step = next((s for s in TICK_STEPS_S if duration_s / s <= TICKS_WANTED), None)
    if step is None:
        step = 3600 * -(-duration_ms // (3_600_000 * TICKS_WANTED))
    at = list(range(0, int(duration_s) + 1, step))
    return at, [clock(s * 1000).removesuffix(".0") for s in at]


# -- the map


def silence_map_figure(
    envelope: Envelope,
    silence_map: SilenceMap,
    clips: Sequence[DrawnClip] = (),
    *,
    levels: Levels | None = None,
    coverage: Coverage | None = None,
    size: FigureSize | None = None,
) -> Any:
    """The whole recording as a plotly figure: level with silences and threshold, and two lanes below.

    The x axis is in seconds, and a range of it can be selected. Names and titles are escaped: plotly reads markup.

    Args:
        envelope: the level that is drawn.
        silence_map: the silences, their settings, and the threshold if it is the same throughout.
        clips: the clips of the lower lane, which is left out without any.
        levels: the threshold in dBFS at every second; None if it is the same throughout.
        coverage: how much was looked at, for the upper lane; None to leave it out.
        size: the size of the figure; None for that of a page.
    """
    size = size or FigureSize()
    import plotly.graph_objects as go

    reach, mean = _level(envelope, silence_map, size.buckets)
    seen = _attention(coverage) if coverage is not None else []
    traces = [reach, *_silences(silence_map), mean, _threshold(silence_map, levels), *seen, *_lanes(clips)]
    lanes = [axis for axis, there in (("yaxis3", seen), ("yaxis2", clips)) if there]
    return go.Figure({"data": traces, "layout": _layout(silence_map.duration_ms, size.height, lanes)})


def recording_html(envelope: Envelope, silence_map: SilenceMap, *, levels: Levels | None = None) -> str:
    """The same as HTML that needs no network, to be looked at closely: dragging zooms, two clicks show all again.

    Args:
        envelope: The level that is drawn.
        silence_map: The silences, their settings, and the threshold if it is the same throughout.
        levels: The threshold in dBFS at every second; None if it is the same throughout.
    """
    figure = silence_map_figure(envelope, silence_map, levels=levels, size=FigureSize(420, CLOSE_BUCKETS))
    for trace in figure.data:  # as milliseconds of a clock, whose marks follow the zoom
        trace.x = (DAY_MS + np.rint(np.asarray(trace.x, np.float64) * 1000)).astype(np.int64).tolist()
    clock_axis = {"type": "date", "range": [DAY_MS, DAY_MS + max(1, silence_map.duration_ms)], "fixedrange": False}
    stops = [
        {"dtickrange": [None, 1000], "value": "%-H:%M:%S.%L"},
        {"dtickrange": [1000, None], "value": "%-H:%M:%S"},
    ]
    figure.update_xaxes(**clock_axis, tickvals=None, ticktext=None, tickmode="auto", tickformatstops=stops)
    figure.update_layout(dragmode="zoom", font={"size": 14, "family": "system-ui, sans-serif"})
    config = {"displaylogo": False, "displayModeBar": False, "responsive": True, "showTips": False}
    text: str = figure.to_html(config=config, include_plotlyjs=True, full_html=False, default_width="100%")
    return text


def in_words(confidence: float) -> str:
    """How sure it is that a silence is one."""
    if confidence < DOUBTFUL:
        return "doubtful"
    return "sure" if confidence >= SURE else "likely"


def _silences(silence_map: SilenceMap) -> list[dict[str, Any]]:
    """One trace for each kind of silence there is; what may be none is lighter and reaches half as deep."""
    kinds: dict[str, list[Silence]] = {"cuts": [], "dead air": [], "doubtful": []}
    for silence in silence_map.silences:
        if silence.confidence is not None and silence.confidence < DOUBTFUL:
            kinds["doubtful"].append(silence)
        else:
            kinds["dead air" if silence.length_ms >= silence_map.settings.dead_air_ms else "cuts"].append(silence)
    dead_air = f"dead air, {_seconds(silence_map.settings.dead_air_ms)} or longer"
    traces = [
        _shade(kinds["cuts"], "silence", SILENCE, FLOOR_DB),
        _shade(kinds["dead air"], dead_air, DEAD_AIR, FLOOR_DB),
        _shade(kinds["doubtful"], "perhaps silence", PERHAPS, FLOOR_DB // 2),
    ]
    return [t for t in traces if len(t["x"])]


def _shade(silences: Sequence[Silence], name: str, colour: str, depth_db: int) -> dict[str, Any]:
    """One step line that falls within each silence, filled up to 0 dB: one path however many there are.

    Two points each: at its start the line goes down and along, at its end back up.
    """
    spans = np.array([(s.start_ms, s.end_ms) for s in silences], np.float64)
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": (spans.ravel() / 1000).astype(np.float32),
        "y": np.tile(np.array([depth_db, 0], np.int8), len(spans)),
        "fill": "tozeroy",
        "fillcolor": colour,
        "line": {"width": 0, "color": colour, "shape": "hv"},
        "hoverinfo": "skip",
    }


def _level(envelope: Envelope, silence_map: SilenceMap, buckets: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """From the least to the greatest level as one zigzag, and the mean over it; hovering reads the mean."""
    points = level_points(envelope, buckets)
    ends = np.stack([points.low, points.high], axis=1).ravel()
    about = zip(points.at_s.tolist(), points.mean.tolist(), strict=True)
    wide_ms = envelope.frames * FRAME_MS / max(1, len(points.at_s))
    line = {"type": "scatter", "mode": "lines", "name": "level"}
    reach = {
        **line,
        "x": np.repeat(points.at_s, 2),
        "y": ends,
        "line": {"width": 1, "color": LEVEL},
        "opacity": 0.3,
        "showlegend": False,
        "hoverinfo": "skip",
    }
    mean = {
        **line,
        "x": points.at_s,
        "y": points.mean,
        "line": {"width": 1.5, "color": LEVEL},
        "text": [_about(round(s * 1000), wide_ms, db, silence_map) for s, db in about],
        "hovertemplate": "%{text}<extra></extra>",
    }
    return reach, mean


def _about(at_ms: int, wide_ms: float, level_db: float, silence_map: SilenceMap) -> str:
    """The text of a point: the silence there, or the level and the longest silence of what it stands for."""
    silence = silence_map.at(at_ms)
    if silence is not None:
        return f"{clock(at_ms)}  silence {_about_silence(silence)}"
    around = silence_map.around(at_ms, round(wide_ms / 2))
    text = f"{clock(at_ms)}  {level_db:.0f} dB"
    if not around:
        return text
    longest = _about_silence(max(around, key=lambda s: s.length_ms))
    return f"{text}, {f'{len(around)} silences, longest' if len(around) > 1 else 'silence'} {longest}"


def _about_silence(silence: Silence) -> str:
    text = f"{silence.length_ms / 1000:.2f} s, {silence.level_db:.0f} dB"
    sure = in_words(silence.confidence) if silence.confidence is not None else ""
    rests_on = RESTS_ON[silence.evidence] if silence.evidence is not None else ""
    return text + (f", {sure}" if sure else "") + (f": {rests_on}" if rests_on else "")


def _threshold(silence_map: SilenceMap, levels: Levels | None) -> dict[str, Any]:
    if levels is None or not len(levels):
        level = min(0.0, max(FLOOR_DB, round(silence_map.threshold_db, 1)))
        name = f"silent below {level:.0f} dB"
        x, y = np.array([0, silence_map.duration_ms / 1000]), np.array([level, level])
    else:
        name = "silent below this line"
        x, y = _thinned(levels, silence_map.duration_ms)
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": x.astype(np.float32),
        "y": y.astype(np.float32),
        "line": {"width": 1.5, "color": THRESHOLD, "dash": "dot"},
        "hoverinfo": "skip",
    }


def _thinned(levels: Levels, duration_ms: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """At most ``MAX_LEVELS`` means of them, each at the middle of its seconds; the first and last at the ends."""
    count = min(MAX_LEVELS, len(levels))
    edges = np.arange(count + 1, dtype=np.int64) * len(levels) // count
    bounded = np.clip(levels.astype(np.float64), FLOOR_DB, 0)
    y = np.add.reduceat(bounded, edges[:-1]) / np.diff(edges)
    x = (edges[:-1] + edges[1:]) / 2
    return np.concatenate(([0], x, [duration_ms / 1000])), np.concatenate((y[:1], y, y[-1:]))


def _seconds(ms: int) -> str:
    return f"{ms / 1000:g} s"


def _attention(coverage: Coverage) -> list[dict[str, Any]]:
    """One trace of bars for each thing that is known of a moment."""
    ranges = _visible(coverage)
    return [_bars(kind, of_it) for kind in Attention if (of_it := [r for r, s in ranges if s is kind])]


def _visible(coverage: Coverage) -> list[tuple[TimeRange, Attention]]:
    """The ranges themselves; of very many, the kind that fills most of each part: a screen shows no more."""
    if len(coverage.stretches) <= MOST_SEEN:
        return list(coverage.stretches)
    edges = np.linspace(0, coverage.duration_ms, MOST_SEEN + 1)
    starts = np.array([r.start_ms for r, _ in coverage.stretches] + [coverage.duration_ms])
    shares = []
    for kind in Attention:
        lengths = [r.length_ms if s is kind else 0 for r, s in coverage.stretches]
        shares.append(np.diff(np.interp(edges, starts, np.cumsum([0, *lengths]))))
    largest = np.argmax(shares, axis=0)
    turns = np.flatnonzero(np.diff(largest)) + 1
    bounds = np.rint(edges[[0, *turns, -1]]).astype(int).tolist()
    kinds = [tuple(Attention)[n] for n in largest[[0, *turns]].tolist()]
    return [(TimeRange(*r), kind) for r, kind in zip(pairwise(bounds), kinds, strict=True)]


def _bars(kind: Attention, ranges: Sequence[TimeRange]) -> dict[str, Any]:
    name = SEEN_NAMES[kind]
    return {
        "type": "bar",
        "orientation": "h",
        "name": name,
        "base": np.array([r.start_ms / 1000 for r in ranges], np.float32),
        "x": np.array([r.length_ms / 1000 for r in ranges], np.float32),
        "y": np.zeros(len(ranges), np.int8),
        "yaxis": "y3",
        "width": 0.9,
        "marker": {**SEEN_MARKERS[kind], "line": {"width": 1, "color": SEEN_EDGE}},
        "hovertext": [f"{_second(r.start_ms)} to {_second(r.end_ms)}: {name}" for r in ranges],
        "hovertemplate": "%{hovertext}<extra></extra>",
        "showlegend": False,
        "selected": {"marker": {"opacity": 1}},
        "unselected": {"marker": {"opacity": 1}},
    }


def _second(ms: int) -> str:
    return clock(ms)[:-2]


def _lanes(clips: Iterable[DrawnClip]) -> list[dict[str, Any]]:
    by_status = {s: [c for c in clips if c.status is s] for s in ClipStatus}
    return [_lane(status, of_it) for status, of_it in by_status.items() if of_it]


def _lane(status: ClipStatus, clips: Sequence[DrawnClip]) -> dict[str, Any]:
    sign, name = SIGNS[status], NAMES[status]
    return {
        "type": "bar",
        "orientation": "h",
        "name": f"{sign} {len(clips)} {name}",
        "base": [c.start_ms / 1000 for c in clips],
        "x": [(c.end_ms - c.start_ms) / 1000 for c in clips],
        "y": [0] * len(clips),
        "yaxis": "y2",
        "width": 0.8,
        "marker": {"color": COLOURS[status], "line": {"width": 1, "color": "rgba(255, 255, 255, 0.5)"}},
        "opacity": 0.9,
        "hovertext": [f"{sign} {escape(_short(c.title))}<br>{_span(c)}, {name}" for c in clips],
        "hovertemplate": "%{hovertext}<extra></extra>",
        "selected": {"marker": {"opacity": 0.9}},
        "unselected": {"marker": {"opacity": 0.9}},
    }


def _short(title: str, max_chars: int = 60) -> str:
    return title if len(title) <= max_chars else title[: max_chars - 1] + "…"


def _span(clip: DrawnClip) -> str:
    return f"{clock(clip.start_ms)} to {clock(clip.end_ms)}, {round((clip.end_ms - clip.start_ms) / 1000)} s"


LANE, LANES_FROM = 0.12, 0.2  # parts of the height: one lane, and where the level ends above one


def _layout(duration_ms: int, height: int, lanes: Sequence[str]) -> dict[str, Any]:
    """``lanes`` are the axes of the lanes there are, from above."""
    ticks, labels = clock_ticks(duration_ms)
    quiet = {"gridcolor": GRID, "zeroline": False, "fixedrange": True}
    return {
        "height": height,
        "margin": {"l": 44, "r": 8, "t": 8, "b": 28},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "hovermode": "closest",
        "hoverdistance": 200,
        "barmode": "overlay",
        "dragmode": "select",
        "selectdirection": "h",
        "showlegend": True,
        "legend": {
            "orientation": "h",
            "x": 0,
            "y": 1.02,
            "yanchor": "bottom",
            "itemclick": False,
            "itemdoubleclick": False,
        },
        "uirevision": "kept",
        "xaxis": {
            "range": [0, max(1, duration_ms) / 1000],
            "tickvals": ticks,
            "ticktext": labels,
            "anchor": lanes[-1].replace("axis", "") if lanes else "y",
            **quiet,
        },
        "yaxis": {
            "domain": [(0, LANES_FROM, LANES_FROM + LANE + 0.04)[len(lanes)], 1],
            "range": [FLOOR_DB, 0],
            "tickvals": [-60, -40, -20, 0],
            "ticktext": ["−60 dB", "−40 dB", "−20 dB", "0 dB"],
            **quiet,
        },
        **{axis: _lane_axis(axis, len(lanes) - number) for number, axis in enumerate(lanes, 1)},
    }


def _lane_axis(axis: str, above: int) -> dict[str, Any]:
    """A lane that lies over ``above`` others."""
    bottom = above * (LANE + 0.04)
    return {
        "domain": [bottom, bottom + LANE],
        "range": [-0.5, 0.5],
        "tickvals": [0],
        "ticktext": [{"yaxis2": "clips", "yaxis3": "review"}[axis]],
        "showgrid": False,
        "zeroline": False,
        "fixedrange": True,
    }
