import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from clipper_core.adapters.media.ffmpeg import Ffmpeg, Input, Limits
from clipper_core.errors import Cancelled, DiskFull, MediaToolFailed, MediaToolMissing, MediaToolStuck
from tests.unit.conftest import noise, write_wav

TO_NOTHING = ["-f", "null", "-"]


@pytest.fixture
def minute(tmp_path: Path) -> Path:
    return write_wav(tmp_path / "minute.wav", noise(60_000, -20, rate=8_000), 8_000)


@pytest.fixture
def never_ending(tmp_path: Path) -> Path:
    """A file that opens and never says anything: a pipe nobody writes to."""
    path = tmp_path / "pipe.wav"
    os.mkfifo(path)
    return path


def children() -> list[str]:
    mine = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
    if not mine.exists():
        pytest.skip("this system does not list a process's children")
    return mine.read_text().split()


def test_a_run_tells_how_much_came_out(ffmpeg: Ffmpeg, minute: Path):
    report = ffmpeg.run([Input(minute)], TO_NOTHING, work_ms=60_000)

    assert report.out_ms == 60_000


def test_a_pipe_gives_every_sample_in_blocks_of_the_size_asked_for(ffmpeg: Ffmpeg, minute: Path):
    block = memoryview(bytearray(16_000))

    with ffmpeg.pipe([Input(minute)], ["-f", "s16le", "pipe:1"], work_ms=60_000) as running:
        sizes = []
        while size := running.fill(block):
            sizes.append(size)

    assert sizes == [16_000] * 60


def test_a_file_that_is_no_media_is_a_failure_that_keeps_the_log(ffmpeg: Ffmpeg, tmp_path: Path):
    text = tmp_path / "text"
    text.write_text("not media at all " * 50)

    with pytest.raises(MediaToolFailed) as caught:
        ffmpeg.run([Input(text)], TO_NOTHING, work_ms=0)

    assert "Invalid data" in (caught.value.detail or "")


def test_the_log_that_is_kept_has_an_end_and_nothing_that_steers_a_terminal(ffmpeg: Ffmpeg, tmp_path: Path):
    path = tmp_path / ("\x1b[31mred" + "x" * 100)
    path.write_bytes(b"no media")

    with pytest.raises(MediaToolFailed) as caught:
        ffmpeg.run([Input(path)] * 60, TO_NOTHING, work_ms=0)

    assert "\x1b" not in (caught.value.detail or "\x1b")
    assert len(caught.value.detail or "") < 5_000


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_called_a_full_disk(ffmpeg: Ffmpeg, minute: Path):
    with pytest.raises(DiskFull):
        ffmpeg.run([Input(minute)], ["-f", "s16le", "file:/dev/full"], work_ms=60_000)


def test_a_missing_program_is_a_failure_that_names_it(tmp_path: Path, minute: Path):
    with pytest.raises(MediaToolMissing) as caught:
        Ffmpeg(tmp_path / "no-such-program").run([Input(minute)], TO_NOTHING, work_ms=0)

    assert "no-such-program" in (caught.value.detail or "")


def test_no_progress_for_the_idle_time_ends_the_run(never_ending: Path):
    impatient = Ffmpeg(limits=Limits(idle_s=1.0))
    before = children()
    begun = time.monotonic()

    with pytest.raises(MediaToolStuck):
        impatient.run([Input(never_ending)], TO_NOTHING, work_ms=0)

    assert time.monotonic() - begun < 10
    assert children() == before


def test_a_run_ends_at_its_deadline_though_it_makes_progress(minute: Path):
    slowly = Input(minute, options=("-re",))
    hurried = Ffmpeg(limits=Limits(base_s=1.0, per_second=0.0))

    with pytest.raises(MediaToolStuck):
        hurried.run([slowly], TO_NOTHING, work_ms=60_000)


def test_what_progress_raises_ends_the_program_and_passes_on(ffmpeg: Ffmpeg, never_ending: Path):
    before = children()

    def cancel(_: float) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        ffmpeg.run([Input(never_ending)], TO_NOTHING, work_ms=0, progress=cancel)

    assert children() == before


def test_what_the_reader_raises_ends_the_program_too(ffmpeg: Ffmpeg, minute: Path):
    before = children()

    with (
        contextlib.suppress(KeyError),
        ffmpeg.pipe([Input(minute, options=("-re",))], ["-f", "s16le", "pipe:1"], work_ms=0) as running,
    ):
        running.read(100)
        raise KeyError

    assert children() == before


def test_leaving_a_pipe_early_is_no_failure(ffmpeg: Ffmpeg, minute: Path):
    before = children()

    with ffmpeg.pipe([Input(minute)], ["-f", "s16le", "pipe:1"], work_ms=0) as running:
        assert len(running.read(100)) == 100

    assert children() == before


def test_progress_grows_to_the_share_that_is_done(ffmpeg: Ffmpeg, tmp_path: Path):
    told: list[float] = []
    short = write_wav(tmp_path / "short.wav", noise(2_500, -20, rate=8_000), 8_000)

    ffmpeg.run([Input(short, options=("-re",))], TO_NOTHING, work_ms=2_500, progress=told.append)

    assert told == sorted(told)
    assert 0.3 < told[-1] <= 1


def test_the_environment_is_not_handed_to_the_program(monkeypatch: pytest.MonkeyPatch, ffmpeg: Ffmpeg, minute: Path):
    monkeypatch.setenv("FFREPORT", f"file={minute.parent / 'report.log'}")

    ffmpeg.run([Input(minute)], TO_NOTHING, work_ms=0)

    assert not (minute.parent / "report.log").exists()


@pytest.mark.parametrize("name", ["-i.wav", "a%d.wav", "concat:x|y.wav", "a b;c.wav", "http:.wav"])
def test_a_file_name_is_never_an_option_a_protocol_or_a_pattern(
    ffmpeg: Ffmpeg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
):
    monkeypatch.chdir(tmp_path)
    write_wav(Path(name), noise(200, -20, rate=8_000), 8_000)

    assert ffmpeg.run([Input(Path(name))], TO_NOTHING, work_ms=0).out_ms == 200


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
def test_the_program_dies_with_a_parent_that_is_killed(never_ending: Path):
    script = (
        "import pathlib, sys; from clipper_core.adapters.media.ffmpeg import Ffmpeg, Input\n"
        "tell = lambda _: print('at work', flush=True)\n"
        "Ffmpeg().run([Input(pathlib.Path(sys.argv[1]))], ['-f', 'null', '-'], work_ms=0, progress=tell)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(never_ending)], cwd=Path(__file__).parents[4], stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None and parent.stdout.readline() == b"at work\n"
        child = psutil.Process(parent.pid).children()[0]
        parent.kill()

    gone, _ = psutil.wait_procs([child], timeout=10)

    assert gone == [child]


def test_the_version_is_told(ffmpeg: Ffmpeg):
    assert any(c.isdigit() for c in ffmpeg.version)
