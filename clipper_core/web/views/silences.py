"""Silence maps and waveforms as JSON."""

from __future__ import annotations

from dataclasses import asdict

from clipper_core.domain.documents import Json, silence_json
from clipper_core.domain.time_range import seconds
from clipper_core.services.silences import MapView, PeaksView


def map_json(view: MapView) -> Json:
    silence_map = view.silence_map
    settings = silence_map.settings
    return {
        "revision": view.revision,
        "duration_s": seconds(silence_map.duration_ms),
        "threshold_db": round(silence_map.threshold_db, 1),
        "adaptive": settings.threshold_db is None,
        "offset_db": settings.offset_db,
        "min_silence_ms": settings.min_silence_ms,
        "dead_air_ms": settings.dead_air_ms,
        "loudness": asdict(view.loudness),
        "silences": [silence_json(s) for s in silence_map.silences],
    }


def peaks_json(peaks: PeaksView) -> Json:
    return {
        "from_s": seconds(peaks.start_ms),
        "to_s": seconds(peaks.end_ms),
        "points": len(peaks.low),
        "resolution_ms": round(peaks.resolution_ms, 4),
        "low": peaks.low.tolist(),
        "high": peaks.high.tolist(),
    }
