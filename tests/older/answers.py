"""The answers of the HTTP API to every question about what is there. Runs on an older build as well as on this one.

It uses nothing of Clipper but the app it is given and names that were there at commit d66c028.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import zipfile
from collections.abc import AsyncIterator
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy import text
from starlette.testclient import TestClient

from clipper_core.web.api import make_api

NAMED = ("content-type", "content-disposition", "etag", "upload-offset", "upload-length", "content-range")
MUCH = 4_000  # characters of JSON; of a longer answer, the digest is enough to say that nothing changed


@contextlib.asynccontextmanager
async def nothing_beside(_api: FastAPI) -> AsyncIterator[None]:
    """No housekeeping, which a real server does beside its requests."""
    yield


def client_of(app: Any) -> TestClient:
    """A client of the app's API, without a server and without what a server does by itself."""
    api = make_api(app)
    api.router.lifespan_context = nothing_beside
    return TestClient(api)


def questions(app: Any) -> list[str]:
    """Every GET there is about the rows of this database."""
    asked = ["/api/projects", "/api/projects?deleted=true", "/api/projects?q=sonnet", "/api/shows"]
    asked += [f"/api/projects?show={name}" for name in _ids(app, "shows")]
    for project in _ids(app, "projects"):
        at = f"/api/projects/{project}"
        asked += [at, f"{at}/silence-map", f"{at}/silence-map?offset_db=3&min_silence_ms=250&dead_air_ms=900"]
        asked += [f"{at}/peaks?points=50", f"{at}/peaks?from=2.4&to=2.41&points=100", f"{at}/transcript"]
        asked += [f"{at}/clips", f"{at}/renders", f"{at}/bundle"]
        asked += [f"{at}/cuts?side=in&at=5.1&other=9.6", f"{at}/cuts?side=out&at=8.8"]
    for clip in _ids(app, "clips"):
        asked += [f"/api/clips/{clip}", f"/api/clips/{clip}/captions"]
    asked += [f"/api/renders/{name}" for name in _ids(app, "renders")]
    asked += [f"/api/runs/{name}" for name in _ids(app, "runs")]
    for asset in _ids(app, "assets"):
        asked += [f"/media-files/{asset}", f"/media-files/{asset}?download=1"]
    return [*asked, "/metrics", "/api/projects/prj_none", "/api/clips/clp_none", "/api/runs/run_none"]


def _ids(app: Any, table: str) -> list[str]:
    with app.database.read() as session:
        return list(session.scalars(text(f"select id from {table} order by created_at, id")))


def all_answers(app: Any, client: TestClient) -> dict[str, Any]:
    """Every question with its answer."""
    out = {path: answer_of(client.get(path)) for path in questions(app)}
    for path, answer in out.items():
        if path.startswith("/media-files"):
            answer["headers"].pop("etag", None)  # it names the moment the file was written
    for upload in _ids(app, "uploads"):
        path = f"/uploads/{upload}"
        out[f"HEAD {path}"] = answer_of(client.head(path, headers={"Tus-Resumable": "1.0.0"}))
    return out


def answer_of(response: httpx.Response) -> dict[str, Any]:
    """The compared parts of an answer: its status, the headers that mean something, and its body or a digest of it."""
    headers = {name: response.headers[name] for name in NAMED if name in response.headers}
    return {"status": response.status_code, "headers": headers, "body": _body(response)}


def _body(response: httpx.Response) -> Any:
    kind = response.headers.get("content-type", "")
    if "json" in kind:
        told = json.dumps(response.json(), ensure_ascii=False, sort_keys=True)
        return response.json() if len(told) <= MUCH else _digest(told.encode())
    if kind.startswith("text/plain; version"):
        return response.text.splitlines()
    if "zip" in kind:
        with zipfile.ZipFile(io.BytesIO(response.content)) as files:
            return {name: _digest(files.read(name)) for name in files.namelist()}
    return _digest(response.content)


def _digest(data: bytes) -> str:
    return f"{len(data)} bytes, sha256 {hashlib.sha256(data).hexdigest()}"
