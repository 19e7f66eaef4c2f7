"""Rendered files as they are handed out: one by one, or as a bundle."""

from __future__ import annotations

from clipper_core.services.exports.bundle import Exports
from clipper_core.services.exports.files import ServedFile, ServedFiles

__all__ = ["Exports", "ServedFile", "ServedFiles"]
