"""Errors as problem details (RFC 9457): one shape for every refusal and failure, with a stable ``code``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from clipper_core.errors import ClipperError

log = structlog.get_logger()

CONTENT_TYPE = "application/problem+json"
PHRASES = {460: "Checksum Mismatch"}  # tus's own, which HTTP does not know


def problem(status: int, code: str, detail: str, headers: Mapping[str, str] | None = None, **more: Any) -> Response:
    """A problem details answer. ``detail`` is the sentence a person reads; ``more`` are members of its own."""
    body = {"type": "about:blank", "title": _phrase(status), "status": status, "detail": detail, "code": code, **more}
    return Response(json.dumps(body), status, dict(headers or {}), media_type=CONTENT_TYPE)


def problem_response(
    error: ClipperError, request: Request, *, status: int | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    """The answer for an error of ours; what an engineer needs goes to the log, not to the client."""
    answered = status or error.status
    if answered >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("request_failed", path=request.url.path, code=error.code, detail=error.detail or error.message)
    return problem(answered, error.code, error.message, headers)


def install(api: FastAPI) -> None:
    """Let ``api`` answer every error as a problem, its own and the framework's."""
    api.add_exception_handler(ClipperError, _ours)
    api.add_exception_handler(RequestValidationError, _bad_request)
    api.add_exception_handler(HTTPException, _http)
    api.add_exception_handler(Exception, _unforeseen)


async def _ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, ClipperError)
    return problem_response(error, request)


async def _bad_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found = [{"where": ".".join(map(str, e["loc"])), "message": e["msg"]} for e in error.errors()]
    first = f"{found[0]['where']}: {found[0]['message']}" if found else "it could not be read"
    return problem(422, "bad_request", f"This request is not complete or not valid ({first}).", errors=found)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    phrase = _phrase(error.status_code)
    detail = error.detail if error.detail and error.detail != phrase else f"{phrase}: {request.url.path}"
    return problem(error.status_code, phrase.lower().replace(" ", "_"), str(detail), error.headers)


async def _unforeseen(request: Request, error: Exception) -> Response:
    # Raised on after this answer, so the server's log has the traceback and the client has not.
    return problem(500, ClipperError.code, ClipperError().message)


def _phrase(status: int) -> str:
    try:
        return PHRASES.get(status) or HTTPStatus(status).phrase
    except ValueError:
        return "Error"
