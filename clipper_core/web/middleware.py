"""The middleware before the routes, in pure ASGI so that WebSockets pass it too."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from clipper_core.web.problems import problem

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
OWN_PATHS = ("/health", "/metrics", "/docs", "/openapi.json", "/jobs/enqueue", "/uploads", "/api", "/media-files")


class SameOrigin:
    """Refuses changes that a page of another site sends: without sign-in, only our own pages can be trusted."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in SAFE_METHODS and _foreign(Headers(scope=scope)):
            refusal = problem(403, "foreign_origin", "This request came from another site. Open Clipper itself.")
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _foreign(headers: Headers) -> bool:
    if headers.get("sec-fetch-site") == "cross-site":
        return True
    origin = headers.get("origin")
    if origin is None:
        return False
    here = {headers.get("host"), headers.get("x-forwarded-host")}
    try:
        return urlsplit(origin).netloc not in here
    except ValueError:
        return True


class ApiFirst:
    """Hands the API its own paths, with its errors, middleware and documentation; the pages get the rest."""

    def __init__(self, app: ASGIApp, api: ASGIApp) -> None:
        self._app = app
        self._api = api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        for_api = scope["type"] == "http" and is_own(scope["path"])
        await (self._api if for_api else self._app)(scope, receive, send)


def is_own(path: str) -> bool:
    """Tell whether a path belongs to the API."""
    return any(path == own or path.startswith(own + "/") for own in OWN_PATHS)
