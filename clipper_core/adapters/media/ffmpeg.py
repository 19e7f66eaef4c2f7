"""FFmpeg: the only program that touches media, and the only place that starts it.

Every call reads local files named by us, with demuxers and protocols limited to lists (a playlist or a concat script
named ``.mp4`` can otherwise read other files and open sockets), in a session of its own, under limits of memory,
processor and file size, and watched: it must move forward, and it must come to an end.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import math
import os
import resource
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

from clipper_core.errors import DiskFull, MediaToolFailed, MediaToolMissing, MediaToolStuck

Progress = Callable[[float], None]
"""Called with a fraction from 0 to 1, at once and then twice a second; an error it raises ends the work."""


def quiet(_: float) -> None:
    """Ignore the progress."""


FORMATS = "mov,matroska,webm,avi,wav,w64,flac,mp3,ogg,aac,aiff,asf,mpegts,amr,caf"
MAX_STREAMS = 64
MAX_PIXELS = 8192 * 4608
READ_OPTIONS = {
    "protocol_whitelist": "file",
    "format_whitelist": FORMATS,
    "max_streams": str(MAX_STREAMS),
    "max_pixels": str(MAX_PIXELS),
    "probesize": "50M",
    "analyzeduration": "20M",
}

TICK_S = 0.5
LOG_CHARS = 4_000
ALWAYS = ("-hide_banner", "-nostdin", "-y", "-nostats", "-v", "warning", "-stats_period", str(TICK_S))
PIPE_BYTES = 1 << 20
STEP_BYTES = 1 << 20  # writing this much is moving forward too: moving an index to the front tells no time
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None  # loaded here, since nothing may be loaded after a fork


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one run of FFmpeg. The deadline is ``base_s`` and ``per_second`` for each second of media.

    ``memory_bytes`` bounds addresses, not pages: threads reserve far more than they use, so it grows with the cores.
    """

    idle_s: float = 60.0
    base_s: float = 900.0
    per_second: float = 15.0
    memory_bytes: int = (4 << 30) + (os.cpu_count() or 1) * (512 << 20)
    file_bytes: int = 64 << 30

    def deadline_s(self, work_ms: int) -> float:
        return self.base_s + self.per_second * max(0, work_ms) / 1000


@dataclass(frozen=True, slots=True)
class Input:
    """A recording to read, from about ``seek_ms`` on; its clock then shows 0 at exactly ``seek_ms``.

    Decoding starts at ``seek_ms`` sharp, unless ``keep_lead``: then at the key frame before it, with times below 0.
    """

    path: Path
    seek_ms: int = 0
    keep_lead: bool = False
    options: tuple[str, ...] = ()

    def arguments(self) -> list[str]:
        hardened = [part for name, value in READ_OPTIONS.items() for part in (f"-{name}", value)]
        seek = ["-ss", f"{self.seek_ms}ms"] if self.seek_ms else []
        lead = ["-noaccurate_seek"] if self.keep_lead else []
        return [*hardened, *self.options, *seek, *lead, "-i", file_url(self.path)]


@dataclass(frozen=True, slots=True)
class SoundInput:
    """One sound track, decoded from about ``seek_s`` on and filtered within the input itself.

    FFmpeg since 7 hands every frame of a thousand samples from thread to thread, which costs more than decoding it.
    Here demuxer, decoder and ``filters`` are one input that gives what the filters give, and can be copied as it is.
    What can't be decoded ends it with an error, instead of being left out.
    """

    path: Path
    track: int
    filters: tuple[str, ...]
    seek_s: float = 0.0

    def arguments(self) -> list[str]:
        movie = {
            "filename": file_url(self.path),
            # The lists stand here: those of the command line hold for the input around it alone.
            "format_opts": ":".join(f"{name}={value}" for name, value in READ_OPTIONS.items()),
            "streams": f"a:{self.track}",
            "dec_threads": "1",
            "seek_point": f"{self.seek_s:.6f}",
        }
        source = "amovie=" + ":".join(f"{name}={escaped(value)}" for name, value in movie.items())
        lists = ["-protocol_whitelist", "file", "-format_whitelist", "lavfi"]
        return ["-xerror", *lists, "-f", "lavfi", "-i", ",".join((source, *self.filters))]


def escaped(value: str) -> str:
    """``value`` as an option of a filter in a graph: once for the list of options, once for the graph."""
    option = "".join("\\" + c if c in "\\':" else c for c in value)
    return "".join("\\" + c if c in "\\'[],; \t\n" else c for c in option)


def file_url(path: Path) -> str:
    """A name FFmpeg can't take for an option, a protocol or a pattern."""
    return "file:" + str(path.absolute())


@dataclass(frozen=True, slots=True)
class Report:
    """The end of a finished run's log, and the video frames and milliseconds it put out."""

    log: str
    frames: int
    out_ms: int


def packaged_ffmpeg() -> Path:
    """The program that imageio-ffmpeg brings along, or the one it finds instead."""
    import imageio_ffmpeg

    return Path(imageio_ffmpeg.get_ffmpeg_exe())


class Ffmpeg:
    """The program and its limits. Holds nothing else, so that any number of runs may go side by side."""

    def __init__(self, exe: Path | None = None, limits: Limits | None = None) -> None:
        self.exe = exe or packaged_ffmpeg()
        self.limits = limits or Limits()

    @cached_property
    def version(self) -> str:
        """The version as the program tells it, such as ``7.1``."""
        with Running(self.exe, ["-version"], self.limits, 0, quiet) as running:
            words = running.read(4096).decode(errors="replace").split()
        return words[2] if len(words) > 2 else "unknown"

    def run(
        self, inputs: Sequence[Input], outputs: Sequence[str], *, work_ms: int, progress: Progress = quiet
    ) -> Report:
        """Run to the end.

        Args:
            inputs: The recordings to read.
            outputs: FFmpeg's arguments after the inputs: filters, codecs and files.
            work_ms: How many ms of media are to be put out; 0 where this is not known.
            progress: Called with 0-1, at once and then twice a second; may raise, which ends the run.

        Raises:
            MediaToolMissing: FFmpeg can't be started.
            MediaToolFailed: It ended with an error.
            MediaToolStuck: It made no progress, or missed its deadline.
            DiskFull: There is no room for what it writes.
        """
        with self.pipe(inputs, outputs, work_ms=work_ms, progress=progress) as running:
            while running.read(1 << 16):
                pass
        return running.report

    @contextlib.contextmanager
    def pipe(
        self, inputs: Sequence[Input | SoundInput], outputs: Sequence[str], *, work_ms: int, progress: Progress = quiet
    ) -> Iterator[Running]:
        """Run, and read what it writes to ``pipe:1``. Left before the end, the run is ended without complaint.

        Raises as ``run`` does, while reading or on leaving.

        Args:
            inputs: The recordings to read, or sound tracks of them.
            outputs: FFmpeg's arguments after the inputs; one of them writes to ``pipe:1``.
            work_ms: How many ms of media are to be put out; 0 where this is not known.
            progress: Called with 0-1, at once and then twice a second; may raise, which ends the run.
        """
        arguments = [part for one in inputs for part in one.arguments()]
        with Running(self.exe, [*arguments, *outputs], self.limits, work_ms, progress) as running:
            yield running
            if running.at_end:
                running.finish()


class Running:
    """One FFmpeg at work: its output to be read, its progress told, its end made sure of.

    To be used up in the thread that made it: on Linux the child dies with that thread.
    """

    def __init__(self, exe: Path, arguments: Sequence[str], limits: Limits, work_ms: int, progress: Progress) -> None:
        self._limits, self._work_ms, self._progress = limits, work_ms, progress
        self._deadline = time.monotonic() + limits.deadline_s(work_ms)
        self._log = self._told = b""
        self._name = str(exe)
        self._values: dict[str, str] = {}
        self._written = 0
        self._moved_at = time.monotonic()
        self._ticked_at = -math.inf  # told at once, so that what is already cancelled never runs
        progress_in, progress_out = os.pipe()
        try:
            self._process = subprocess.Popen(
                [str(exe), *ALWAYS, "-progress", f"pipe:{progress_out}", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=(progress_out,),
                start_new_session=True,
                env={},  # no keys, and no setting of its own that writes reports
                preexec_fn=_leash(limits, work_ms),
                bufsize=0,
            )
        except OSError as error:
            os.close(progress_in)
            raise MediaToolMissing(detail=f"could not start {exe}: {error}") from error
        finally:
            os.close(progress_out)
        assert self._process.stdout is not None and self._process.stderr is not None
        self._out = self._process.stdout.fileno()
        self._tell, self._err = progress_in, self._process.stderr.fileno()
        self._open = {self._out, self._tell, self._err}
        self._selector = selectors.DefaultSelector()
        for number in self._open:
            os.set_blocking(number, False)
            self._selector.register(number, selectors.EVENT_READ)
        if hasattr(fcntl, "F_SETPIPE_SZ"):
            with contextlib.suppress(OSError):  # beyond what this user may have: the usual size does too
                fcntl.fcntl(self._out, fcntl.F_SETPIPE_SZ, PIPE_BYTES)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._kill()
        self._selector.close()
        os.close(self._tell)
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()

    @property
    def at_end(self) -> bool:
        """True once all its output has been read."""
        return self._out not in self._open

    @property
    def report(self) -> Report:
        return Report(self._readable_log(), _number(self._values.get("frame")), self._out_ms())

    def read(self, max_bytes: int) -> bytes:
        """Up to ``max_bytes`` bytes; empty at the end."""
        buffer = bytearray(max_bytes)
        return bytes(buffer[: self._some(memoryview(buffer))])

    def fill(self, view: memoryview) -> int:
        """Fill ``view``, and say how many bytes it took: fewer than asked only at the end."""
        done = 0
        while done < len(view) and (n := self._some(view[done:])):
            done += n
        return done

    def finish(self) -> None:
        """Wait for the end and check it."""
        while self._open:
            self._listen(None)
        while True:
            try:
                code = self._process.wait(timeout=TICK_S)
                break
            except subprocess.TimeoutExpired:
                self._tick()
        log = self._readable_log()
        if "No space left on device" in log:  # progress_in even where the exit code is 0
            raise DiskFull(detail=log)
        if code == -signal.SIGXCPU:
            raise MediaToolStuck(detail=f"used up its processor time\n{log}")
        if code and not log and self._told == b"" and not self._values:
            raise MediaToolMissing(detail=f"{self._name} ended with {code} and said nothing")
        if code:
            raise MediaToolFailed(detail=f"ffmpeg ended with {code}\n{log}")

    def _some(self, view: memoryview) -> int:
        self._moved_at = now = time.monotonic()  # what the reader did in between is not its idleness
        if now - self._ticked_at < TICK_S and self._out in self._open:
            with contextlib.suppress(BlockingIOError):  # most often there is something: then asking first costs more
                if n := self._take(view):
                    return n
        while self._out in self._open:
            if n := self._listen(view):
                return n
        return 0

    def _listen(self, view: memoryview | None) -> int:
        """Wait a tick at most for anything it says; how many bytes of output came into ``view``."""
        got = 0
        for key, _ in self._selector.select(TICK_S):
            if key.fd == self._out and view is not None:
                got = self._take(view)
            elif key.fd != self._out:
                self._hear(key.fd)
        self._tick()
        return got

    def _take(self, view: memoryview) -> int:
        n = os.readv(self._out, [view])
        if n == 0:
            self._shut(self._out)
        else:
            self._moved_at = time.monotonic()
        return n

    def _hear(self, number: int) -> None:
        heard = os.read(number, 1 << 16)
        if not heard:
            self._shut(number)
        elif number == self._err:
            self._log = (self._log + heard)[-4 * LOG_CHARS :]
        else:
            self._note(heard)

    def _note(self, heard: bytes) -> None:
        before = self._out_ms(), self._values.get("total_size"), self._values.get("frame")
        *lines, self._told = (self._told + heard).split(b"\n")
        for line in lines:
            name, _, value = line.decode(errors="replace").partition("=")
            self._values[name] = value.strip()
        if before != (self._out_ms(), self._values.get("total_size"), self._values.get("frame")):
            self._moved_at = time.monotonic()

    def _shut(self, number: int) -> None:
        self._selector.unregister(number)
        self._open.discard(number)

    def _tick(self) -> None:
        now = time.monotonic()
        if now - self._ticked_at < TICK_S:
            return
        self._ticked_at = now
        self._progress(min(1.0, self._out_ms() / self._work_ms) if self._work_ms > 0 else 0.0)
        if now > self._deadline:
            raise MediaToolStuck(detail=f"not done by its deadline\n{self._readable_log()}")
        if now - self._moved_at > min(10.0, self._limits.idle_s) / 2:
            self._look_at_writing(now)
        if now - self._moved_at > self._limits.idle_s:
            raise MediaToolStuck(detail=f"no progress for {self._limits.idle_s:g} s\n{self._readable_log()}")

    def _look_at_writing(self, now: float) -> None:
        written = _bytes_written(self._process.pid)
        if written - self._written >= STEP_BYTES:
            self._written, self._moved_at = written, now

    def _out_ms(self) -> int:
        return max(0, _number(self._values.get("out_time_us")) // 1000)

    def _readable_log(self) -> str:
        text = self._log.decode(errors="replace")
        return "".join(c for c in text if c.isprintable() or c == "\n")[-LOG_CHARS:].strip()

    def _kill(self) -> None:
        # The leader is not reaped yet, so its number can't have passed to others.
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


def _number(text: str | None) -> int:
    try:
        return int(text or 0)
    except ValueError:  # "N/A" until something came out
        return 0


def _bytes_written(pid: int) -> int:
    """Bytes a process has written so far; 0 where the system doesn't tell."""
    try:
        lines = Path(f"/proc/{pid}/io").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("wchar"))
    except (OSError, StopIteration, ValueError):
        return 0


def _leash(limits: Limits, work_ms: int) -> Callable[[], None]:
    """A function for the child to call before it becomes FFmpeg: it sets the limits, and lets the child die with us."""
    cores = os.cpu_count() or 1
    wanted = [
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, int(limits.deadline_s(work_ms) * cores)),
        (resource.RLIMIT_FSIZE, limits.file_bytes),
        (resource.RLIMIT_AS, limits.memory_bytes),  # last: from here on nothing more is to be allocated
    ]
    allowed = [(kind, _within(kind, value)) for kind, value in wanted]
    parent = os.getpid()

    def leash() -> None:
        if _LIBC is not None:
            _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != parent:
                os._exit(1)
        for kind, limit in allowed:
            resource.setrlimit(kind, limit)

    return leash


def _within(kind: int, limit: int) -> tuple[int, int]:
    hard = resource.getrlimit(kind)[1]
    top = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
    return top, hard if kind == resource.RLIMIT_CPU else top
