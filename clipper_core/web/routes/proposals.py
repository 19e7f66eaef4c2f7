"""``/api/projects/{id}/proposals``: clips proposed in a part of a recording."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from clipper_core.web.requests import Name, Span, app_of
from clipper_core.web.views import job_json

router = APIRouter(prefix="/api/projects", tags=["projects"])


class StretchBody(Span):
    by: Name = ""


@router.post("/{project_id}/proposals", status_code=202)
def propose_here(request: Request, project_id: str, body: StretchBody) -> dict[str, Any]:
    """Look for clips in this stretch, beside those there are; nothing that exists is changed."""
    return job_json(app_of(request).stretches.propose(project_id, body.range(), by=body.by))
