"""Renders: the files of approved versions."""

from __future__ import annotations

from clipper_core.services.renders.renders import Renders, RenderView, is_approved

__all__ = ["RenderView", "Renders", "is_approved"]
