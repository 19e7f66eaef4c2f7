"""Bad recordings as people upload them: each ends in a final state, with a sentence they understand."""

from __future__ import annotations

import json
import shutil
import socket
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clipper_core.adapters.media.ffmpeg import Ffmpeg, Input
from clipper_core.domain.task import TaskState
from clipper_core.domain.upload import clean_name
from tests.servers import Stack

pytestmark = pytest.mark.servers

RATE = 16_000


def empty(_: Path, out: Path) -> None:
    out.touch()


def text(_: Path, out: Path) -> None:
    out.write_text("This is a letter, not a video.\n" * 50)


def without_sound(media: Path, out: Path) -> None:
    Ffmpeg().run([Input(media / "talk.mp4")], ["-an", "-c:v", "copy", "-t", "5", "-f", "mp4", str(out)], work_ms=5000)


def truncated(media: Path, out: Path) -> None:
    """An MP4 whose index, at its end, never arrived."""
    whole = (media / "talk.mp4").read_bytes()
    at = whole.rfind(b"moov")
    out.write_bytes(whole[: at - 4] if at > len(whole) // 2 else whole[:20_000])


def sound(samples: np.ndarray, out: Path) -> None:
    with wave.open(str(out), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((samples * 32767).astype("<i2").tobytes())


def silence(_: Path, out: Path) -> None:
    sound(np.zeros(RATE * 70), out)


def hum(_: Path, out: Path) -> None:
    """A minute and more of mains hum: sound, but nobody speaks."""
    t = np.arange(RATE * 70) / RATE
    sound(0.1 * np.sin(2 * np.pi * 50 * t) + np.random.default_rng(1).normal(0, 0.003, len(t)), out)


@pytest.mark.parametrize(
    ("make", "name", "state", "codes"),
    [
        (empty, "empty.mp4", "failed", {"not_media"}),
        (text, "letter.mp4", "failed", {"not_media"}),
        (without_sound, "mute.mp4", "failed", {"no_audio"}),
        (truncated, "half.mp4", "failed", {"not_media", "truncated"}),
        (silence, "silence.wav", "succeeded", {"no_speech"}),
        (hum, "hum.wav", "succeeded", {"no_speech", "not_understood"}),
    ],
    ids=lambda v: v.__name__ if callable(v) else None,
)
def test_every_bad_recording_ends_in_an_explained_state(
    shared_stack: Stack,
    media: Path,
    tmp_path: Path,
    make: Callable[[Path, Path], None],
    name: str,
    state: str,
    codes: set[str],
) -> None:
    recording = tmp_path / "recording"
    make(media, recording)

    run = shared_stack.finished(shared_stack.upload(recording, name), seconds=90)

    assert run.state is TaskState(state)
    said = {run.failure.error_code} if run.failure else {w["code"] for w in run.warnings}
    assert said & codes
    sentences = [run.failure.error] if run.failure else [w["message"] for w in run.warnings]
    assert all(len(s.split()) > 4 and s.endswith(".") and "Traceback" not in s for s in sentences)
    if state == "failed":
        assert all(t.attempt == 1 for t in run.tasks)


def test_a_truncated_recording_is_used_with_a_warning(shared_stack: Stack, shared: Path) -> None:
    cut = shared / "bad_inputs" / "files" / "mp4_faststart_cut50"

    run = shared_stack.finished(shared_stack.upload(cut, "cut.mp4"))

    assert run.state.is_final
    said = [run.failure.error] if run.failure else [w["message"] for w in run.warnings if w["code"] == "truncated"]
    assert said


@pytest.fixture(scope="session")
def cases(shared: Path) -> list[dict[str, Any]]:
    return json.loads((shared / "bad_inputs" / "manifest.json").read_text())["cases"]


@pytest.fixture
def canary(shared: Path) -> Iterator[socket.socket]:
    """The targets of attack files: a folder with a canary, and a port that is listened on."""
    told = json.loads((shared / "bad_inputs" / "manifest.json").read_text())
    folder = Path(told["canary_dir"])
    folder.mkdir(exist_ok=True)
    (folder / "canary.txt").write_text("CANARY")
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", told["listener_port"]))
        listening.listen()
        listening.setblocking(False)
        yield listening
    shutil.rmtree(folder)


@pytest.mark.slow
def test_every_known_bad_file_ends_as_it_should(
    stack: Stack, shared: Path, cases: list[dict[str, Any]], canary: socket.socket
) -> None:
    stack.worker("fast,speech")
    stack.worker("fast,render,speech")
    media_cases = [c for c in cases if c["category"] in ("broken", "wav_header", "audio", "video", "attack")]
    made = {c["id"]: stack.upload(shared / "bad_inputs" / "files" / c["id"], c["client_filename"]) for c in media_cases}

    runs = {case: stack.finished(project, seconds=200) for case, project in made.items()}

    for case in media_cases:
        run = runs[case["id"]]
        ended = "rejected" if run.state is TaskState.FAILED else "accepted"
        if not case["policy"]:
            assert ended == case["expected"], (case["id"], run.failure and run.failure.error_detail)
        if run.failure:
            assert run.failure.error_code not in ("error", "failed", "interrupted"), (case["id"], run.failure)
            if run.failure.attempt > 1:  # a store that did not answer once? The file itself is not tried again
                run = stack.finished(
                    stack.upload(shared / "bad_inputs" / "files" / case["id"], case["client_filename"])
                )
            assert run.failure is not None
            assert run.failure.attempt == 1
    with pytest.raises(BlockingIOError):
        canary.accept()
    stored = (b"".join(stack.storage.read(file.key)) for file in stack.storage.files())
    assert not any(b"CANARY" in content for content in stored)
    for process in stack.processes:
        assert "CANARY" not in process.log.read_text(errors="replace")


@pytest.mark.slow
def test_any_file_name_is_kept_as_text_only(stack: Stack, shared: Path, cases: list[dict[str, Any]]) -> None:
    plain = shared / "bad_inputs" / "files" / "name_empty"
    names = [
        c["client_filename"] for c in cases if c["category"] == "filename" and len(c["client_filename"] or "") < 999
    ]
    client = stack.api()
    before = set(stack.settings.data.rglob("*"))

    for name in names:
        project_id = stack.upload(plain, name)
        shown = client.get(f"/api/projects/{project_id}").json()
        assert shown["filename"] == clean_name(name)
        assert shown["title"].strip()

    keys = [str(p) for p in stack.settings.data.rglob("*") if p not in before]
    keys += [file.key for file in stack.storage.files()]
    assert all(ok.isascii() and not set(ok) & set("<>%;`|&*{}$") for ok in keys)
