"""Names the process of a worker, and tells whether a named one may still live."""

from __future__ import annotations

import socket
from pathlib import Path

import psutil


def this_worker() -> str:
    """A name for this process by which others on the same machine can tell whether it still lives."""
    me = psutil.Process()
    return f"{socket.gethostname()}:{me.pid}:{_born(me)}"


def _born(process: psutil.Process) -> int:
    """The start of a process by a clock that is never set: on Linux in ticks since the computer started."""
    try:
        stat = Path(f"/proc/{process.pid}/stat").read_text()
        return int(stat.rpartition(")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return int(process.create_time())


def may_live(worker: str | None) -> bool:
    """False only when the worker ran on this machine and is certainly gone."""
    host, pid, born = (worker or "::").rsplit(":", 2)
    if host != socket.gethostname() or not pid:
        return True
    try:
        process = psutil.Process(int(pid))
        return _born(process) == int(born) and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
    except psutil.Error:
        return True
