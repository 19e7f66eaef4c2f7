"""Uploads: recordings on their way in, piece by piece."""

from __future__ import annotations

from clipper_core.services.uploads.piece import Piece, UploadState
from clipper_core.services.uploads.uploads import UploadLimits, Uploads

__all__ = ["Piece", "UploadLimits", "UploadState", "Uploads"]
