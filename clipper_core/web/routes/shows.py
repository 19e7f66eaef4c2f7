"""``/api/shows``: series of recordings, and what they share."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from clipper_core.web.requests import app_of
from clipper_core.web.views import show_json

router = APIRouter(prefix="/api/shows", tags=["shows"])


class NewShow(BaseModel):
    name: str = Field(max_length=1000)


@router.get("")
def list_shows(request: Request) -> dict[str, Any]:
    return {"shows": [show_json(s) for s in app_of(request).shows.all()]}


@router.post("", status_code=201)
def create_show(request: Request, body: NewShow) -> dict[str, Any]:
    return show_json(app_of(request).shows.create(body.name))
