"""The server as a whole: starting, health, moving, sweeping."""

from __future__ import annotations

from clipper_core.services.server.health import Health
from clipper_core.services.server.metrics import metrics_text
from clipper_core.services.server.move import Place, Relocation
from clipper_core.services.server.serve import ServeOptions, serve_all
from clipper_core.services.server.sweep import StoreSweeper

__all__ = ["Health", "Place", "Relocation", "ServeOptions", "StoreSweeper", "metrics_text", "serve_all"]
