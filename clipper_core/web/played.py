"""``/api/projects/{id}/listened``: the ranges of a recording that were played in review."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from clipper_core.web.requests import Span, app_of

router = APIRouter(prefix="/api/projects", tags=["projects"])

MAX_AT_ONCE = 2_000


class ListenedBody(BaseModel):
    ranges: list[Span] = Field(max_length=MAX_AT_ONCE)


@router.post("/{project_id}/listened", status_code=204)
def add_listened(request: Request, project_id: str, body: ListenedBody) -> Response:
    """These stretches were played in review. Sent again, nothing changes."""
    app_of(request).played.add(project_id, [r.range() for r in body.ranges])
    return Response(status_code=204)
