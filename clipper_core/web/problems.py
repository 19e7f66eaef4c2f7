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
    """A problem details answer.

    Args:
        status: The HTTP status.
        code: The stable code that clients compare.
        detail: The sentence a person reads.
        headers: Further headers of the answer.
        more: Further members of the problem.
    """
    body = {"type": "about:blank", "title": _phrase(status), "status": status, "detail": detail, "code": code, **more}
    return Response(json.dumps(body), status, dict(headers or {}), media_type=CONTENT_TYPE)


def problem_response(
    error: ClipperError, request: Request, *, status: int | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    """The answer for an error of ours. Its details go to the log, never to the client.

    Args:
        error: The error.
        request: The request it came from.
        status: Another status than the error's own.
        headers: Further headers of the answer.
    """
    answer_status = status or error.status
    if answer_status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("request_failed", path=request.url.path, code=error.code, detail=error.detail or error.message)
    return problem(answer_status, error.code, error.message, headers)


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
    errors = [{"where": ".".join(map(str, e["loc"])), "message": e["msg"]} for e in error.errors()]
    first = f"{errors[0]['where']}: {errors[0]['message']}" if errors else "it could not be read"
    return problem(422, "bad_request", f"This request is not complete or not valid ({first}).", errors=errors)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    phrase = _phrase(error.status_code)
    detail = error.detail if error.detail and error.detail != phrase else f"{phrase}: {request.url.path}"
    return problem(error.status_code, phrase.lower().replace(" ", "_"), str(detail), error.headers)


async def _unforeseen(request: Request, error: Exception) -> Response:
    # Starlette raises it again after this answer: the traceback reaches the server's log, never the client.
    return problem(500, ClipperError.code, ClipperError().message)


def _phrase(status: int) -> str:
    try:
        return PHRASES.get(status) or HTTPStatus(status).phrase
    except ValueError:
        return "Error"
