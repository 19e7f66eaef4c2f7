"""Health, jobs and runs."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from clipper_core.errors import ClipperError
from clipper_core.services.server import metrics_text
from clipper_core.web.requests import app_of
from clipper_core.web.views import job_json, run_json

router = APIRouter(tags=["jobs"])


class Enqueue(BaseModel):
    project_id: str = Field(max_length=100)


@router.get("/health")
def health(request: Request) -> JSONResponse:
    """Each part's status; 200 when all are ok, else 503."""
    report = app_of(request).health.report()
    return JSONResponse(report, 200 if report["status"] == "ok" else 503, headers={"Cache-Control": "no-store"})


@router.post("/jobs/enqueue", status_code=202)
def enqueue(request: Request, body: Enqueue) -> dict[str, Any]:
    """Process a project: its active run if there is one, else a new one."""
    return job_json(app_of(request).runs.start(body.project_id))


@router.get("/api/runs/{run_id}")
def get_run(request: Request, run_id: str) -> dict[str, Any]:
    return run_json(app_of(request).runs.get(run_id))


@router.post("/api/runs/{run_id}/cancel", status_code=202)
def cancel_run(request: Request, run_id: str) -> dict[str, Any]:
    return run_json(app_of(request).runs.cancel(run_id))


@router.post("/api/runs/{run_id}/retry", status_code=202)
def retry_run(request: Request, run_id: str) -> dict[str, Any]:
    return run_json(app_of(request).runs.retry(run_id))


@router.get("/metrics")
def metrics(request: Request) -> Response:
    """Counts for a Prometheus server: tasks by kind and state, queue depths, workers."""
    app = app_of(request)
    try:
        depths, workers = app.queue.depths(), len(app.queue.workers())
    except ClipperError:
        depths, workers = {}, 0
    text = metrics_text(app.tasks.counts(), depths, workers)
    return Response(text, media_type="text/plain; version=0.0.4")
