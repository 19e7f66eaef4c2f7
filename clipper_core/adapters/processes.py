"""Starts our own processes, keeps them running, and leaves nothing of them behind.

One thread does everything. Linux sends a parent's death signal when the *thread* that forked ends, and forking beside
other threads is unsafe, so output, signals, restarts and readiness all pass through one `select` loop.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import re
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TextIO

import psutil

from clipper_core.errors import SetupProblem

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

MAX_LINE = 16_384  # bytes; what is longer is shown in pieces
SAME_REQUEST_S = 0.3
COLOURS = (36, 33, 35, 32, 34)
_ESCAPES = re.compile(r"\x1b(\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|.)")


@dataclass(frozen=True, slots=True)
class Service:
    """A program to keep running.

    Services of a lower ``stage`` are ready before those of a higher one start, and stop after them. ``ready`` is asked
    again and again and must answer within about two seconds. ``mend`` gets the last lines of a service that died before
    it was ever ready; it answers with a sentence if it changed something that lets the next start succeed, else None.
    The output of a ``quiet`` one is only kept for the report of its end.
    """

    name: str
    command: tuple[str, ...]
    cwd: Path
    environment: Mapping[str, str]
    stage: int = 0
    quiet: bool = False
    ready: Callable[[], bool] | None = None
    mend: Callable[[str], str | None] | None = None


@dataclass(frozen=True, slots=True)
class RestartPolicy:
    """Waiting times in seconds. ``deaths`` in ``deaths_s`` end all, unless the service once ran for ``steady_s``."""

    first_wait_s: float = 0.5
    longest_wait_s: float = 10.0
    deaths: int = 5
    deaths_s: float = 30.0
    steady_s: float = 10.0
    ready_s: float = 120.0
    stop_s: float = 10.0


@dataclass(slots=True)
class _Child:
    service: Service
    wait_s: float
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    restart_at: float | None = None
    deaths: list[float] = field(default_factory=list)
    tail: deque[str] = field(default_factory=lambda: deque(maxlen=12))
    partial: bytes = b""
    steady: bool = False
    is_ready: bool = False
    mended: bool = False


class Supervisor:
    """Runs services until a signal asks it to stop, or one of them can't be kept alive."""

    def __init__(
        self, services: Sequence[Service], out: TextIO, *, colour: bool = False, patience: RestartPolicy | None = None
    ) -> None:
        self._patience = patience or RestartPolicy()
        self._children = [_Child(s, self._patience.first_wait_s) for s in services]
        self._out = out
        self._colour = colour
        self._width = max((len(s.name) for s in services), default=0)
        self._selector = selectors.DefaultSelector()
        self._signals = 0
        self._asked_at = float("-inf")
        self._muted = False
        self._not_ours: frozenset[int] = frozenset()

    def run(self, announce: str) -> int:
        """Start all, say ``announce`` once all are ready, and stay until SIGINT, SIGTERM or SIGHUP; then 0.

        Only in the main thread. Raises SetupProblem when a service dies again and again right at its start, or is not
        ready in time. Whatever the reason, at the return nothing that was started is left.
        """
        self._not_ours = frozenset(p.pid for p in psutil.Process().children())
        with self._listening(), _adopting_orphans():
            try:
                self._start_in_order()
                if not self._signals:
                    self._write(announce)
                while not self._signals:
                    self._step(1.0)
                self._say("stopping")
            finally:
                self._stop()
        return 0

    def _start_in_order(self) -> None:
        for _, group in itertools.groupby(sorted(self._children, key=_stage), key=_stage):
            children = list(group)
            for child in children:
                self._start(child)
            self._until_ready(children)

    def _until_ready(self, children: list[_Child]) -> None:
        deadline = time.monotonic() + self._patience.ready_s
        while not self._signals:
            late = [c for c in children if not self._asked_ready(c)]
            if not late:
                return
            if time.monotonic() > deadline:
                raise self._problem(late[0], f"was not ready after {self._patience.ready_s:g} s")
            self._step(0.1)

    def _asked_ready(self, child: _Child) -> bool:
        if not child.is_ready and child.process is not None:
            child.is_ready = child.service.ready is None or child.service.ready()
        return child.is_ready

    def _step(self, timeout_s: float) -> None:
        """Wait for output, a signal, a death or the time of a restart, and deal with it."""
        due = [c.restart_at for c in self._children if c.restart_at is not None]
        wait_s = min([timeout_s, *(max(0.0, at - time.monotonic()) for at in due)])
        self._pump(wait_s)
        for child in self._children:
            if child.process is not None and child.process.poll() is not None:
                self._died(child, child.process)
        for child in self._children:
            if child.restart_at is not None and child.restart_at <= time.monotonic() and not self._signals:
                self._start(child)

    def _start(self, child: _Child) -> None:
        service, parent = child.service, os.getpid()
        child.restart_at, child.partial = None, b""
        try:
            child.process = subprocess.Popen(
                service.command,
                cwd=service.cwd,
                env=dict(service.environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=lambda: end_with_parent(parent),
            )
        except OSError as error:
            raise SetupProblem(f"{service.name} could not be started: {error.strerror}.", detail=str(error)) from error
        assert child.process.stdout is not None
        os.set_blocking(child.process.stdout.fileno(), False)
        self._selector.register(child.process.stdout, selectors.EVENT_READ, child)
        child.started_at = time.monotonic()

    def _died(self, child: _Child, process: subprocess.Popen[bytes]) -> None:
        self._forget(child, process)
        now, patience = time.monotonic(), self._patience
        if self._signals:
            return
        if now - child.started_at >= patience.steady_s:
            child.steady, child.wait_s = True, patience.first_wait_s
        child.deaths = [*(at for at in child.deaths if now - at < patience.deaths_s), now]
        if not child.steady and len(child.deaths) >= patience.deaths:
            raise self._problem(child, f"stopped {len(child.deaths)} times right after its start")
        if self._mended(child):
            return
        self._say(f"{child.service.name} {_ending(process.returncode)}; it starts again in {child.wait_s:g} s")
        child.restart_at = now + child.wait_s
        child.wait_s = min(child.wait_s * 2, patience.longest_wait_s)

    def _mended(self, child: _Child) -> bool:
        if child.is_ready or child.mended or child.service.mend is None:
            return False
        sentence = child.service.mend("\n".join(child.tail))
        if sentence is None:
            return False
        child.mended, child.restart_at = True, time.monotonic()
        self._say(sentence)
        return True

    def _forget(self, child: _Child, process: subprocess.Popen[bytes]) -> None:
        """Take the last output of a dead process, and end whatever it leaves behind."""
        assert process.stdout is not None
        self._read(child, process.stdout)
        if child.partial:
            self._line(child, child.partial)
        with suppress(KeyError):
            self._selector.unregister(process.stdout)
        process.stdout.close()
        child.process = None
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        self._end_strays()

    def _end_strays(self) -> None:
        """End the processes that lost their parent: their results have no use any more."""
        known = {c.process.pid for c in self._children if c.process is not None} | self._not_ours
        for stray in psutil.Process().children():
            if stray.pid in known:
                continue
            with suppress(psutil.Error):
                for process in (*stray.children(recursive=True), stray):
                    process.kill()
            with suppress(ChildProcessError):
                os.waitpid(stray.pid, os.WNOHANG)

    def _stop(self) -> None:
        """Stop all, the last stage first: ask, wait, then kill the group. A second signal kills at once."""
        asked = self._signals
        for _, group in itertools.groupby(sorted(self._children, key=_stage, reverse=True), key=_stage):
            children = list(group)
            self._signal(children, signal.SIGTERM)
            deadline = time.monotonic() + self._patience.stop_s
            while self._alive(children) and time.monotonic() < deadline and self._signals <= max(asked, 1):
                self._pump(0.1)
            self._signal(children, signal.SIGKILL)
            for child in children:
                if child.process is not None:
                    child.process.wait()
                    self._forget(child, child.process)
        self._end_all_strays()

    def _end_all_strays(self) -> None:
        deadline = time.monotonic() + 2.0
        while {p.pid for p in psutil.Process().children()} - self._not_ours and time.monotonic() < deadline:
            self._end_strays()
            self._pump(0.02)

    def _alive(self, children: list[_Child]) -> bool:
        return any(c.process is not None and c.process.poll() is None for c in children)

    def _signal(self, children: list[_Child], number: signal.Signals) -> None:
        for process in (c.process for c in children if c.process is not None):
            with suppress(ProcessLookupError, PermissionError):
                # Asked to stop is the program alone, which knows its own children; killed is the whole group.
                (os.killpg if number == signal.SIGKILL else os.kill)(process.pid, number)

    def _pump(self, wait_s: float) -> None:
        for key, _ in self._selector.select(wait_s):
            if isinstance(key.data, _Child):
                self._read(key.data, key.fileobj)  # type: ignore[arg-type]
            else:
                with suppress(BlockingIOError):
                    key.data.recv(4096)
                self._end_strays()

    def _read(self, child: _Child, stream: IO[bytes]) -> None:
        try:
            while block := os.read(stream.fileno(), 65_536):
                *lines, child.partial = re.split(rb"\r\n|\n|\r", child.partial + block)
                for line in lines:
                    self._line(child, line)
                while len(child.partial) > MAX_LINE:
                    self._line(child, child.partial[:MAX_LINE])
                    child.partial = child.partial[MAX_LINE:]
                if len(block) < 65_536:
                    return
            self._selector.unregister(stream)
        except (BlockingIOError, KeyError):
            return

    def _line(self, child: _Child, raw: bytes) -> None:
        text = printable(raw)
        if text:
            child.tail.append(text)
            if not child.service.quiet:
                self._write(self._prefix(child.service.name) + text)

    def _say(self, text: str) -> None:
        self._write(self._prefix("clipper") + text)

    def _prefix(self, name: str) -> str:
        label = f"{name:<{max(self._width, 7)}} | "
        if not self._colour:
            return label
        names = [c.service.name for c in self._children]
        number = COLOURS[names.index(name) % len(COLOURS)] if name in names else 1
        return f"\x1b[{number}m{label}\x1b[0m"

    def _write(self, text: str) -> None:
        if self._muted:
            return
        try:
            self._out.write(text + "\n")
            self._out.flush()
        except OSError:
            # The output has no reader any more: a closed terminal or pipe means stop, as it does for any program.
            self._muted, self._signals = True, self._signals + 1
            with suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), self._out.fileno())

    def _problem(self, child: _Child, what: str) -> SetupProblem:
        last = " / ".join(list(child.tail)[-3:])
        last_words = f" It said last: {last}" if last else ""
        sentence = f"{child.service.name} {what}, so Clipper was stopped.{last_words}"
        return SetupProblem(sentence, detail="\n".join(child.tail))

    @contextmanager
    def _listening(self) -> Iterator[None]:
        """Signals wake the loop and are counted; those that were ignored on purpose (nohup) stay ignored."""

        def asked(number: int, _: object) -> None:
            # One request can arrive twice, from the terminal or group and passed on by `make`. A second one would kill.
            if number != signal.SIGCHLD and time.monotonic() - self._asked_at > SAME_REQUEST_S:
                self._signals, self._asked_at = self._signals + 1, time.monotonic()

        heard, woken = socket.socketpair()
        heard.setblocking(False)
        woken.setblocking(False)
        numbers = [signal.SIGINT, signal.SIGTERM, signal.SIGCHLD]
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
            numbers.append(signal.SIGHUP)
        before = {n: signal.signal(n, asked) for n in numbers}
        wakeup = signal.set_wakeup_fd(woken.fileno(), warn_on_full_buffer=False)
        self._selector.register(heard, selectors.EVENT_READ, heard)
        try:
            yield
        finally:
            signal.set_wakeup_fd(wakeup)
            for number, handler in before.items():
                signal.signal(number, handler or signal.SIG_DFL)
            self._selector.close()
            heard.close()
            woken.close()


def end_with_parent(parent: int) -> None:
    """In a new child, before its program starts: be killed when the thread that started it ends. Linux only."""
    if _LIBC is None:
        return
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it ended between the fork and the line above
        os._exit(1)


@contextmanager
def _adopting_orphans() -> Iterator[None]:
    """Processes below us that lose their parent become our children, so that they can be ended. Linux only."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        if _LIBC is not None:
            _LIBC.prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def runs(*command: str, timeout_s: float = 10.0) -> bool:
    """True if a program can be started here and exits with 0, as ``redis-server --version`` does."""
    try:
        return subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=timeout_s).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def printable(raw: bytes) -> str:
    """A line of a program's output without what would command the terminal: a file's name may be in it."""
    text = _ESCAPES.sub("", raw.decode("utf-8", errors="replace"))
    return "".join(c if c.isprintable() or c == "\t" else "�" for c in text).rstrip()


def _stage(child: _Child) -> int:
    return child.service.stage


def _ending(code: int) -> str:
    if code < 0:
        with suppress(ValueError):
            return f"was ended by {signal.Signals(-code).name}"
    return f"stopped (exit {code})"
