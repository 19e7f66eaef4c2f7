"""``/media-files``: stored recordings, previews and renders, by ranges."""

from __future__ import annotations

import mimetypes
from email.utils import format_datetime
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, StreamingResponse

from clipper_core.services.media import MediaFile
from clipper_core.web.forms import app_of

router = APIRouter(tags=["media"])

SAFE = ("audio/", "video/")


@router.get("/media-files/{asset_id}")
@router.head("/media-files/{asset_id}")
def media_file(request: Request, asset_id: str, download: bool = False) -> FileResponse:
    """A stored file, whole or by ``Range``; ``download=1`` saves it under its own name."""
    media = app_of(request).media
    file = media.get(asset_id)
    headers = {
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; media-src 'self'",
        # A file never changes under its id.
        "Cache-Control": "private, max-age=31536000, immutable",
        "Last-Modified": format_datetime(file.created_at, usegmt=True),
    }
    playable = file.mime.startswith(SAFE)
    headers["Content-Disposition"] = disposition(file, attached=download or not playable)
    with media.local(file) as path:
        return FileResponse(path, media_type=file.mime if playable else "application/octet-stream", headers=headers)


@router.get("/api/projects/{project_id}/bundle")
def bundle(request: Request, project_id: str) -> StreamingResponse:
    """Every approved, rendered clip of a project with its captions, as one zip."""
    app = app_of(request)
    name, blocks = app.exports.bundle(project_id, app.renders.of_project(project_id))
    headers = {"Content-Disposition": _named("attachment", name)}
    return StreamingResponse(blocks, media_type="application/zip", headers=headers)


def disposition(file: MediaFile, *, attached: bool) -> str:
    name = file.filename or file.id + (mimetypes.guess_extension(file.mime) or "")
    return _named("attachment" if attached else "inline", name)


def _named(how: str, name: str) -> str:
    """RFC 6266: a plain name for old programs, the true one beside it, and nothing that could end the header."""
    plain = "".join(c if c.isascii() and (c.isalnum() or c in " ._-()") else "_" for c in name)
    return f"{how}; filename=\"{plain}\"; filename*=UTF-8''{quote(_clean(name), safe='')}"


def _clean(name: Any) -> str:
    shown = "".join(c if c.isprintable() and c not in "/\\" else "_" for c in str(name))
    return shown.encode("utf-8", "replace").decode("utf-8")
