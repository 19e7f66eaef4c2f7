"""Renders as JSON."""

from __future__ import annotations

from clipper_core.domain.documents import Json
from clipper_core.services.renders import RenderView


def render_json(render: RenderView) -> Json:
    # The file of an older version, or of one whose approval was withdrawn, is no longer served.
    served = render.asset_id is not None and render.still_approved
    return {
        "id": render.id,
        "project_id": render.project_id,
        "clip_id": render.clip_id,
        "version": render.version,
        "title": render.title,
        "preset": render.preset,
        "state": render.state.value,
        "progress": round(render.progress, 3),
        "error": {"code": render.error_code, "message": render.error} if render.error_code else None,
        "length_s": render.length_ms / 1000,
        "size": render.size,
        "mime": render.mime,
        "measured": render.measured,
        "url": f"/media-files/{render.asset_id}" if served else None,
        "download_url": f"/media-files/{render.asset_id}?download=1" if served else None,
        "captions_url": f"/media-files/{render.captions_id}?download=1" if served and render.captions_id else None,
        "approved": render.still_approved,
    }
