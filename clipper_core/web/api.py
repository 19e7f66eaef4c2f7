"""The HTTP face: every route, the errors they answer with, and the housekeeping that runs beside them.

``api`` is the whole of it as an app of its own (``uvicorn clipper_core.web.api:api``); the pages' process carries the
same app on the same port.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import structlog
from anyio import to_thread
from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.middleware.gzip import GZipMiddleware

from clipper_core import __version__
from clipper_core.app import App, set_up_logs, this_app
from clipper_core.errors import ClipperError
from clipper_core.web import (
    clips,
    edges,
    jobs,
    media,
    notes,
    played,
    problems,
    projects,
    proposals,
    shows,
    structure,
    transcripts,
    uploads,
)
from clipper_core.web.docs_page import describe
from clipper_core.web.middleware import SameOrigin

log = structlog.get_logger()

RECONCILE_S = 15
SWEEP_S = 3600
GZIP_LEVEL = 5  # the best one takes four times as long, for a twentieth less
DOCS_FILES = "/docs/static"
SWEEP_SCRATCH_S = 60
SWEEP_STORE_S = 6 * 3600


@contextlib.asynccontextmanager
async def running(api: FastAPI) -> AsyncIterator[None]:
    """From the first request to the last: the App is there, and lost work is looked for."""
    given: App | None = getattr(api.state, "clipper", None)
    app: App = given if given is not None else await to_thread.run_sync(this_app)
    api.state.clipper = app
    set_up_logs(app.settings)
    keeping = [
        asyncio.create_task(_every(RECONCILE_S, lambda: app.tasks.reconcile())),
        asyncio.create_task(_every(SWEEP_S, lambda: app.uploads.sweep())),
        asyncio.create_task(_every(SWEEP_S, lambda: app.idempotency_keys.sweep())),
        asyncio.create_task(_every(SWEEP_SCRATCH_S, lambda: app.worker.sweep())),
        asyncio.create_task(_every(SWEEP_STORE_S, lambda: app.sweeper.sweep())),
    ]
    try:
        yield
    finally:
        for task in keeping:
            task.cancel()
        await asyncio.gather(*keeping, return_exceptions=True)


async def _every(seconds: float, do: Callable[[], object]) -> None:
    while True:
        try:
            await to_thread.run_sync(do)
        except ClipperError as error:
            log.warning("housekeeping will be tried again", why=error.message)
        except Exception:
            log.exception("housekeeping failed and will be tried again")
        await asyncio.sleep(seconds)


def make_api(app: App | None = None) -> FastAPI:
    """The FastAPI app on ``app``, or on this process's own."""
    made = FastAPIOffline(
        docs_url=None,
        redoc_url=None,
        static_url=DOCS_FILES,
        title="Clipper",
        version=__version__,
        summary="Recordings in, clips a person has approved out.",
        lifespan=running,
    )
    if app is not None:
        made.state.clipper = app
    describe(made, DOCS_FILES)
    for part in (jobs, shows, projects, played, proposals, transcripts, edges, clips, notes, structure, uploads, media):
        made.include_router(part.router)
    problems.install(made)
    made.add_middleware(GZipMiddleware, minimum_size=2000, compresslevel=GZIP_LEVEL)
    made.add_middleware(SameOrigin)
    return made


api = make_api()
