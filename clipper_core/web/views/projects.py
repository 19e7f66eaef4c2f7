"""Recordings and shows as JSON."""

from __future__ import annotations

from clipper_core.domain.documents import Json, media_json
from clipper_core.domain.time_range import seconds
from clipper_core.services.projects import Player, ProjectView, ShowView
from clipper_core.web.views.runs import error_json


def project_json(project: ProjectView) -> Json:
    run, media = project.run, project.media
    return {
        "id": project.id,
        "show_id": project.show_id,
        "title": project.title,
        "filename": project.filename,
        "created_at": project.created_at.isoformat(),
        "deleted_at": project.deleted_at.isoformat() if project.deleted_at else None,
        "duration_s": seconds(project.duration_ms) if project.duration_ms else None,
        "has_video": media.has_video if media else None,
        "frame_rate": float(media.frame_rate) if media and media.frame_rate else None,
        "media": media_json(media, project.preferences.get("track", 0)) if media else None,
        "state": project.state,
        "stage": run.stage.value if run and run.stage else None,
        "stage_label": run.stage_label if run else "",
        "progress": round(run.progress, 3) if run else None,
        "error": error_json(run.failure) if run else None,
        "warnings": list(run.warnings) if run else [],
        "run_id": run.id if run else None,
        "desk_open": project.desk_open,
        "player": _player_json(project.player) if project.player else None,
        "map_revision": project.map_id,
        "transcript_revision": project.transcript_id,
        "clips_revision": project.clips_revision,
        "clips": {status.value: count for status, count in project.clips.items()},
    }


def show_json(show: ShowView) -> Json:
    return {"id": show.id, "name": show.name, "defaults": show.defaults}


def _player_json(player: Player) -> Json:
    return {"url": f"/media-files/{player.asset_id}", "mime": player.mime, "kind": player.kind}
