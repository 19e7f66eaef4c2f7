"""Projects as pages show them: the file the desk plays, and its type."""

from __future__ import annotations

from typing import Any

import pytest

from clipper_core.db.codecs import media_to_row
from clipper_core.db.models import Asset, Project, now
from clipper_core.domain.clip import ClipStatus
from clipper_core.domain.media import AudioTrack, MediaInfo
from clipper_core.services.projects.views import project_view, served_mime

SOUND = AudioTrack(0, "mp3", 48_000, 1)


def project(media: MediaInfo | None = None, **values: Any) -> Project:
    row = Project(id="prj_1", show_id="shw_1", title="T", filename="t.mp3", preferences={}, created_at=now())
    row.media = media_to_row(media) if media else None
    for name, value in values.items():
        setattr(row, name, value)
    return row


def asset(name: str, mime: str = "audio/mpeg") -> Asset:
    return Asset(id=name, project_id="prj_1", kind="source", key=name, mime=mime, size=7)


def test_an_unprobed_project_has_no_player() -> None:
    view = project_view(project(source_id="ast_1"), None, None, {"ast_1": asset("ast_1")})

    assert (view.player, view.duration_ms, view.state, view.desk_open) == (None, None, "none", False)
    assert view.clips == dict.fromkeys(ClipStatus, 0)
    assert view.size == 7


def test_a_playable_source_is_played_itself() -> None:
    row = project(MediaInfo(60_000, "mp3", (SOUND,)), source_id="ast_1", map_id="map_1")

    view = project_view(row, None, None, {"ast_1": asset("ast_1", "text/html")})

    assert view.player is not None
    assert (view.player.asset_id, view.player.mime, view.player.kind) == ("ast_1", "audio/mpeg", "audio")
    assert view.desk_open and view.duration_ms == 60_000


def test_a_preview_is_played_instead_of_the_source() -> None:
    row = project(MediaInfo(60_000, "mp3", (SOUND,)), source_id="ast_1", preview_id="ast_2")

    view = project_view(row, None, None, {n: asset(n) for n in ("ast_1", "ast_2")})

    assert view.player is not None and view.player.asset_id == "ast_2"


def test_another_track_is_not_played_from_the_source() -> None:
    tracks = (SOUND, AudioTrack(1, "mp3", 48_000, 1))
    row = project(MediaInfo(60_000, "mp3", tracks), source_id="ast_1", preferences={"track": 1})

    assert project_view(row, None, None, {"ast_1": asset("ast_1")}).player is None


@pytest.mark.parametrize(
    ("container", "mime"), [("mp3", "audio/mpeg"), ("mov", "audio/mp4"), ("odd", "application/octet-stream")]
)
def test_the_source_has_the_probed_media_type(container: str, mime: str) -> None:
    assert served_mime(project(MediaInfo(1_000, container, (SOUND,)))) == mime


def test_an_unprobed_source_is_served_as_bytes() -> None:
    assert served_mime(project()) == "application/octet-stream"
