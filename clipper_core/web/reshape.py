"""``/api/clips``: one clip divided in two, two made into one, a deleted one brought back. As in ``clips``."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from clipper_core.domain.time_range import milliseconds
from clipper_core.web.clips import clip_bodies, clip_body
from clipper_core.web.requests import ByBody, IfMatch, Key, Name, Span, app_of, etag, expected_revision

router = APIRouter(prefix="/api/clips", tags=["clips"])


class SplitBody(BaseModel):
    at_s: float = Field(ge=0, le=1e7, allow_inf_nan=False)
    by: Name = ""


class MergeBody(BaseModel):
    """The other clip, the ETag it was seen with, and what the clip is to be made of: by default all of both."""

    other: str = Field(max_length=40)
    other_etag: str = Field(max_length=40)
    ranges: list[Span] | None = Field(None, max_length=50)
    by: Name = ""


@router.post("/{clip_id}/split", status_code=201)
def split_clip(
    request: Request, response: Response, clip_id: str, body: SplitBody, if_match: IfMatch = None, key: Key = None
) -> dict[str, Any]:
    """Divide a clip at a moment of the recording: the first part is its new version, the second a new clip."""
    app = app_of(request)
    views = app.reshape.split(clip_id, expected_revision(if_match), milliseconds(body.at_s), by=body.by, key=key)
    return {"clips": clip_bodies(app, views, response)}


@router.post("/{clip_id}/merge", status_code=201)
def merge_clips(
    request: Request, response: Response, clip_id: str, body: MergeBody, if_match: IfMatch = None, key: Key = None
) -> dict[str, Any]:
    """Make one clip of two: a new version of this one; the other is deleted. 412 if either changed."""
    app = app_of(request)
    seen, other_seen = expected_revision(if_match), expected_revision(body.other_etag)
    ranges = [r.range() for r in body.ranges] if body.ranges is not None else None
    merged = app.reshape.merge(clip_id, seen, body.other, other_seen, ranges, by=body.by, key=key)
    removed = {"removed": merged.removed, "removed_etag": etag(merged.removed_revision)}
    return {"clip": clip_body(app, merged.clip, response), **removed}


@router.post("/{clip_id}/restore", status_code=201)
def restore_clip(
    request: Request,
    response: Response,
    clip_id: str,
    body: ByBody | None = None,
    if_match: IfMatch = None,
    key: Key = None,
) -> dict[str, Any]:
    """Bring a deleted clip back as it was decided. If-Match names the ETag its deletion was answered with."""
    app = app_of(request)
    view = app.reshape.restore(clip_id, expected_revision(if_match), by=body.by if body else "", key=key)
    return clip_body(app, view, response)
