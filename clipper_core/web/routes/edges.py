"""``/api/projects/{id}/cuts``: the certificate of an edge, and other places for it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from clipper_core.domain.cut import Side
from clipper_core.domain.time_range import milliseconds
from clipper_core.web.requests import app_of
from clipper_core.web.views import edge_json

router = APIRouter(prefix="/api/projects", tags=["projects"])

Moment = Annotated[float, Query(ge=0, le=1e7, allow_inf_nan=False)]


@router.get("/{project_id}/cuts")
def cuts(
    request: Request,
    project_id: str,
    side: Side,
    at_s: Annotated[Moment, Query(alias="at")],
    other_s: Annotated[Moment | None, Query(alias="other")] = None,
) -> dict[str, Any]:
    """The certificate of an edge, and up to four other places near it, best first; ``other`` is the opposite edge."""
    other_ms = milliseconds(other_s) if other_s is not None else None
    return edge_json(app_of(request).edges.around(project_id, side, milliseconds(at_s), other_ms))
