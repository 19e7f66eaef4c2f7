"""Recordings as pages and the API show them, with the file the desk plays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from clipper_core.db.codecs import media_from_row
from clipper_core.db.models import Asset, Project
from clipper_core.domain.clip import ClipStatus
from clipper_core.domain.media import MediaInfo, plays_in_browser
from clipper_core.services.clips import ClipCounts
from clipper_core.services.runs import RunView

MIME = {
    "mp4": "video/mp4",
    "mov": "video/mp4",  # browsers play a QuickTime file they are told is MP4
    "webm": "video/webm",
    "matroska": "video/x-matroska",
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
    "flac": "audio/flac",
    "ogg": "audio/ogg",
    "aac": "audio/aac",
}


@dataclass(frozen=True, slots=True)
class Player:
    """The file the desk plays: the source itself, or a preview of it."""

    asset_id: str
    mime: str
    kind: str  # video | audio


@dataclass(frozen=True, slots=True)
class ProjectView:
    """A recording as pages and the API show it. The revisions change when the thing they name does."""

    id: str
    show_id: str
    title: str
    filename: str
    created_at: datetime
    deleted_at: datetime | None
    preferences: dict[str, Any]
    media: MediaInfo | None
    run: RunView | None
    clips: dict[ClipStatus, int]
    clips_revision: str
    map_id: str | None
    transcript_id: str | None
    speech_id: str | None
    source_id: str | None
    captions_id: str | None
    player: Player | None
    size: int

    @property
    def state(self) -> str:
        return self.run.state.value if self.run else "none"

    @property
    def desk_open(self) -> bool:
        return self.map_id is not None

    @property
    def duration_ms(self) -> int | None:
        return self.media.duration_ms if self.media and self.media.duration_ms else None


def project_view(
    project: Project,
    run: RunView | None,
    counts: ClipCounts | None,
    assets: dict[str, Asset],
) -> ProjectView:
    """The view of a project.

    Args:
        project: Its row.
        run: Its newest run, if it has one.
        counts: How many of its clips have each status, and a fingerprint of them; None without clips.
        assets: Its source and preview, by id.
    """
    media = media_from_row(project.media) if project.media else None
    source = assets.get(project.source_id or "")
    return ProjectView(
        id=project.id,
        show_id=project.show_id,
        title=project.title,
        filename=project.filename,
        created_at=project.created_at,
        deleted_at=project.deleted_at,
        preferences=project.preferences,
        media=media,
        run=run,
        clips=counts.counts if counts else dict.fromkeys(ClipStatus, 0),
        clips_revision=counts.fingerprint if counts else "0",
        map_id=project.map_id,
        transcript_id=project.transcript_id,
        speech_id=project.speech_id,
        source_id=project.source_id,
        captions_id=project.captions_id,
        player=_player(project, media, assets),
        size=source.size if source else 0,
    )


def served_mime(project: Project) -> str:
    """The source's media type for browsers: from probing, never from the client that uploaded it."""
    media = media_from_row(project.media) if project.media else None
    if media is None:
        return "application/octet-stream"
    mime = MIME.get(media.container, "application/octet-stream")
    return mime if media.has_video else mime.replace("video/", "audio/")


def _player(project: Project, media: MediaInfo | None, assets: dict[str, Asset]) -> Player | None:
    if media is None:
        return None
    kind = "video" if media.has_video else "audio"
    preview = assets.get(project.preview_id or "")
    if preview is not None:
        return Player(preview.id, preview.mime, kind)
    if plays_in_browser(media, project.preferences.get("track", 0)) and project.source_id:
        return Player(project.source_id, served_mime(project), kind)
    return None
