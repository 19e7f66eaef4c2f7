"""``/api/clips``: versions, decisions and renders of one clip. Every change names the revision it expects (If-Match).

It may carry a key as well (Idempotency-Key): sent again to the same address with the same key it changes nothing,
however often its answer was lost on the way, and is answered with the clip as it is now.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field, model_validator

from clipper_core.app import App
from clipper_core.domain.clip import ClipEdit, NewDecision, Verdict
from clipper_core.domain.time_range import TimeRange
from clipper_core.errors import BadRange, ClipNotFound
from clipper_core.services.clips import ClipView, Sender, captions_of
from clipper_core.web.requests import ForChange, Name, Span, app_of, etag, plain_json
from clipper_core.web.views import captions_json, clip_json, render_json

router = APIRouter(prefix="/api", tags=["clips"])


class ClipBody(BaseModel):
    """Where a clip is, either as ``ranges`` or as ``start_s`` and ``end_s``, and what it is called."""

    ranges: list[Span] | None = Field(None, max_length=50)
    start_s: float | None = Field(None, ge=0, le=1e7)
    end_s: float | None = Field(None, ge=0, le=1e7)
    title: str | None = Field(None, max_length=10_000)
    by: Name = ""

    @model_validator(mode="after")
    def _both_ends(self) -> ClipBody:
        if (self.start_s is None) != (self.end_s is None):
            raise ValueError("start_s and end_s belong together")
        return self

    def spans(self) -> tuple[TimeRange, ...] | None:
        if self.ranges is not None:
            return tuple(r.range() for r in self.ranges)
        if self.start_s is not None and self.end_s is not None:
            return (Span(start_s=self.start_s, end_s=self.end_s).range(),)
        return None


class VersionBody(ClipBody):
    """What changes; with ``take_words`` nothing else has to."""

    take_words: bool = Field(False, description="rest on the newest words")


class DecisionBody(BaseModel):
    decision: Verdict
    carry: bool = Field(False, description="approve because an earlier version is approved, and say so in the record")
    reason: str | None = Field(None, max_length=40)
    note: str | None = Field(None, max_length=4000)
    by: Name = ""


class RenderBody(BaseModel):
    preset: str | None = Field(None, max_length=40)


@router.get("/clips/{clip_id}")
def get_clip(request: Request, clip_id: str) -> Response:
    app = app_of(request)
    view = app.clips.get(clip_id)
    render = app.renders.of_clips([clip_id]).get(clip_id)
    return plain_json(clip_json(view, render), {"ETag": etag(view.revision)})


@router.get("/clips/{clip_id}/captions")
def get_captions(request: Request, clip_id: str) -> dict[str, Any]:
    """The captions the file of the newest version comes with, in seconds of the clip itself."""
    app = app_of(request)
    return captions_json(captions_of(app.measured, app.clips.get(clip_id)))


@router.post("/clips/{clip_id}/versions", status_code=201)
def add_version(
    request: Request, response: Response, clip_id: str, body: VersionBody, headers: ForChange
) -> dict[str, Any]:
    """A new version: other ranges, another title, the newest words. It needs a decision of its own."""
    app = app_of(request)
    expected = headers.expected_revision
    title = body.title if (body.title or "").strip() else None
    edit = ClipEdit(body.spans(), title, body.take_words)
    if edit == ClipEdit():
        raise BadRange("Say what changes: ranges, start_s and end_s, or a title.")
    return clip_body(app, app.clips.revise(clip_id, expected, edit, Sender(body.by, headers.key)), response)


@router.post("/clips/{clip_id}/decisions", status_code=201)
def add_decision(
    request: Request, response: Response, clip_id: str, body: DecisionBody, headers: ForChange
) -> dict[str, Any]:
    """Approve, reject or ask for changes to the newest version, or take the last decision back (withdrawn)."""
    app = app_of(request)
    expected = headers.expected_revision
    decision = NewDecision(body.decision, body.reason, body.note, body.carry)
    return clip_body(app, app.clips.decide(clip_id, expected, decision, Sender(body.by, headers.key)), response)


@router.delete("/clips/{clip_id}", status_code=204)
def delete_clip(
    request: Request, clip_id: str, headers: ForChange, by: Annotated[str, Query(max_length=200)] = ""
) -> Response:
    """Put a clip away. The answer's ETag is what bringing it back (``restore``) has to name."""
    revision = app_of(request).clips.delete(clip_id, headers.expected_revision, Sender(by, headers.key))
    return Response(status_code=204, headers={"ETag": etag(revision)})


@router.post("/clips/{clip_id}/renders", status_code=202)
def request_render(request: Request, clip_id: str, body: RenderBody | None = None) -> dict[str, Any]:
    """The file of the approved version: the one there is, or one that is made now."""
    return render_json(app_of(request).renders.request(clip_id, body.preset if body else None))


@router.get("/renders/{render_id}")
def get_render(request: Request, render_id: str) -> dict[str, Any]:
    return render_json(app_of(request).renders.get(render_id))


@router.post("/renders/{render_id}/retry", status_code=202)
def retry_render(request: Request, render_id: str) -> dict[str, Any]:
    return render_json(app_of(request).renders.retry(render_id))


@router.post("/renders/{render_id}/cancel", status_code=202)
def cancel_render(request: Request, render_id: str) -> dict[str, Any]:
    return render_json(app_of(request).renders.cancel(render_id))


def project_clips(app: App, project_id: str) -> dict[str, Any]:
    """All clips of a recording as JSON. Raises ProjectNotFound."""
    clips = app.clips.of_project(project_id)
    renders = app.renders.of_clips([c.id for c in clips])
    return {"clips": [clip_json(c, renders.get(c.id)) for c in clips]}


def clip_bodies(app: App, views: Sequence[ClipView], response: Response) -> list[dict[str, Any]]:
    """Several clips as JSON, each with its render.

    Args:
        app: The App.
        views: The clips.
        response: The answer, which gets the ETag of the first clip.

    Raises:
        ClipNotFound: There are none.
    """
    if not views:
        raise ClipNotFound
    response.headers["ETag"] = etag(views[0].revision)
    renders = app.renders.of_clips([v.id for v in views])
    return [clip_json(v, renders.get(v.id)) for v in views]


def clip_body(app: App, view: ClipView, response: Response) -> dict[str, Any]:
    """One clip as ``clip_bodies`` returns it.

    Args:
        app: The App.
        view: The clip.
        response: The answer, which gets the clip's ETag.
    """
    return clip_bodies(app, [view], response)[0]
