"""Silence maps as people choose them, and the waveform they are drawn over."""

from __future__ import annotations

from clipper_core.services.silences.peaks import Peaks, PeaksView
from clipper_core.services.silences.settings import MapView, Silences, checked_settings

__all__ = ["MapView", "Peaks", "PeaksView", "Silences", "checked_settings"]
