"""Stored files of a project, and the maps, envelopes and transcripts that are read from them."""

from __future__ import annotations

from clipper_core.services.assets.files import Files, NewFile, write_json
from clipper_core.services.assets.measured import CertifiedCuts, MeasuredArtifacts

__all__ = ["CertifiedCuts", "Files", "MeasuredArtifacts", "NewFile", "write_json"]
