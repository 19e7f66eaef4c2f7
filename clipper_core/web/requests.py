"""What the HTTP face says and reads: views as JSON, ETags, and the App behind a request."""

from __future__ import annotations

import re
from typing import Any, cast

from fastapi import Request, Response
from pydantic_core import to_json

from clipper_core.app import App
from clipper_core.domain.documents import media_json
from clipper_core.domain.spending import Spending
from clipper_core.domain.time_range import seconds
from clipper_core.errors import PreconditionMissing, Stale
from clipper_core.services.projects.views import ProjectView
from clipper_core.services.runs.views import RunView, TaskView


def app_of(request: Request) -> App:
    return cast(App, request.app.state.clipper)


def error_json(task: TaskView | None) -> dict[str, Any] | None:
    if task is None:
        return None
    return {"code": task.error_code, "message": task.error, "step": task.kind.value}


def job_json(run: RunView) -> dict[str, Any]:
    """A run as ``/jobs/enqueue`` answers it."""
    return {
        "id": run.id,
        "project_id": run.project_id,
        "state": run.state.value,
        "stage": run.stage.value if run.stage else None,
        "progress": round(run.progress, 3),
        "error": error_json(run.failure),
    }


def run_json(run: RunView) -> dict[str, Any]:
    return {
        **job_json(run),
        "stage_label": run.stage_label,
        "created_at": run.created_at.isoformat(),
        "finished_at": run.finished_at.isoformat() if run.finished_at else None,
        "warnings": list(run.warnings),
        "settings": {k: v for k, v in run.settings.items() if k not in ("v", "tools")},
        "spending": spending_json(run.spent),
        "tasks": [task_json(t) for t in run.tasks],
    }


def spending_json(spent: Spending | None) -> dict[str, Any] | None:
    """What a run asked of paid services; null where it asked none. The cost is null where the prices are not set."""
    if spent is None:
        return None
    return {
        "audio_s": seconds(spent.audio_ms),
        "tokens_in": spent.tokens_in,
        "tokens_out": spent.tokens_out,
        "waited_s": seconds(spent.waited_ms),
        "cost_usd": round(spent.cost, 6) if spent.cost is not None else None,
    }


def task_json(task: TaskView) -> dict[str, Any]:
    return {
        "id": task.id,
        "kind": task.kind.value,
        "label": task.label,
        "state": task.state.value,
        "progress": round(task.progress, 3),
        "position": task.position,
        "attempt": task.attempt,
        "seconds": round(task.seconds, 1) if task.seconds is not None else None,
        "error": error_json(task) if task.error_code else None,
    }


def project_json(view: ProjectView) -> dict[str, Any]:
    run = view.run
    player = view.player
    return {
        "id": view.id,
        "show_id": view.show_id,
        "title": view.title,
        "filename": view.filename,
        "created_at": view.created_at.isoformat(),
        "deleted_at": view.deleted_at.isoformat() if view.deleted_at else None,
        "duration_s": seconds(view.duration_ms) if view.duration_ms else None,
        "has_video": view.media.has_video if view.media else None,
        "frame_rate": float(view.media.frame_rate) if view.media and view.media.frame_rate else None,
        "media": media_json(view.media, view.preferences.get("track", 0)) if view.media else None,
        "state": view.state,
        "stage": run.stage.value if run and run.stage else None,
        "stage_label": run.stage_label if run else "",
        "progress": round(run.progress, 3) if run else None,
        "error": error_json(run.failure) if run else None,
        "warnings": list(run.warnings) if run else [],
        "run_id": run.id if run else None,
        "desk_open": view.desk_open,
        "player": {"url": f"/media-files/{player.asset_id}", "mime": player.mime, "kind": player.kind}
        if player
        else None,
        "map_revision": view.map_id,
        "transcript_revision": view.transcript_id,
        "clips_revision": view.clips_revision,
        "clips": {status.value: count for status, count in view.clips.items()},
    }


def plain_json(content: Any, headers: dict[str, str] | None = None) -> Response:
    """Values that are JSON already, without the second look FastAPI takes at each: long records are many of them."""
    return Response(to_json(content), media_type="application/json", headers=headers)


def etag(revision: int) -> str:
    return f'"{revision}"'


def seen_revision(if_match: str | None) -> int:
    """The revision named by If-Match. Raises PreconditionMissing without one, Stale for one we never gave."""
    if if_match is None or not if_match.strip():
        raise PreconditionMissing
    named = re.fullmatch(r'\s*(?:W/)?"(\d{1,9})"\s*', if_match)
    if named is None:
        raise Stale
    return int(named.group(1))
