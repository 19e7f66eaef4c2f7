"""``/api/clips``: one clip split in two, two merged into one, a deleted one restored. As in ``clips``."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from clipper_core.domain.time_range import milliseconds
from clipper_core.services.clips import ExpectedClip, Sender
from clipper_core.web.requests import ByBody, ForChange, Name, Span, app_of, etag, expected_revision
from clipper_core.web.routes.clips import clip_bodies, clip_body

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
    request: Request, response: Response, clip_id: str, body: SplitBody, headers: ForChange
) -> dict[str, Any]:
    """Divide a clip at a moment of the recording: the first part is its new version, the second a new clip."""
    app = app_of(request)
    views = app.structure.split(
        clip_id, headers.expected_revision, milliseconds(body.at_s), Sender(body.by, headers.key)
    )
    return {"clips": clip_bodies(app, views, response)}


@router.post("/{clip_id}/merge", status_code=201)
def merge_clips(
    request: Request, response: Response, clip_id: str, body: MergeBody, headers: ForChange
) -> dict[str, Any]:
    """Make one clip of two: a new version of this one; the other is deleted. 412 if either changed."""
    app = app_of(request)
    clip = ExpectedClip(clip_id, headers.expected_revision)
    other = ExpectedClip(body.other, expected_revision(body.other_etag))
    ranges = [r.range() for r in body.ranges] if body.ranges is not None else None
    merge = app.structure.merge(clip, other, ranges, Sender(body.by, headers.key))
    removed = {"removed": merge.removed, "removed_etag": etag(merge.removed_revision)}
    return {"clip": clip_body(app, merge.clip, response), **removed}


@router.post("/{clip_id}/restore", status_code=201)
def restore_clip(
    request: Request, response: Response, clip_id: str, headers: ForChange, body: ByBody | None = None
) -> dict[str, Any]:
    """Bring a deleted clip back as it was decided. If-Match names the ETag its deletion was answered with."""
    app = app_of(request)
    sender = Sender(body.by if body else "", headers.key)
    view = app.structure.restore(clip_id, headers.expected_revision, sender)
    return clip_body(app, view, response)
