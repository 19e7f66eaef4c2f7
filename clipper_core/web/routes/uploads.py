"""The tus 1.0 face of uploads: creation, creation with upload, termination, checksum; and captions beside.

Memory stays flat whatever the size: what arrives is gathered to BLOCK bytes and written in a thread, and nothing more
is taken from the connection meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine
from typing import Any, cast

import anyio
from anyio import CancelScope
from anyio.to_thread import run_sync
from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from clipper_core.domain.checksum import ALGORITHMS, Checksum
from clipper_core.domain.upload import parse_metadata
from clipper_core.errors import BadCaptions, BadUpload, ClipperError, TooLarge, UploadConflict
from clipper_core.services.uploads import Piece, Uploads, UploadState
from clipper_core.web.problems import problem_response

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,termination,checksum"
PIECE_TYPE = "application/offset+octet-stream"
BLOCK = 1 << 20
IDLE_S = 60  # a connection that brings nothing for so long is taken for lost
LOOK_EVERY_S = 0.25  # how soon a lost request notices that its successor is there
# An answer before the end of the body is often lost with the connection: so much of a refused body is read, not more.
DRAIN_BYTES, DRAIN_S = 16 << 20, 10.0

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class OtherVersion(BadUpload):
    """This server speaks version 1.0.0 of the tus protocol. Say so in Tus-Resumable."""

    status = 412


class OtherContentType(BadUpload):
    """A piece of an upload has the content type application/offset+octet-stream."""

    status = 415


class TusRoute(APIRoute):
    """Every answer says which tus it speaks, refusals included."""

    def get_route_handler(self) -> Handler:
        handler = super().get_route_handler()

        async def with_tus_headers(request: Request) -> Response:
            try:
                response = await handler(request)
            except ClipperError as error:
                await _drain(request)
                response = problem_response(error, request)
                response.headers["Tus-Version"] = VERSION
            response.headers["Tus-Resumable"] = VERSION
            response.headers["Cache-Control"] = "no-store"
            return response

        return with_tus_headers


router = APIRouter(prefix="/uploads", route_class=TusRoute, tags=["uploads"], default_response_class=Response)


@router.options("")
@router.options("/", include_in_schema=False)
@router.options("/{upload_id}")
async def abilities(request: Request) -> Response:
    """What this server can do."""
    headers = {
        "Tus-Version": VERSION,
        "Tus-Extension": EXTENSIONS,
        "Tus-Max-Size": str(_uploads(request).limits.max_bytes),
        "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
    }
    return Response(status_code=204, headers=headers)


@router.post("", status_code=201)
@router.post("/", status_code=201, include_in_schema=False)
async def create(request: Request) -> Response:
    """Announce a recording: ``Upload-Length`` and ``Upload-Metadata``. The first piece may be the body."""
    _check_version(request)
    uploads = _uploads(request)
    metadata = parse_metadata(request.headers.get("upload-metadata", ""))
    upload_id = await run_sync(uploads.create, _number(request, "upload-length"), metadata)
    state = await run_sync(uploads.state, upload_id)
    if _is_piece(request) and state.project_id is None:
        state = await _append(request, upload_id, 0)
    response = _answer(state, 201)
    response.headers["Location"] = f"{request.url.path.rstrip('/')}/{upload_id}"
    return response


@router.head("/{upload_id}")
async def how_far(request: Request, upload_id: str) -> Response:
    """How many bytes are safe."""
    _check_version(request)
    state = await run_sync(_uploads(request).resume, upload_id)
    response = _answer(state, 200)
    response.headers["Upload-Length"] = str(state.size)
    return response


@router.patch("/{upload_id}", status_code=204)
async def append(request: Request, upload_id: str) -> Response:
    """Go on at ``Upload-Offset``. The answer to the last piece names the project."""
    _check_version(request)
    if not _is_piece(request):
        raise OtherContentType
    return _answer(await _append(request, upload_id, _number(request, "upload-offset")), 204)


@router.delete("/{upload_id}", status_code=204)
async def terminate(request: Request, upload_id: str) -> Response:
    """Give an upload up."""
    _check_version(request)
    await run_sync(_uploads(request).terminate, upload_id)
    return Response(status_code=204)


@router.post("/{upload_id}", include_in_schema=False)
async def overridden(request: Request, upload_id: str) -> Response:
    """For clients that can only POST: ``X-HTTP-Method-Override`` says what is meant."""
    meant = {"PATCH": append, "DELETE": terminate, "HEAD": how_far}
    handler = meant.get(request.headers.get("x-http-method-override", "").upper())
    if handler is None:
        raise HTTPException(405, headers={"Allow": "HEAD, PATCH, DELETE, OPTIONS"})
    return await handler(request, upload_id)


@router.put("/{upload_id}/captions", status_code=204)
async def put_captions(request: Request, upload_id: str) -> Response:
    """Captions (SRT or VTT) for a recording that is still on its way. Refused at once if they can't be read."""
    uploads = _uploads(request)
    data = bytearray()
    async for part in request.stream():
        data += part
        if len(data) > uploads.limits.captions_bytes:
            raise BadCaptions("This caption file is too large to be one. Choose an SRT or VTT file.")
    await run_sync(uploads.put_captions, upload_id, bytes(data))
    return Response(status_code=204)


async def _append(request: Request, upload_id: str, at: int) -> UploadState:
    header = request.headers.get("upload-checksum")
    checksum = Checksum(header) if header else None
    piece = await run_sync(_uploads(request).open_piece, upload_id, at, checksum)
    try:
        if int(request.headers.get("content-length") or 0) > piece.room:
            raise TooLarge("This piece is longer than what is missing of the upload.")
        if await _Inlet(request, piece).take():
            return await run_sync(piece.keep)
        raise UploadConflict("The connection was lost. The upload will go on from where it was.")
    finally:
        with CancelScope(shield=True):  # even when the server is stopping: what arrived is kept
            await run_sync(piece.break_off)


class _Inlet:
    """Moves one request's body into a piece."""

    def __init__(self, request: Request, piece: Piece) -> None:
        self._request = request
        self._piece = piece
        self._pending = bytearray()
        self._refused = 0
        self._failure: ClipperError | None = None
        self._heard = time.monotonic()

    async def take(self) -> bool:
        """Write what comes; whether all of it came. Raises what writing raised."""
        whole = False
        async with anyio.create_task_group() as group:
            group.start_soon(self._leave_when_lost, group.cancel_scope)
            try:
                await self._read()
                whole = True
            except ClientDisconnect:
                pass
            group.cancel_scope.cancel()
        with CancelScope(shield=True):
            await self._write()
        if self._failure is not None:
            raise self._failure
        return whole

    async def _read(self) -> None:
        async for part in self._request.stream():
            self._heard = time.monotonic()
            if self._failure is not None:
                self._refused += len(part)
                if self._refused > DRAIN_BYTES:
                    return
                continue
            self._pending += part
            if len(self._pending) >= BLOCK:
                await self._write()

    async def _write(self) -> None:
        block, self._pending = self._pending, bytearray()
        if not block or self._failure is not None:
            return
        try:
            await run_sync(self._piece.write, block)
        except ClipperError as error:
            self._failure = error

    async def _leave_when_lost(self, scope: CancelScope) -> None:
        while time.monotonic() - self._heard < IDLE_S and not self._piece.wanted:
            await anyio.sleep(LOOK_EVERY_S)
        scope.cancel()


async def _drain(request: Request) -> None:
    """Read the rest of a refused body, within bounds. A client that waits for a 100 Continue has not sent it."""
    if "expect" in request.headers:
        return
    taken = 0
    try:
        with anyio.move_on_after(DRAIN_S):
            async for part in request.stream():
                taken += len(part)
                if taken > DRAIN_BYTES:
                    return
    except (ClientDisconnect, RuntimeError):  # gone, or read to its end already
        return


def _answer(state: UploadState, status: int) -> Response:
    headers = {"Upload-Offset": str(state.offset)}
    if state.project_id is not None:
        headers["Clipper-Project-Id"] = state.project_id
    return Response(status_code=status, headers=headers)


def _uploads(request: Request) -> Uploads:
    return cast(Uploads, request.app.state.clipper.uploads)


def _check_version(request: Request) -> None:
    if request.headers.get("tus-resumable") != VERSION:
        raise OtherVersion


def _is_piece(request: Request) -> bool:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == PIECE_TYPE


def _number(request: Request, header: str) -> int:
    text = request.headers.get(header, "")
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise BadUpload(f"The upload request needs {header.title()} with a number of bytes.")
    return int(text)
