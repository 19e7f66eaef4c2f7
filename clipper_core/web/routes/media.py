"""``/media-files``: stored recordings, previews and renders, by ranges."""

from __future__ import annotations

import mimetypes
from email.utils import format_datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, StreamingResponse
from starlette.responses import RedirectResponse, Response

from clipper_core.app import App
from clipper_core.services.exports import ServedFile
from clipper_core.web.ranges import StreamedFile, wanted
from clipper_core.web.requests import app_of

router = APIRouter(tags=["media"])

SAFE = ("audio/", "video/")


@router.get("/media-files/{asset_id}", response_class=Response)
@router.head("/media-files/{asset_id}", response_class=Response)
def media_file(request: Request, asset_id: str, download: bool = False) -> Response:
    """A stored file, whole or by ``Range``; ``download=1`` saves it under its own name.

    Where the file store is reached by signed links, the answer to GET is one: 307.
    """
    app = app_of(request)
    file = app.media.get(asset_id)
    playable = file.mime.startswith(SAFE)
    mime = file.mime if playable else "application/octet-stream"
    headers = {
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; media-src 'self'",
        # A file never changes under its id, but an approval may be taken back.
        "Cache-Control": "private, no-cache" if file.of_approval else "private, max-age=31536000, immutable",
        "Last-Modified": format_datetime(file.created_at, usegmt=True),
        "Content-Disposition": disposition(file, attached=download or not playable),
    }
    path = app.media.on_disk(file)
    if path is not None:
        return FileResponse(path, media_type=mime, headers=headers)
    if request.method == "GET":  # a link is signed for GET alone; HEAD would be refused
        link = app.media.link(file, mime=mime, disposition=headers["Content-Disposition"])
        if link is not None:
            return _redirect(link, 0 if file.of_approval else app.settings.link_minutes * 30)
    return _streamed(request, app, file, mime, headers)


def _redirect(link: str, keep_s: int) -> Response:
    """A redirect to a signed link, reusable for half of its life so that it does not expire within a file."""
    answer = RedirectResponse(link, headers={"Cache-Control": f"private, max-age={keep_s}"})
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


def _streamed(request: Request, app: App, file: ServedFile, mime: str, headers: dict[str, str]) -> Response:
    headers |= {"Accept-Ranges": "bytes", "ETag": f'"{file.id}"'}
    byte_range = wanted(request.headers, headers, file.size)
    if isinstance(byte_range, Response):
        return byte_range
    start, end = byte_range or (0, file.size)
    headers["Content-Length"] = str(end - start)
    if byte_range is not None:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{file.size}"
    status = HTTPStatus.OK if byte_range is None else HTTPStatus.PARTIAL_CONTENT
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers, media_type=mime)
    return StreamedFile(app.media.read(file, start, end), status, headers, mime)


@router.get("/api/projects/{project_id}/bundle")
def bundle(request: Request, project_id: str) -> StreamingResponse:
    """Every approved, rendered clip of a project with its captions, as one zip."""
    app = app_of(request)
    name, blocks = app.exports.bundle(project_id, app.renders.of_project(project_id))
    headers = {"Content-Disposition": _named("attachment", name)}
    return StreamingResponse(blocks, media_type="application/zip", headers=headers)


def disposition(file: ServedFile, *, attached: bool) -> str:
    name = file.filename or file.id + (mimetypes.guess_extension(file.mime) or "")
    return _named("attachment" if attached else "inline", name)


def _named(how: str, name: str) -> str:
    """RFC 6266: a plain name for old programs, the true one beside it, and nothing that could end the header."""
    plain = "".join(c if c.isascii() and (c.isalnum() or c in " ._-()") else "_" for c in name)
    return f"{how}; filename=\"{plain}\"; filename*=UTF-8''{quote(_clean(name), safe='')}"


def _clean(name: Any) -> str:
    shown = "".join(c if c.isprintable() and c not in "/\\" else "_" for c in str(name))
    return shown.encode("utf-8", "replace").decode("utf-8")
