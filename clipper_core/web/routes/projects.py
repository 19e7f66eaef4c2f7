"""``/api/projects``: recordings, their maps, peaks, words and clips."""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

from anyio import to_thread
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from clipper_core.domain.time_range import milliseconds
from clipper_core.errors import BadRange, BadSettings
from clipper_core.services.clips import Sender
from clipper_core.services.silences import MapView, checked_settings
from clipper_core.web.requests import IfMatch, Key, app_of, etag, plain_json
from clipper_core.web.routes.clips import ClipBody, clip_body, project_clips
from clipper_core.web.views import map_json, peaks_json, project_json, render_json

router = APIRouter(prefix="/api/projects", tags=["projects"])

MAX_POINTS = 20_000
MAX_CAPTION_BYTES = 5 << 20

Level = Annotated[float | None, Query(allow_inf_nan=False)]


class NewProject(BaseModel):
    """A recording gets in by ``/uploads``; here only the sample can be asked for."""

    sample: bool = Field(False, description="true makes or brings back the sample recording and processes it")


class ProjectChange(BaseModel):
    title: str | None = Field(None, max_length=1000)
    show_id: str | None = None
    deleted: bool | None = Field(None, description="false brings a deleted recording back")


class SilencesBody(BaseModel):
    """How silences are found; what is left out is as usual. Without a threshold it follows the recording."""

    model_config = ConfigDict(extra="forbid")

    threshold_db: float | None = Field(None, allow_inf_nan=False)
    offset_db: float | None = Field(None, allow_inf_nan=False)
    min_silence_ms: int | None = None
    dead_air_ms: int | None = None


class SilencesQuery(NamedTuple):
    """The settings of silences to try; None for the usual ones."""

    threshold_db: float | None
    offset_db: float | None
    min_silence_ms: int | None
    dead_air_ms: int | None


def silences_query(
    threshold_db: Level = None,
    offset_db: Level = None,
    min_silence_ms: int | None = None,
    dead_air_ms: int | None = None,
) -> SilencesQuery:
    """The settings in a request's query, as one value; None where one is left out.

    Args:
        threshold_db: A fixed threshold in dBFS.
        offset_db: dB added to the threshold that follows the recording.
        min_silence_ms: The shortest silence in ms.
        dead_air_ms: The length in ms from which a silence is dead air.
    """
    return SilencesQuery(threshold_db, offset_db, min_silence_ms, dead_air_ms)


@router.get("")
def list_projects(request: Request, show: str | None = None, q: str = "", deleted: bool = False) -> dict[str, Any]:
    """Recordings, the newest first; ``q`` looks in titles and file names."""
    views = app_of(request).projects.find(show_id=show, search=q, deleted=deleted)
    return {"projects": [project_json(v) for v in views]}


@router.post("", status_code=201)
def create_project(request: Request, body: NewProject) -> dict[str, Any]:
    """Make the sample project and start work on it."""
    if not body.sample:
        raise BadSettings("Upload the recording to /uploads; a project is made from it there.")
    app = app_of(request)
    project_id = app.intake.ensure_sample()
    if app.projects.get(project_id).run is None:
        app.runs.start(project_id)
    else:
        app.projects.announce(project_id)
    return project_json(app.projects.get(project_id))


@router.get("/{project_id}")
def get_project(request: Request, project_id: str) -> dict[str, Any]:
    return project_json(app_of(request).projects.get(project_id))


@router.patch("/{project_id}")
def change_project(request: Request, project_id: str, body: ProjectChange) -> dict[str, Any]:
    """Rename a recording, move it to another show, or bring it back."""
    projects = app_of(request).projects
    if body.deleted is False:
        projects.restore(project_id)
    return project_json(projects.change(project_id, title=body.title, show_id=body.show_id))


@router.delete("/{project_id}", status_code=204)
def delete_project(request: Request, project_id: str) -> Response:
    """Put a recording away. PATCH with ``deleted: false`` brings it back."""
    app_of(request).projects.delete(project_id)
    return Response(status_code=204)


@router.put("/{project_id}/captions")
async def put_captions(request: Request, project_id: str) -> dict[str, Any]:
    """The words as an SRT or VTT file in the body; the recording is processed anew with them."""
    data = bytearray()
    async for block in request.stream():
        data += block
        if len(data) > MAX_CAPTION_BYTES:
            raise BadSettings("This caption file is larger than 5 MB. Upload the captions of this recording alone.")
    view = await to_thread.run_sync(app_of(request).intake.set_captions, project_id, bytes(data))
    return project_json(view)


@router.get("/{project_id}/silence-map")
def silence_map(
    request: Request,
    response: Response,
    project_id: str,
    asked: Annotated[SilencesQuery, Depends(silences_query)],
) -> dict[str, Any]:
    """Every silence, in order. 409 before the recording is mapped.

    With any of the settings: what these would find, the others as usual. Nothing is stored.
    """
    settings = checked_settings(*asked) if any(a is not None for a in asked) else None
    return _answer_map(app_of(request).silences.show(project_id, settings), response)


@router.put("/{project_id}/silence-map")
def use_silences(
    request: Request, response: Response, project_id: str, body: SilencesBody, if_match: IfMatch = None
) -> dict[str, Any]:
    """Make what these settings find the map of the recording; an empty object is the automatic one.

    Clips keep their cuts. If-Match may name the revision that was seen, in quotes; 412 where it is another by now.
    """
    settings = checked_settings(body.threshold_db, body.offset_db, body.min_silence_ms, body.dead_air_ms)
    seen = if_match.strip().removeprefix("W/").strip('"') if if_match and if_match.strip() != "*" else None
    return _answer_map(app_of(request).silences.use(project_id, settings, seen), response)


def _answer_map(view: MapView, response: Response) -> dict[str, Any]:
    response.headers["ETag"] = etag(view.revision)
    return map_json(view)


@router.get("/{project_id}/peaks")
def peaks(
    request: Request,
    project_id: str,
    start_s: Annotated[float, Query(alias="from", ge=0, le=1e7, allow_inf_nan=False)] = 0.0,
    end_s: Annotated[float | None, Query(alias="to", ge=0, le=1e7, allow_inf_nan=False)] = None,
    points: Annotated[int, Query(ge=1, le=MAX_POINTS)] = 1000,
) -> dict[str, Any]:
    """The least and greatest sample (-128 to 127) in each part of a stretch, from and to in seconds.

    Parts of 10 ms and longer come from the envelope, in whole numbers; shorter ones from the sound, with decimals.
    """
    app = app_of(request)
    end_ms = milliseconds(end_s) if end_s is not None else None
    project = app.projects.get(project_id)
    return peaks_json(app.peaks.of(project.map_id, project.speech_id, milliseconds(start_s), end_ms, points))


@router.get("/{project_id}/clips")
def list_clips(request: Request, project_id: str) -> Response:
    """Every clip with its whole record."""
    return plain_json(project_clips(app_of(request), project_id))


@router.post("/{project_id}/clips", status_code=201)
def create_clip(
    request: Request, response: Response, project_id: str, body: ClipBody, key: Key = None
) -> dict[str, Any]:
    """A clip by hand."""
    app = app_of(request)
    spans = body.spans()
    if spans is None:
        raise BadRange("Say where the clip is: start_s and end_s, or ranges.")
    clip = app.clips.create(project_id, spans, body.title or "", Sender(body.by, key))
    return clip_body(app, clip, response)


@router.get("/{project_id}/renders")
def list_renders(request: Request, project_id: str) -> dict[str, Any]:

    app = app_of(request)
    app.projects.get(project_id)
    return {"renders": [render_json(r) for r in app.renders.of_project(project_id)]}
