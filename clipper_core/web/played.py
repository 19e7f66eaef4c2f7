"""``/api/projects``: what of a recording was played, and clips proposed in a stretch of it."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from clipper_core.web.requests import Name, Span, app_of
from clipper_core.web.views.runs import job_json

router = APIRouter(prefix="/api/projects", tags=["projects"])

MOST_AT_ONCE = 2_000


class ListenedBody(BaseModel):
    ranges: list[Span] = Field(max_length=MOST_AT_ONCE)


class StretchBody(Span):
    by: Name = ""


@router.post("/{project_id}/listened", status_code=204)
def add_listened(request: Request, project_id: str, body: ListenedBody) -> Response:
    """These stretches were played in review. Sent again, nothing changes."""
    app_of(request).played.add(project_id, [r.range() for r in body.ranges])
    return Response(status_code=204)


@router.post("/{project_id}/proposals", status_code=202)
def propose_here(request: Request, project_id: str, body: StretchBody) -> dict[str, Any]:
    """Look for clips in this stretch, beside those there are; nothing that exists is changed."""
    return job_json(app_of(request).stretches.propose(project_id, body.range(), by=body.by))
