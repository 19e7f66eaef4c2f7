"""Make a data folder by the build in a checkout, and keep it with all that this build answers about it.

    cd CHECKOUT && .venv/bin/python …/tests/older/make.py OUT

It runs on the code in the current folder, and was written for commit d66c028: it uses no name that came later. OUT gets
``data.tar.xz`` (the data folder) and ``answers.json`` (what the HTTP API answers).
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path.cwd()
HERE = Path(__file__).parent
sys.path.insert(0, str(ROOT))
sys.path.insert(1, str(HERE))

import imageio_ffmpeg  # noqa: E402
from answers import all_answers, client_of  # noqa: E402
from clipper_core.adapters.ffmpeg import Ffmpeg, Input  # noqa: E402
from sqlalchemy import select, update  # noqa: E402

from clipper_core.app import App, build_app  # noqa: E402
from clipper_core.db.models import Asset, Project, Task, Upload  # noqa: E402
from clipper_core.domain.ids import SAMPLE_PROJECT  # noqa: E402
from clipper_core.domain.task import Kind, TaskState  # noqa: E402
from clipper_core.settings import Settings  # noqa: E402

SAMPLE = ROOT / "sample" / "sonnet.mp3"
SPEECH = HERE.parent / "media" / "jfk.flac"
# Stored files that the repository has already: the archive leaves them out, the test puts them back.
ELSEWHERE = {"sample/sonnet.mp3": SAMPLE, "tests/media/jfk.flac": SPEECH}
SHORT_S = 6
SHORT_CAPTIONS = b"""1
00:00:00,398 --> 00:00:00,818
One.

2
00:00:02,658 --> 00:00:05,518
From fairest creatures we desire increase,
"""
GONE_WORKER = "another-host:4242:1"  # never the computer that reads it, and none that can be asked
TUS = {"Tus-Resumable": "1.0.0"}


class House:
    """The older build, its API without a server, and its worker without a process."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.client = client_of(app)

    # -- what a browser does

    def send(self, method: str, path: str, body: Any = None, seen: str | None = None) -> Any:
        headers = {"If-Match": seen} if seen else {}
        answer = self.client.request(method, path, json=body, headers=headers)
        assert answer.status_code < 300, (method, path, answer.status_code, answer.text)
        return answer.json() if answer.content else None

    def change(self, clip_id: str, verb: str, body: dict[str, Any]) -> Any:
        seen = self.send("GET", f"/api/clips/{clip_id}")["etag"]
        return self.send("POST", f"/api/clips/{clip_id}/{verb}", {"by": "Ana", **body}, seen)

    def decide(self, clip_id: str, decision: str, **more: Any) -> Any:
        return self.change(clip_id, "decisions", {"decision": decision, **more})

    def announce(self, path: Path, name: str, captions: bytes | None = None, **wishes: str) -> str:
        """Begin an upload by tus; its address."""
        told = {"filename": name, "filetype": "audio/x", **wishes}
        metadata = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in told.items())
        headers = {**TUS, "Upload-Length": str(path.stat().st_size), "Upload-Metadata": metadata}
        answer = self.client.post("/uploads", headers=headers)
        assert answer.status_code == 201, answer.text
        place = answer.headers["Location"]
        if captions is not None:
            assert self.client.put(f"{place}/captions", content=captions).status_code == 204
        return str(place)

    def append(self, place: str, data: bytes, at: int = 0) -> None:
        headers = {**TUS, "Upload-Offset": str(at), "Content-Type": "application/offset+octet-stream"}
        answer = self.client.patch(place, content=data, headers=headers)
        assert answer.status_code == 204, answer.text

    def upload(self, path: Path, name: str, captions: bytes | None = None, **wishes: str) -> str:
        """A whole upload; the project's id."""
        place = self.announce(path, name, captions, **wishes)
        self.append(place, path.read_bytes())
        with self.app.database.read() as session:
            return str(session.get_one(Upload, place.rsplit("/", 1)[1]).project_id)

    # -- what a worker does

    def waiting(self, project_id: str) -> Sequence[Task]:
        queued = select(Task).where(Task.project_id == project_id, Task.state == TaskState.QUEUED)
        with self.app.database.read() as session:
            return session.scalars(queued.order_by(Task.created_at, Task.id)).all()

    def work(self, project_id: str, *, up_to: Kind | None = None) -> None:
        """Perform what waits, and what follows, but nothing of the kind ``up_to``."""
        while tasks := [t for t in self.waiting(project_id) if t.kind != up_to]:
            for task in tasks:
                self.app.work.perform(task.id, task.attempt)

    def die_at(self, task: Task) -> None:
        """Let a worker begin a task, write half a file and be killed, as on another computer."""
        pid = os.fork()
        if pid == 0:

            def killed(bench: Any) -> Any:
                (bench.folder / "half").write_bytes(b"half a file")
                os._exit(9)

            self.app.work._steps = dict.fromkeys(Kind, killed)
            self.app.work.perform(task.id, task.attempt)
        os.waitpid(pid, 0)
        with self.app.database.write() as session:
            lost = {"worker": GONE_WORKER, "lease_until": datetime.now(UTC) - timedelta(minutes=1)}
            session.execute(update(Task).where(Task.id == task.id).values(**lost))


def review_the_sample(house: House) -> None:
    """Everything a reviewer can do, on the sample."""
    project = f"/api/projects/{SAMPLE_PROJECT}"
    house.send("POST", "/jobs/enqueue", {"project_id": SAMPLE_PROJECT})
    house.work(SAMPLE_PROJECT)
    proposed = [c["id"] for c in house.send("GET", f"{project}/clips")["clips"]]
    assert len(proposed) >= 1, proposed

    words = house.send("GET", f"{project}/transcript")
    edit = {"index": 1, "was": words["words"][1]["text"], "text": "Out"}
    house.send("POST", f"{project}/transcript/words", {"edits": [edit], "by": "Ben"}, f'"{words["revision"]}"')
    words = house.send("GET", f"{project}/transcript")
    renamed = {"find": "Famine", "replace": "famine", "by": "Ben"}
    house.send("POST", f"{project}/transcript/replace", renamed, f'"{words["revision"]}"')
    house.send("PUT", f"{project}/silence-map", {"threshold_db": -45, "min_silence_ms": 300})
    played = [{"start_s": 0, "end_s": 6.5}, {"start_s": 20, "end_s": 28.25}]
    house.send("POST", f"{project}/listened", {"ranges": played})

    rendered = by_hand(house, "Rendered", 2.6, 8.7)
    house.change(rendered, "versions", {"start_s": 2.5, "end_s": 5.6, "title": "Increase"})
    house.decide(rendered, "approved", note="Short and whole")
    house.work(SAMPLE_PROJECT)

    rejected = by_hand(house, "Rejected", 9.1, 14.4)
    house.decide(rejected, "rejected", reason="no_context", note="Whose heir?")
    wanting = by_hand(house, "To be changed", 15.2, 22.3)
    house.decide(wanting, "changes_requested", note="Begin a line later")
    undone = by_hand(house, "Undone", 18.8, 25.3)
    house.decide(undone, "approved")
    house.decide(undone, "withdrawn")
    first = house.send("POST", f"/api/clips/{wanting}/notes", {"at_s": 16.0, "text": "Too fast?", "by": "Ana"})
    note_id = first["notes"][0]["id"]
    house.send("POST", f"/api/notes/{note_id}/replies", {"text": "No, as he reads.", "by": "Ben"})
    house.send("POST", f"/api/notes/{note_id}/resolve", {"by": "Ana"})
    house.send("POST", f"/api/clips/{wanting}/notes", {"text": "A second one, open", "by": "Ben"})

    two = by_hand(house, "Two halves", 31.0, 40.2)
    house.change(two, "split", {"at_s": 36.6})
    pieces = by_hand(house, "A digression cut out", 22.6, 30.4)
    house.change(pieces, "versions", {"ranges": [{"start_s": 22.6, "end_s": 25.4}, {"start_s": 25.6, "end_s": 30.4}]})
    other = by_hand(house, "Joined to it", 31.1, 34.1)
    seen = house.send("GET", f"/api/clips/{other}")["etag"]
    house.change(pieces, "merge", {"other": other, "other_etag": seen})
    deleted = by_hand(house, "Deleted", 5.4, 8.7)
    house.send("DELETE", f"/api/clips/{deleted}?by=Ana", None, house.send("GET", f"/api/clips/{deleted}")["etag"])

    stopped = by_hand(house, "Approved twice", 26.0, 30.4)
    house.decide(stopped, "approved")
    house.change(stopped, "versions", {"start_s": 25.6, "end_s": 30.4})
    queued = by_hand(house, "Waits to be rendered", 11.9, 14.4)
    house.decide(queued, "approved")
    interrupted = by_hand(house, "Its worker died", 15.2, 18.6)
    house.decide(interrupted, "approved")
    house.die_at(house.waiting(SAMPLE_PROJECT)[-1])


def by_hand(house: House, title: str, start_s: float, end_s: float) -> str:
    body = {"start_s": start_s, "end_s": end_s, "title": title, "by": "Ana"}
    return str(house.send("POST", f"/api/projects/{SAMPLE_PROJECT}/clips", body)["id"])


def stop_before_each_kind(house: House, short: Path) -> None:
    """A recording for each kind of task, its run stopped when a task of this kind waits; and half an upload."""
    show = house.send("POST", "/api/shows", {"name": "Speeches"})["id"]
    wishes = {"language": "en", "show": show, "min_length": "3", "max_length": "9"}
    for kind in (Kind.PROBE, Kind.MAP_SILENCE, Kind.PREVIEW, Kind.ALIGN, Kind.PROPOSE):
        house.work(house.upload(short, "short.wma", SHORT_CAPTIONS, title=f"Waits: {kind}", **wishes), up_to=kind)
    speech = house.upload(SPEECH, "jfk.flac", title=f"Waits: {Kind.TRANSCRIBE}", **wishes)
    house.work(speech, up_to=Kind.TRANSCRIBE)

    failed = house.upload(Path(__file__), "no recording.wma", title="Failed")
    try:
        house.work(failed)
    finally:
        assert not house.waiting(failed)
    cancelled = house.upload(short, "cancelled.wma", title="Cancelled")
    house.send("POST", f"/api/runs/{house.send('GET', f'/api/projects/{cancelled}')['run_id']}/cancel")
    gone = house.upload(short, "deleted.wma", title="Deleted")
    house.send("DELETE", f"/api/projects/{gone}")

    place = house.announce(short, "half.wma", title="Half an upload")
    house.append(place, short.read_bytes()[: short.stat().st_size // 2])


def hush(house: House, project_id: str) -> None:
    """Keep of a recording's stored speech the second that is asked for, and zeros: the archive is half as large."""
    asset = select(Asset.key).join(Project, Project.speech_id == Asset.id).where(Project.id == project_id)
    with house.app.database.read() as session:
        key = session.scalars(asset).one()
    path = house.app.settings.data / "files" / key
    whole = path.read_bytes()
    second = slice(2 * 32_000, 3 * 32_000)
    path.write_bytes(bytes(second.start) + whole[second] + bytes(len(whole) - second.stop))


def stored(house: House, data: Path, out: Path) -> dict[str, str]:
    """Put the data folder into the archive; the stored files that are left out, and what they are."""
    known = {_digest(path): name for name, path in ELSEWHERE.items()}
    house.app.database.close()
    with sqlite3.connect(data / "clipper.db") as database:
        database.execute("pragma wal_checkpoint(truncate)")
        database.execute("pragma journal_mode=delete")
        database.execute("vacuum")
    left_out: dict[str, str] = {}
    with tarfile.open(out / "data.tar.xz", "w:xz", preset=9) as archive:
        for path in sorted(data.rglob("*")):
            name = str(path.relative_to(data))
            if path.is_file() and _digest(path) in known:
                left_out[name] = known[_digest(path)]
            elif path.name == "speech":
                archive.add(_as_flac(path), f"{name}.flac", filter=_nameless)
            else:
                archive.add(path, name, recursive=False, filter=_nameless)
    return left_out


def _as_flac(speech: Path) -> Path:
    """Speech is stored as bare samples, which take half as much as FLAC."""
    out = speech.with_suffix(".flac")
    form = ["-f", "s16le", "-ar", "16000", "-ac", "1"]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *form, "-i", speech, "-compression_level", "12"]
    subprocess.run([*command, "-map_metadata", "-1", "-fflags", "+bitexact", "-flags", "+bitexact", out], check=True)
    return out


def _nameless(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _settled(ask: Callable[[], Any]) -> Any:
    """An answer that is the same a second later; what depends on the clock has no place in it."""
    before = ask()
    time.sleep(1.5)
    assert ask() == before, "an answer changes by itself"
    return before


def main(out: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        data.mkdir()
        settings = Settings(data_dir=data, redis_url=f"unix://{folder}/no-queue.sock?db=0", _env_file=None)
        app = build_app(settings)
        app.migrate()
        house = House(app)
        short = Path(folder) / "short.wma"
        Ffmpeg().run(
            [Input(SAMPLE)],
            ["-t", str(SHORT_S), "-map_metadata", "-1", "-c", "copy", "-f", "asf", str(short)],
            work_ms=0,
        )
        review_the_sample(house)
        stop_before_each_kind(house, short)
        with app.database.read() as session:
            projects = {p.id: p.title for p in session.scalars(select(Project))}
        assert len(projects) == 10, projects
        hush(house, SAMPLE_PROJECT)
        answers = _settled(lambda: all_answers(app, house.client))
        left_out = stored(house, data, out)
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True)
    kept = {"commit": commit.stdout.strip(), "left_out": left_out, "answers": answers}
    (out / "answers.json").write_text(json.dumps(kept, indent=1, ensure_ascii=False, sort_keys=True) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
