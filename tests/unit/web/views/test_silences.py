"""A silence map is told with its settings, a waveform with its resolution."""

from __future__ import annotations

import numpy as np

from clipper_core.domain.loudness import Loudness
from clipper_core.domain.silence import Silence, SilenceMap, SilenceSettings
from clipper_core.services.silences.peaks import PeaksView
from clipper_core.services.silences.settings import MapView
from clipper_core.web.views.silences import map_json, peaks_json


def test_a_map_is_told_with_its_settings() -> None:
    found = SilenceMap(60_500, (Silence(1_000, 2_000, -61.26),), -45.67, SilenceSettings(offset_db=3.0))

    document = map_json(MapView("map_1", found, Loudness(integrated_lufs=-16.0)))

    assert (document["revision"], document["duration_s"], document["threshold_db"]) == ("map_1", 60.5, -45.7)
    assert (document["adaptive"], document["offset_db"]) == (True, 3.0)
    assert document["loudness"]["integrated_lufs"] == -16.0
    assert document["silences"] == [{"start_s": 1.0, "end_s": 2.0, "level_db": -61.3}]


def test_a_fixed_threshold_is_not_adaptive() -> None:
    found = SilenceMap(1_000, (), -40.0, SilenceSettings(threshold_db=-40.0))

    assert map_json(MapView("map_1", found, Loudness()))["adaptive"] is False


def test_a_waveform_is_told_in_plain_numbers() -> None:
    view = PeaksView(1_000, 1_030, np.array([-3, -2, -1]), np.array([1, 2, 3]))

    assert peaks_json(view) == {
        "from_s": 1.0,
        "to_s": 1.03,
        "points": 3,
        "resolution_ms": 10.0,
        "low": [-3, -2, -1],
        "high": [1, 2, 3],
    }
