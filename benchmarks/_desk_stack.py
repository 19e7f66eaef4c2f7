"""A Clipper with a long recording and a short one, as the desk's benchmark opens them."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg
import numpy as np

from clipper_core.db.models import Asset, Project, TranscriptRow
from clipper_core.domain.documents import transcript_json
from clipper_core.domain.ids import new_id
from clipper_core.domain.time_range import TimeRange
from clipper_core.domain.transcript import Transcript, Word, sentences_of
from clipper_core.services.assets import write_json
from clipper_core.services.clips import Sender
from tests.servers import Stack, running_stack
from tests.services import fresh_redis

RATE = 16_000
PER_MINUTE = 28  # bursts of sound, and as many silences: 5,040 in three hours
BURST_MS, WORDS = 1_560, 6
TEXT = [
    "so",
    "we",
    "tried",
    "the",
    "other",
    "way",
    "and",
    "nobody",
    "had",
    "asked",
    "for",
    "it",
    "before",
    "that",
    "spring",
]


@dataclass(frozen=True)
class Recording:
    project_id: str
    minutes: int
    silences: int
    words: int
    clips: int


def one_minute(folder: Path) -> Path:
    """Make a minute of bursts of noise as MP3; its end fits its beginning, so that it can be repeated."""
    out = folder / "minute.mp3"
    chance = np.random.default_rng(2)
    t = np.arange(60 * RATE)
    on = (t % (60 * RATE / PER_MINUTE)) < BURST_MS * RATE / 1000
    sound = np.where(on, chance.standard_normal(len(t)) * 3_000, chance.standard_normal(len(t)) * 3)
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        "-v",
        "error",
        "-y",
        "-f",
        "s16le",
        "-ar",
        str(RATE),
        "-ac",
        "1",
        "-i",
        "-",
    ]
    subprocess.run([*command, "-b:a", "32k", str(out)], input=sound.astype("<i2").tobytes(), check=True)
    return out


def repeated(minute: Path, times: int) -> Path:
    """The same sound several times in a row, without encoding it again."""
    out = minute.with_name(f"{times}.mp3")
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-stream_loop", str(times - 1), "-i", str(minute)]
    subprocess.run([*command, "-c", "copy", str(out)], check=True)
    return out


def transcript_of(minutes: int) -> Transcript:
    """A sentence of six words on every burst of sound."""
    words: list[Word] = []
    period = 60_000 / PER_MINUTE
    for burst in range(minutes * PER_MINUTE):
        start = burst * period
        for i in range(WORDS):
            text = TEXT[(burst * 5 + i) % len(TEXT)] + ("." if i == WORDS - 1 else "")
            at = round(start + i * BURST_MS / WORDS)
            words.append(Word(text, at, round(start + (i + 0.9) * BURST_MS / WORDS)))
    spoken = tuple(words)
    return Transcript("benchmark", "en", spoken, sentences_of(spoken))


def furnish(stack: Stack, path: Path, minutes: int, clips: int) -> Recording:
    """Upload a recording, wait for its map, and store words and clips with it.

    Args:
        stack: the Clipper to upload to; its worker must run
        path: the sound
        minutes: its length
        clips: how many clips to spread over it
    """
    app = stack.app
    project_id = stack.upload(path)
    stack.finished(project_id, seconds=600)
    transcript = transcript_of(minutes)
    with tempfile.TemporaryDirectory() as folder:
        written = write_json(Path(folder) / "words", transcript_json(transcript))
        asset = Asset(id=new_id("ast"), project_id=project_id, kind="transcript", mime="application/gzip")
        asset.key = f"projects/{project_id}/benchmark/words"
        asset.size = app.storage.put(written, asset.key)
    with app.database.write() as session:
        session.add(asset)
        session.flush()
        row = TranscriptRow(id=new_id("trs"), project_id=project_id, asset_id=asset.id, engine="benchmark")
        row.language, row.draft, row.word_count = "en", False, len(transcript.words)
        session.add(row)
        session.get_one(Project, project_id).transcript_id = row.id
    for old in app.clips.of_project(project_id):
        app.clips.delete(old.id, old.revision)
    each = minutes * 60_000 // clips
    for i in range(clips):
        start = i * each + each // 10
        span = app.measured.snapped(project_id, TimeRange(start, start + min(45_000, each * 8 // 10)))
        app.clips.create(project_id, (span,), title=f"Clip {i + 1}", sender=Sender("Benchmark"))
    silences = len(app.silences.show(project_id).silence_map.silences)
    return Recording(project_id, minutes, silences, len(transcript.words), clips)


@contextmanager
def two_recordings(minutes: int) -> Iterator[tuple[Stack, Recording, Recording]]:
    """Run a Clipper with a recording of ``minutes`` minutes and 40 clips, and one of a minute with four."""
    with (
        tempfile.TemporaryDirectory(prefix="clipper-desk-") as name,
        fresh_redis(embedded=True) as redis,
        running_stack(Path(name) / "stack", redis, transcriber="none") as stack,
    ):
        stack.worker("fast,speech")
        minute = one_minute(Path(name))
        long = furnish(stack, repeated(minute, minutes), minutes, 40)
        short = furnish(stack, minute, 1, 4)
        stack.web()
        yield stack, long, short
