"""`serve` with real processes: stand-ins for the web process and the workers, and real Redis servers."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
import redis

from clipper_core.adapters.processes import SAME_REQUEST_S, printable
from clipper_core.errors import FolderNotWritable, PortInUse, SetupProblem
from clipper_core.services.server import serve
from tests.services import Certificates, RedisServer, tls_redis

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.servers, pytest.mark.skipif(sys.platform != "linux", reason="needs Linux' process table")]

DRIVER = """
    import json, os, sys
    from pathlib import Path
    from clipper_core.adapters.processes import RestartPolicy
    from clipper_core.errors import ClipperError
    from clipper_core.services.server.serve import ServeOptions, serve_all

    asked = json.loads(sys.argv[1])
    patience = RestartPolicy(first_wait_s=0.1, longest_wait_s=0.4, ready_s=30, stop_s=asked.pop("stop_s", 5))
    servers = asked.pop("redis_servers", None)
    options = ServeOptions(
        host="127.0.0.1", port=asked["port"], workers=asked["workers"],
        data=Path(asked["data"]), root=Path(asked["root"]),
        environment=lambda **names: {**os.environ, **names}, prepare=lambda: print("prepared", flush=True),
        redis_url=asked.get("redis_url"), web=("web.py",), worker=tuple(asked.get("worker", ["worker.py"])),
        redis_servers=None if servers is None else tuple(servers), patience=patience,
    )
    try:
        sys.exit(serve_all(options))
    except ClipperError as error:
        sys.exit(f"{error.code}: {error}")
"""

WEB = """
    import http.server, sys

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if self.path == "/health" else 404)
            self.end_headers()
        def log_message(self, *_):
            pass

    print("web is up \\x1b[31mred\\x1b]0;title\\x07", flush=True)
    port = int(sys.argv[sys.argv.index("--server.port") + 1])
    http.server.ThreadingHTTPServer(("127.0.0.1", port), Answer).serve_forever()
"""

# A worker as RQ has it: work goes on in a child with a session of its own, which nothing but us would find again.
WORKER = """
    import os, subprocess, sys
    import redis
    print("serves", sys.argv[sys.argv.index("--queues") + 1], flush=True)
    redis.Redis.from_url(os.environ["REDIS_URL"]).client_info()  # as RQ does at once
    subprocess.Popen(["sleep", "300"], start_new_session=True).wait()
"""

STUBBORN = """
    import signal, time
    signal.signal(signal.SIGTERM, lambda *_: print("no", flush=True))
    print("stubborn", flush=True)
    while True:
        time.sleep(60)
"""

DYING = """
    print("no such table: tasks", flush=True)
    raise SystemExit(3)
"""


@dataclass
class Served:
    """A running ``serve``, what it printed so far, and where."""

    process: subprocess.Popen[bytes]
    log: Path
    data: Path
    port: int

    @property
    def text(self) -> str:
        return self.log.read_text(errors="replace")

    def until(self, condition: Callable[[], object], within_s: float = 30.0) -> None:
        deadline = time.monotonic() + within_s
        while not condition():
            assert time.monotonic() < deadline, f"waited {within_s} s in vain; so far:\n{self.text}"
            time.sleep(0.05)

    def is_ready(self) -> bool:
        return "Clipper is ready" in self.text

    def below(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def child(self, part: str) -> psutil.Process:
        return next(p for p in self.below() if any(part in word for word in p.cmdline()))

    def end(self, number: int = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.process.wait(30)


def hear_signals() -> None:
    """A shell's background jobs are born deaf to these, and so would their children be."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    started: list[Served] = []

    def begin(**changes: object) -> Served:
        root = tmp_path / "a root"
        root.mkdir(exist_ok=True)
        for name, text in {"web": WEB, "worker": WORKER, "stubborn": STUBBORN, "dying": DYING}.items():
            (root / f"{name}.py").write_text(textwrap.dedent(text))
        (tmp_path / "driver.py").write_text(textwrap.dedent(DRIVER))
        asked = {"port": free_port(), "data": str(tmp_path / "data"), "workers": 2, "root": str(root), **changes}
        log = tmp_path / f"log{len(started)}"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, str(tmp_path / "driver.py"), json.dumps(asked)],
                stdout=out,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                preexec_fn=hear_signals,
            )
        started.append(Served(process, log, Path(str(asked["data"])), int(str(asked["port"]))))
        return started[-1]

    yield begin
    for served in started:
        if served.process.poll() is None:
            left = served.below()
            served.process.kill()
            for process in left:
                process.kill() if process.is_running() else None
            served.process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def client(served: Served) -> redis.Redis:
    return redis.Redis(unix_socket_path=str(served.data / "run" / "redis.sock"))


def gone(processes: list[psutil.Process]) -> bool:
    return not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in processes)


def test_one_ctrl_c_stops_everything_serve_started(start):
    served = start()
    served.until(served.is_ready)
    served.until(lambda: len([p for p in served.below() if p.name() == "sleep"]) == 2)
    everything = served.below()

    code = served.end()

    assert code == 0
    assert gone(everything)
    assert not (served.data / "run" / "redis.sock").exists()
    assert served.text.count("prepared") == 1
    assert f"Clipper is ready: http://127.0.0.1:{served.port}  (Ctrl-C stops it)\n" in served.text


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_hangup_and_sigterm_stop_it_as_ctrl_c(start, number):
    served = start(workers=1)
    served.until(served.is_ready)
    everything = served.below()

    code = served.end(number)

    assert code == 0
    assert gone(everything)


def test_first_worker_takes_no_renders_and_lines_name_processes(start):
    served = start()
    served.until(lambda: served.is_ready() and served.text.count("serves") == 2)

    assert "worker 1 | serves fast,speech\n" in served.text
    assert "worker 2 | serves fast,render,speech\n" in served.text
    assert "web      | web is up red\n" in served.text
    assert serve.queues_of(1) == ["fast,render,speech"]


@pytest.mark.parametrize("part", ["web.py", "worker.py", "redis-server"])
def test_what_is_killed_is_started_again(start, part):
    served = start(workers=1)
    served.until(served.is_ready)
    served.until(lambda: any(p.name() == "sleep" for p in served.below()))
    victim = served.child(part)

    victim.kill()

    served.until(lambda: "was ended by SIGKILL; it starts again in 0.1 s" in served.text)
    served.until(lambda: any(p.pid != victim.pid and any(part in w for w in p.cmdline()) for p in served.below()))
    assert served.process.poll() is None


def test_a_killed_worker_ends_its_children(start):
    served = start(workers=1)
    served.until(lambda: served.is_ready() and any(p.name() == "sleep" for p in served.below()))
    horse = next(p for p in served.below() if p.name() == "sleep")

    served.child("worker.py").kill()

    served.until(lambda: gone([horse]))


def test_queued_work_survives_that_redis_is_killed(start):
    served = start(workers=1)
    served.until(served.is_ready)
    with client(served) as queue:
        queue.set("kept", "yes")
        served.until(lambda: queue.info("persistence")["aof_pending_bio_fsync"] == 0)
    server = served.child("redis-server")

    server.kill()

    served.until(lambda: "redis was ended by SIGKILL" in served.text)
    served.until(lambda: answers(served))
    with client(served) as queue:
        assert queue.get("kept") == b"yes"


def answers(served: Served) -> bool:
    try:
        with client(served) as queue:
            return bool(queue.ping())
    except redis.RedisError:
        return False


def test_kill_9_of_serve_ends_its_processes_too(start):
    served = start(workers=1)
    served.until(served.is_ready)
    served.until(lambda: any(p.name() == "sleep" for p in served.below()))
    horse = next(p for p in served.below() if p.name() == "sleep")
    ours = [p for p in served.below() if p != horse]

    served.process.kill()
    served.process.wait()

    served.until(lambda: gone(ours))
    horse.kill()  # the stand-in does not bind it to its own life, as the real worker does
    again = start(workers=1, port=served.port)
    again.until(again.is_ready)
    assert again.end() == 0


@pytest.mark.parametrize("damage", [b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1", b"complete nonsense, not a log at all"])
def test_a_damaged_queue_file_does_not_prevent_starting(start, damage):
    first = start(workers=1)
    first.until(first.is_ready)
    with client(first) as queue:
        queue.set("a", "b")
    assert first.end() == 0
    with (first.data / "redis" / "appendonly.aof").open("ab") as file:
        file.write(damage)

    second = start(workers=1)

    second.until(second.is_ready)


def test_a_second_serve_on_one_folder_is_refused(start):
    first = start(workers=1)
    first.until(first.is_ready)

    second = start(workers=1)

    assert second.process.wait(20) == 1
    assert second.text.startswith("setup_problem: Clipper is already running with the data folder ")
    assert len(second.text.splitlines()) == 1
    assert first.process.poll() is None


def test_a_port_in_use_is_reported_before_starting(start):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        served = start(port=port)

        assert served.process.wait(20) == 1
        assert served.text.strip() == (
            f"port_in_use: Another program already uses port {port}. Stop it, or set CLIPPER_PORT to another number."
        )
        assert not served.data.exists()


def test_a_worker_that_cannot_start_stops_serve(start):
    served = start(workers=1, worker=["dying.py"])

    assert served.process.wait(30) == 1
    last = served.text.splitlines()[-1]
    assert last.startswith("setup_problem: worker 1 stopped 5 times right after its start, so Clipper was stopped.")
    assert last.endswith("no such table: tasks")
    assert not (served.data / "run" / "redis.sock").exists()
    with pytest.raises(OSError):
        http.client.HTTPConnection("127.0.0.1", served.port, timeout=1).request("GET", "/health")


def test_a_process_that_ignores_sigterm_is_killed(start):
    served = start(workers=1, worker=["stubborn.py"], stop_s=1)
    served.until(lambda: served.is_ready() and "stubborn" in served.text)
    everything = served.below()

    began = time.monotonic()
    code = served.end()

    assert code == 0
    assert gone(everything)
    assert 0.9 < time.monotonic() - began < 10


def test_a_second_ctrl_c_does_not_wait(start):
    served = start(workers=1, worker=["stubborn.py"], stop_s=60)
    served.until(lambda: served.is_ready() and "stubborn" in served.text)
    everything = served.below()

    served.process.send_signal(signal.SIGINT)
    served.until(lambda: "| no" in served.text)
    time.sleep(SAME_REQUEST_S + 0.1)  # nearer together they would count as one
    served.process.send_signal(signal.SIGINT)

    assert served.process.wait(20) == 0
    assert gone(everything)


def test_without_a_redis_server_fakeredis_serves(start):
    served = start(workers=1, redis_servers=[])
    served.until(lambda: served.is_ready() and any(p.name() == "sleep" for p in served.below()))
    port = int(served.child("fake_redis").cmdline()[-1])

    with redis.Redis(port=port) as queue:
        queue.set("a", "b")
        assert queue.get("a") == b"b"
        assert "redis_version" in queue.info()
        assert queue.eval("return redis.call('get', KEYS[1])", 1, "a") == b"b"
        with pytest.raises(redis.ResponseError):
            queue.lpush("a", "not a list")
        assert queue.client_list()[0]["addr"].startswith("127.0.0.1:")
    assert served.end() == 0


def test_a_given_redis_is_used_and_none_started(start):
    first = start(workers=1)
    first.until(first.is_ready)
    url = f"unix://{first.data / 'run' / 'redis.sock'}"

    second = start(workers=1, data=str(first.data.parent / "other"), redis_url=url)

    second.until(second.is_ready)
    assert not any("redis" in " ".join(p.cmdline()[:1]) for p in second.below())


def test_a_given_redis_with_password_and_tls_works(start, tmp_path):
    program = tls_redis()
    if program is None:
        pytest.skip("no Redis server that speaks TLS is installed here")
    server = RedisServer(tmp_path, tls=Certificates(tmp_path / "tls").make(), program=program)
    server.start()
    try:
        served = start(workers=1, redis_url=server.url)

        served.until(lambda: served.is_ready() and any(p.name() == "sleep" for p in served.below()))
        assert not any("redis-server" in " ".join(p.cmdline()) for p in served.below())
        assert "worker 1 stopped" not in served.text
        assert server.password not in served.text
    finally:
        server.stop()


@pytest.mark.parametrize("names", [["a rather long folder name"] * 5, ["my data"], ["a=b"], ["Schnitt größer"]])
def test_any_data_folder_name_works_without_stray_sockets(start, tmp_path, names):
    served = start(workers=1, data=str(tmp_path.joinpath(*names)))

    served.until(lambda: served.is_ready() and any(p.name() == "sleep" for p in served.below()))
    path = socket_of(served)
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert served.end() == 0
    assert "worker 1 stopped" not in served.text
    assert not path.parent.exists()


def socket_of(served: Served) -> Path:
    server = served.child("redis-server")
    return Path(next(c.laddr for c in server.net_connections("unix") if c.laddr))


def test_a_closed_pipe_stops_it_quietly(start, tmp_path):
    served = start(workers=1)
    served.until(served.is_ready)
    command = served.process.args
    assert served.end() == 0

    pipe = subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert pipe.stdout is not None
    for line in pipe.stdout:
        if b"is ready" in line:
            break
    below = psutil.Process(pipe.pid).children(recursive=True)
    pipe.stdout.close()
    next(p for p in below if any("worker.py" in w for w in p.cmdline())).kill()  # so that there is something to say

    assert pipe.wait(30) == 0
    assert gone(below)


def test_an_unwritable_data_folder_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(FolderNotWritable, match="CLIPPER_DATA_DIR"):
        serve.check_folder(tmp_path / "file" / "data")


def test_another_computers_address_is_refused():
    with pytest.raises(SetupProblem, match="CLIPPER_HOST"):
        serve.check_port("192.0.2.1", free_port())


def test_a_port_in_use_names_the_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(PortInUse, match=str(port)):
            serve.check_port("127.0.0.1", port)


def test_output_lines_carry_no_terminal_commands():
    assert printable(b"\x1b[2Jgone\x1b]0;title\x07 caf\xc3\xa9\x00\xff") == "gone café��"
