"""The command line as other programs call it: one object on stdout, one line on stderr, the right exit code."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import pytest

from clipper_core.adapters.media.ffmpeg import Ffmpeg, Input

ROOT = Path(__file__).parents[2]
CUT_KEYS = {
    "at_s",
    "side",
    "silence_start_s",
    "silence_end_s",
    "level_db",
    "gap_to_word_ms",
    "sentence_boundary",
    "grade",
}


def clipper(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "clipper_core", *map(str, arguments)]
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd or ROOT, timeout=240, env=environment)


def hear_signals() -> None:
    """A shell's background jobs are born deaf to Ctrl-C, and so would their children be."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def printed(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def processed(podcast: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("processed")
    return printed(clipper("process", podcast, "--render", "--json", cwd=folder)) | {"cwd": str(folder)}


@pytest.mark.slow
def test_process_prints_one_object_with_everything_in_it(processed: dict[str, Any]) -> None:
    assert processed["media"] == {
        "duration_s": pytest.approx(130, abs=1),
        "has_video": False,
        "has_audio": True,
        "width": None,
        "height": None,
        "frame_rate": None,
        "sample_rate": 11025,
        "channels": 1,
        "container": "mp4",
        "video_codec": None,
        "audio_codec": "aac",
    }
    assert processed["transcript"]["draft"] is True
    assert processed["transcript"]["engine"] == "pocketsphinx"
    assert set(processed["timings_s"]) >= {"probe", "map_silence", "transcribe", "propose", "render"}
    assert set(processed["clips"][0]["cuts"][0]) >= CUT_KEYS


@pytest.mark.slow
def test_clips_are_apart_of_the_asked_lengths_and_inside(processed: dict[str, Any]) -> None:
    clips = processed["clips"]
    assert len(clips) >= 2
    assert [c["rank"] for c in clips] == list(range(1, len(clips) + 1))
    spans = sorted((c["start_s"], c["end_s"]) for c in clips)
    assert all(20 <= b - a <= 90 for a, b in spans)
    assert spans[0][0] >= 0
    assert spans[-1][1] <= processed["media"]["duration_s"]
    assert all(a[1] <= b[0] for a, b in pairwise(spans))


@pytest.mark.slow
def test_every_rendered_file_has_the_length_of_its_clip(processed: dict[str, Any]) -> None:
    for clip in processed["clips"]:
        path = Path(clip["files"]["media"])
        assert path.is_absolute()
        assert path.parent == Path(processed["cwd"]) / "podcast-clips"
        with av.open(str(path)) as file:
            samples = sum(f.samples for f in file.decode(audio=0))
            heard = samples / file.streams.audio[0].rate
        assert heard == pytest.approx(clip["end_s"] - clip["start_s"], abs=0.02)


@pytest.mark.slow
def test_captions_give_exact_words_and_clip_captions(media: Path, tmp_path: Path) -> None:
    captions = tmp_path / "talk.srt"
    captions.write_text("1\n00:00:00,500 --> 00:00:20,000\nOne two three four five six seven eight nine ten.\n")

    done = printed(
        clipper("process", media / "talk.mp4", "--captions", captions, "--render", "--out", tmp_path / "o", "--json")
    )

    assert done["transcript"]["engine"] == "captions"
    assert not done["transcript"]["draft"]
    assert all(Path(c["files"]["captions"]).suffix == ".srt" for c in done["clips"] if c["files"]["captions"])


def test_strict_silences_are_those_of_pydub(media: Path, tmp_path: Path) -> None:
    from pydub import AudioSegment
    from pydub.silence import detect_silence

    wav = tmp_path / "talk.wav"
    Ffmpeg().run([Input(media / "talk.mp4")], ["-vn", "-c:a", "pcm_s16le", "-f", "wav", str(wav)], work_ms=0)
    sound = AudioSegment.from_wav(str(wav))

    found = printed(clipper("silences", media / "talk.mp4", "--threshold-db", -35, "--min-silence-ms", 300, "--json"))

    expected = detect_silence(sound, min_silence_len=300, silence_thresh=-35, seek_step=1)
    ours = [[round(s["start_s"] * 1000), round(s["end_s"] * 1000)] for s in found["silences"]]
    assert ours == expected
    assert found["threshold_db"] == -35


def test_adaptive_silences_say_so(sonnet: Path) -> None:
    found = printed(clipper("silences", sonnet, "--adaptive", "--json"))

    assert found["threshold_db"] is None
    assert found["min_silence_ms"] == 200
    between_lines = (1.5, 9.0, 14.8, 22.6, 27.5, 30.8, 36.8)  # heard
    assert all(any(s["start_s"] < at < s["end_s"] for s in found["silences"]) for at in between_lines)
    assert all(round(s["end_s"] - s["start_s"], 3) >= 0.2 for s in found["silences"])


@pytest.mark.parametrize("how", [[], ["--threshold-db", "-35"]])
def test_a_plot_is_written_beside_the_same_answer(how: list[str], sonnet: Path, tmp_path: Path) -> None:
    out = tmp_path / "map.html"

    found = printed(clipper("silences", sonnet, *how, "--json"))
    plotted = printed(clipper("silences", sonnet, *how, "--plot", out, "--json"))

    assert plotted == found
    page = out.read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>") and "<h1>sonnet.mp3</h1>" in page
    assert list(tmp_path.iterdir()) == [out]
    assert all(set(s) == {"start_s", "end_s", "level_db"} for s in found["silences"]) or not how


def test_render_cuts_one_stretch(media: Path, tmp_path: Path) -> None:
    out = tmp_path / "deep" / "cut.mp4"

    done = clipper("render", media / "talk.mp4", "--start", 3.21, "--end", 8.03, "--out", out)

    assert done.returncode == 0, done.stderr
    with av.open(str(out)) as file:
        rate = file.streams.video[0].average_rate
        frames = sum(1 for _ in file.decode(video=0))
    assert abs(frames / rate - 4.82) <= 1 / rate


@pytest.mark.parametrize(
    ("arguments", "code", "exit_code"),
    [
        (["process", "nothing-here.mp4"], "not_media", 2),
        (["process", "{text}", "--json"], "not_media", 2),
        (["process", "{empty}", "--json"], "not_media", 2),
        (["process", "{talk}", "--min-length", "50", "--max-length", "20"], "bad_settings", 2),
        (["process", "{talk}", "--captions", "no.srt"], "bad_captions", 2),
        (["process", "{talk}", "--preset", "cinema", "--render"], "bad_settings", 2),
        (["process", "{talk}", "--track", "7"], "bad_range", 2),
        (["process"], "usage", 2),
        (["fly"], "usage", 2),
        (["silences", "{talk}", "--threshold-db", "nan"], "bad_settings", 2),
        (["silences", "{talk}", "--threshold-db", "-30", "--min-silence-ms", "0"], "bad_settings", 2),
        (["silences", "{talk}", "--threshold-db", "-30", "--offset-db", "3"], "bad_settings", 2),
        (["silences", "{talk}", "--offset-db", "inf"], "bad_settings", 2),
        (["silences", "{talk}", "--track", "7"], "bad_range", 2),
        (["silences", "{talk}", "--plot", "nowhere/map.html"], "folder_not_writable", 1),
        (["render", "{talk}", "--start", "9", "--end", "3", "--out", "x.mp4"], "bad_range", 2),
        (["render", "{talk}", "--start", "1", "--end", "4000", "--out", "x.mp4"], "bad_range", 2),
        (["propose", "{text}"], "not_media", 2),
        (["process", "{talk}", "--transcriber", "telepathy"], "usage", 2),
    ],
)
def test_a_refused_input_is_one_line_with_code(
    arguments: list[str], code: str, exit_code: int, media: Path, tmp_path: Path
) -> None:
    (tmp_path / "text.mp4").write_text("This is no video.\n")
    (tmp_path / "empty.mp4").touch()
    files = {"text": tmp_path / "text.mp4", "empty": tmp_path / "empty.mp4", "talk": media / "talk.mp4"}

    done = clipper(*(a.format(**files) for a in arguments), cwd=tmp_path)

    assert (done.returncode, done.stdout) == (exit_code, "")
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith(f"{code}: ")


def test_interrupted_it_ends_with_130_and_leaves_nothing(podcast: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "clipper_core", "process", str(podcast), "--render", "--out", str(tmp_path / "o")]
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "TMPDIR": str(tmp_path)}
    running = subprocess.Popen(
        command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True, preexec_fn=hear_signals
    )
    end = time.monotonic() + 30
    while not list(tmp_path.glob("clipper-*/speech*")) and time.monotonic() < end:
        time.sleep(0.02)

    running.send_signal(signal.SIGINT)
    _, complaint = running.communicate(timeout=20)

    assert running.returncode == 130
    assert complaint.strip().splitlines()[-1].startswith("interrupted: ")
    assert not list(tmp_path.glob("clipper-*"))
