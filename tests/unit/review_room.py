"""A recording of ten minutes on review, behind the HTTP API, without a server, a worker's process or FFmpeg."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select
from starlette.testclient import TestClient

from clipper_core.app import App, build_app
from clipper_core.db.codecs import media_to_row
from clipper_core.db.map_rows import map_row
from clipper_core.db.models import Asset, Project, Show, Task, TranscriptRow
from clipper_core.domain.documents import transcript_json
from clipper_core.domain.ids import DEFAULT_SHOW
from clipper_core.domain.media import AudioTrack, MediaInfo
from clipper_core.domain.silence import Silence, SilenceMap
from clipper_core.domain.task import TaskState
from clipper_core.domain.transcript import Transcript, Word, sentences_of
from clipper_core.services.assets.files import write_json
from clipper_core.stages.media.render import RenderedFile
from clipper_core.web.api import make_api
from tests.services import fresh_settings

LENGTH_S = 600
PROJECT = "/api/projects/prj_1"
SECOND = 1_000


@dataclass
class Room:
    """The recording ``prj_1``: a sentence every ten seconds, between silences of a second."""

    app: App
    client: TestClient
    folder: Path
    transcripts: int = 0

    def furnish(self) -> None:
        media = MediaInfo(LENGTH_S * SECOND, "wav", (AudioTrack(0, "pcm_s16le", 8_000, 1),))
        with self.app.database.write() as session:
            session.add(Show(id=DEFAULT_SHOW, name="My recordings", defaults={}))
            session.flush()
            session.add(Project(id="prj_1", show_id=DEFAULT_SHOW, title="A talk", filename="t.wav", preferences={}))
            session.flush()
            for name in ("source", "map"):
                session.add(Asset(id=f"ast_{name}", project_id="prj_1", kind=name, key=name, mime="audio/wav", size=4))
            session.flush()
            silences = tuple(Silence(s * 10_000 - 500, s * 10_000 + 500, -60.0) for s in range(1, LENGTH_S // 10))
            session.add(map_row("map_1", "prj_1", "ast_map", SilenceMap(LENGTH_S * SECOND, silences)))
            project = session.get_one(Project, "prj_1")
            project.media, project.map_id, project.source_id = media_to_row(media), "map_1", "ast_source"
        self.put(b"RIFF", "source")
        self.say("word")

    def put(self, content: bytes, key: str) -> None:
        path = self.folder / "put"
        path.write_bytes(content)
        self.app.storage.put(path, key)

    def say(self, word: str, at_s: float | None = None, *, draft: bool = False) -> str:
        """Let another transcript be the recording's: ``word`` everywhere, or only in the sentence at a moment."""
        self.transcripts += 1
        name = f"trs_{self.transcripts}"
        words = tuple(self._words(word, at_s))
        transcript = Transcript("captions", "en", words, sentences_of(words), draft=draft)
        write_json(self.folder / "words", transcript_json(transcript))
        self.app.storage.put(self.folder / "words", name)
        with self.app.database.write() as session:
            asset = Asset(id=f"ast_{name}", project_id="prj_1", kind="transcript", key=name, mime="x/y", size=1)
            session.add(asset)
            session.flush()
            row = TranscriptRow(id=name, project_id="prj_1", asset_id=asset.id, engine="captions", language="en")
            row.draft, row.word_count = draft, len(words)
            session.add(row)
            session.get_one(Project, "prj_1").transcript_id = name
        return name

    @staticmethod
    def _words(word: str, at_s: float | None) -> Iterator[Word]:
        for start_s in range(0, LENGTH_S, 10):
            here = word if at_s is None or start_s <= at_s < start_s + 10 else "word"
            for i, text in enumerate((here.capitalize(), here, f"{here}.")):
                yield Word(text, start_s * SECOND + 600 + i * 2_800, start_s * SECOND + 3_300 + i * 2_800)

    # -- what a desk does

    def send(
        self, method: str, path: str, body: Any = None, *, seen: str | None = None, key: str | None = None
    ) -> httpx.Response:
        headers = {**({"If-Match": seen} if seen else {}), **({"Idempotency-Key": key} if key else {})}
        return self.client.request(method, path, json=body, headers=headers)

    def made(self, start_s: float, end_s: float, title: str = "A clip") -> dict[str, Any]:
        body = {"start_s": start_s, "end_s": end_s, "title": title, "by": "Ana"}
        answer = self.send("POST", f"{PROJECT}/clips", body)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def change(self, clip: dict[str, Any], verb: str, body: dict[str, Any], key: str | None = None) -> dict[str, Any]:
        """A change by somebody who saw the clip as it is given; the answer."""
        answer = self.send("POST", f"/api/clips/{clip['id']}/{verb}", body, seen=clip["etag"], key=key)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def decided(self, clip: dict[str, Any], decision: str = "approved", **more: Any) -> dict[str, Any]:
        return self.change(clip, "decisions", {"decision": decision, "by": "Ana", **more})

    def clip(self, clip: dict[str, Any]) -> dict[str, Any]:
        return dict(self.client.get(f"/api/clips/{clip['id']}").json())

    def clips(self) -> list[dict[str, Any]]:
        return list(self.client.get(f"{PROJECT}/clips").json()["clips"])

    def stamp(self) -> str:
        return str(self.client.get(PROJECT).json()["clips_revision"])

    # -- what a worker does

    def waiting(self) -> list[Task]:
        with self.app.database.read() as session:
            return list(session.scalars(select(Task).where(Task.state == TaskState.QUEUED).order_by(Task.id)))

    def render_all(self) -> None:
        for task in self.waiting():
            self.app.worker.perform(task.id, task.attempt)


def rendered(_ffmpeg: Any, _recording: Any, _request: Any, out: Path, _progress: Any) -> RenderedFile:
    """Stands for FFmpeg: a file of some bytes, and what would be measured on it."""
    out.write_bytes(b"the clip")
    return RenderedFile(out, 1_000, 8, 48_000, 1, "aac", -60.0, -60.0)


@contextlib.asynccontextmanager
async def nothing_beside(_api: FastAPI) -> AsyncIterator[None]:
    """No housekeeping, which a real server does beside its requests."""
    yield


@contextlib.contextmanager
def open_room(**more: Any) -> Iterator[Room]:
    with (
        tempfile.TemporaryDirectory(prefix="cr-") as folder,
        fresh_settings(Path(folder), **more) as settings,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr("clipper_core.services.runs.clip_steps.render_clip", rendered)
        app = build_app(settings)
        app.storage.prepare()
        api = make_api(app)
        api.router.lifespan_context = nothing_beside
        with TestClient(api) as client:
            room = Room(app, client, Path(folder))
            room.furnish()
            yield room
        app.database.close()
